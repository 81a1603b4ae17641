"""The OpenAPI document of version 1: written by hand, its reply schema taken from the reply contract.

A test compares it with the routes and validates real answers against it, so it cannot drift.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiohttp import web

from actions.reply import Reply
from bot.gateway.channels.rest import RestBody
from bot.gateway.channels.web import MessageBody
from bot.gateway.context import GATEWAY
from bot.gateway.feedback import FeedbackBody
from bot.gateway.http import json_response
from bot.gateway.speech.endpoints import SpeechBody
from bot.settings import Settings

Schema = dict[str, Any]
REF = "#/components/schemas/{model}"
TIME: Schema = {"type": "string", "format": "date-time"}
POSITION: Schema = {
    "type": "integer",
    "minimum": 1,
    "description": "在会话里的位置，从 1 起连续；重连时用 after 接着取",
}
AFTER: Schema = {
    "name": "after",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "已有的最后一条的 id 或 position；不写则从头开始",
}


def _ref(name: str) -> Schema:
    return {"$ref": REF.format(model=name)}


def _json(schema: Schema, description: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _file() -> Schema:
    file: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {"required": True, "content": {"multipart/form-data": {"schema": _object({"file": file})}}}


def _errors(*codes: int) -> dict[str, Schema]:
    meanings = {
        400: "请求有误",
        401: "令牌缺少、无效或过期",
        403: "没有开启或不允许",
        404: "没有找到",
        413: "太大或太长",
        415: "类型不支持",
        422: "字段不符合要求，或图片打不开",
        426: "只接受 WebSocket 连接",
        429: "太频繁，按 Retry-After 等待",
        501: "还没有开放",
        503: "太忙、正在重启或没有就绪，按 Retry-After 再试",
    }
    return {str(code): _json(_ref("Error"), meanings[code]) for code in codes}


def _object(properties: Schema, required: list[str] | None = None, description: str = "") -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }
    return schema | ({"description": description} if description else {})


def _schemas() -> Schema:
    models: Schema = {}
    for model in (Reply, MessageBody, RestBody, FeedbackBody, SpeechBody):
        schema = model.model_json_schema(ref_template=REF)
        models |= schema.pop("$defs", {})
        models[model.__name__] = schema
    reply = models.pop("Reply")
    added = {
        "id": {"type": "string"},
        "reply_to": {"type": "string", "description": "所回答消息的 client_message_id"},
        "position": POSITION,
        "role": {"const": "assistant"},
        "created_at": TIME,
    }
    models["Reply"] = {
        **reply,
        "properties": added | reply["properties"],
        # The gateway always sends every field, also those that a skill may leave to their defaults.
        "required": list(added | reply["properties"]),
    }
    attachment = _object(
        {key: {"type": "string"} for key in ("id", "kind", "mime", "url")}, description="上传的图片或声音"
    )
    models["Attachment"] = attachment
    models["UserMessage"] = _object(
        {
            "id": {"type": "string"},
            "position": POSITION,
            "role": {"const": "user"},
            "client_message_id": {"type": "string"},
            "text": {"type": "string", "description": "用户输入的原文"},
            "attachments": {"type": "array", "items": _ref("Attachment")},
            "created_at": TIME,
        }
    )
    models["Entry"] = {"oneOf": [_ref("UserMessage"), _ref("Reply")]}
    models["Error"] = _object(
        {"error": _object({"code": {"type": "string"}, "message": {"type": "string", "description": "中文说明"}})}
    )
    models["Accepted"] = _object(
        {"status": {"const": "accepted"}, "client_message_id": {"type": "string"}},
        description="已收下，回复会从 WebSocket 或 GET /api/v1/messages 得到",
    )
    return models


def _conversation_paths() -> Schema:
    return {
        "/api/v1/sessions": {
            "post": {
                "summary": "新建会话",
                "security": [],
                "responses": {
                    "201": _json(
                        _object({"session": {"type": "string"}, "token": {"type": "string"}, "expires": TIME}),
                        "会话编号和签名令牌；令牌是指代会话的唯一方式",
                    ),
                    **_errors(429),
                },
            }
        },
        "/api/v1/messages": {
            "post": {
                "summary": "发送消息；同一个 client_message_id 只算一条，重发得到同样的回复",
                "requestBody": _body(_ref("MessageBody")),
                "responses": {
                    "200": _json(_object({"messages": {"type": "array", "items": _ref("Reply")}}), "这一轮的回复"),
                    "202": _json(_ref("Accepted"), "已收下，还没有答完"),
                    **_errors(400, 401, 404, 413, 415, 422, 429, 503),
                },
            },
            "get": {
                "summary": "会话记录，按位置排列，一页 200 条",
                "parameters": [AFTER],
                "responses": {
                    "200": _json(
                        _object({"messages": {"type": "array", "items": _ref("Entry")}, "more": {"type": "boolean"}}),
                        "用户消息和回复；more 为真时后面还有",
                    ),
                    **_errors(401, 404),
                },
            },
        },
        "/api/v1/messages/{id}/feedback": {
            "post": {
                "summary": "评价一条回复；再次评价会替换前一次",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": _body(_ref("FeedbackBody")),
                "responses": {
                    "200": _json(_object({"status": {"const": "stored"}}), "已记下"),
                    **_errors(400, 401, 404, 413, 415, 422, 429),
                },
            }
        },
        "/api/v1/ws": {
            "get": {
                "summary": "WebSocket：实时收发",
                "description": (
                    "令牌放在 Authorization 头，或作为子协议 `bearer.令牌`（与 `wenyu.v1` 一起给出）。"
                    '服务器先补发 after 之后的每一条，再发 `{"type": "ready", "position"}`，之后实时发送；'
                    '每条是 `{"type": "message", "message": Entry}`。客户端可以发 '
                    '`{"type": "message", "client_message_id", "text", "attachments"?}`，得到 '
                    '`{"type": "accepted", "client_message_id", "position"}` 或 `{"type": "error", "error"}`；'
                    '发 `{"type": "ping"}` 得到 `{"type": "pong"}`。服务重启时以 1001 关闭，带上 after 重连即可。'
                ),
                "parameters": [AFTER],
                "responses": {
                    "101": {"description": "切换到 WebSocket"},
                    **_errors(401, 403, 404, 426, 429, 503),
                },
            }
        },
        "/api/v1/uploads": {
            "post": {
                "summary": "上传图片（JPEG、PNG、WebP、GIF）或声音（WAV、OGG、MP3）",
                "requestBody": _file(),
                "responses": {
                    "201": _json(_ref("Attachment"), "id 可以写进消息的 attachments"),
                    **_errors(400, 401, 413, 415, 422, 429, 503),
                },
            }
        },
    }


def _speech_paths() -> Schema:
    sound: Schema = {"type": "string", "contentMediaType": "audio/mpeg"}
    part = {"name": "part", "in": "query", "schema": {"type": "integer"}, "description": "只取第几句，从 0 起"}
    return {
        "/api/v1/speech/transcriptions": {
            "post": {
                "summary": "语音识别：WAV、OGG、WebM、MP3、AMR、MP4",
                "requestBody": _file(),
                "responses": {
                    "200": _json(_object({"text": {"type": "string"}}, ["text"]), "听到的话"),
                    **_errors(400, 401, 413, 422, 429, 503),
                },
            }
        },
        "/api/v1/speech/audio": {
            "post": {
                "summary": "朗读一段文字（input）或一条回复（reply）",
                "parameters": [part],
                "requestBody": _body(_ref("SpeechBody")),
                "responses": {
                    "200": {
                        "description": "声音；响应头 Wenyu-Parts 是总共的句数",
                        "content": {"audio/mpeg": {"schema": sound}},
                    },
                    **_errors(400, 401, 404, 413, 422, 503),
                },
            }
        },
        "/api/v1/speech/ws": {
            "get": {
                "summary": "实时语音，协议见 docs/语音.md",
                "responses": {"101": {"description": "WebSocket"}, **_errors(401, 403, 426, 429, 503)},
            }
        },
    }


def _other_paths() -> Schema:
    probe = _object({"status": {"type": "string"}, "checks": {"type": "object"}}, ["status"])
    return {
        **_speech_paths(),
        "/api/v1/openapi.json": {
            "get": {
                "summary": "本文档",
                "security": [],
                "responses": {"200": _json({"type": "object"}, "OpenAPI 3.1")},
            }
        },
        "/webhooks/rest/webhook": {
            "post": {
                "summary": "Rasa 的 REST 渠道，服务器之间使用",
                "security": [{"apiKey": []}],
                "requestBody": _body(_ref("RestBody")),
                "responses": {
                    "200": _json(
                        {
                            "type": "array",
                            "items": _object(
                                {
                                    "recipient_id": {"type": "string"},
                                    "text": {"type": "string"},
                                    "buttons": {"type": "array", "items": _ref("Button")},
                                    "custom": _ref("Reply"),
                                },
                                ["recipient_id", "text"],
                            ),
                        },
                        "这一轮的回复；custom 是完整的回复",
                    ),
                    **_errors(400, 401, 403, 413, 415, 422, 429, 503),
                },
            }
        },
        "/media/{id}": {
            "get": {
                "summary": "回复或上传的文件，支持 Range",
                "security": [],
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "文件"}, **_errors(404)},
            }
        },
        "/livez": {"get": {"summary": "进程是否活着", "security": [], "responses": {"200": _json(probe, "活着")}}},
        "/readyz": {
            "get": {
                "summary": "数据库、对话、动作是否都能回答",
                "security": [],
                "responses": {"200": _json(probe, "就绪"), "503": _json(probe, "没有就绪，checks 说明哪一项")},
            }
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus 指标",
                "security": [],
                "responses": {"200": {"description": "文本格式", "content": {"text/plain": {}}}},
            }
        },
    }


@lru_cache(maxsize=1)
def document(settings: Settings) -> Schema:
    """The document for one installation."""
    try:
        release = version("wenyu")
    except PackageNotFoundError:
        release = "0"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "文娱助手 API",
            "version": release,
            "description": "所有错误都是 `{error: {code, message}}`，message 是可以直接展示的中文。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.effective_public_url}],
        "security": [{"session": []}],
        "paths": _conversation_paths() | _other_paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer", "description": "POST /api/v1/sessions 得到的令牌"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


async def get_document(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json"""
    return json_response(document(request.app[GATEWAY].settings))
