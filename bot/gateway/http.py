"""Reading JSON bodies and writing JSON answers."""

from __future__ import annotations

from typing import TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.gateway.errors import RequestError, error_body

B = TypeVar("B", bound=BaseModel)


def json_response(value: object, status: int = 200) -> web.Response:
    """``value`` as a JSON answer."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def error_response(error: RequestError) -> web.Response:
    """A refusal in the one shape of every error."""
    response = json_response(error_body(error.code, error.user_message), error.status)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def parse_body(model: type[B], data: bytes | str) -> B:
    """JSON text as ``model``.

    Raises:
        RequestError: 400 when it is not JSON (lone surrogates and very deep nesting included); 422 when a field
            is missing or has a wrong type, naming the field.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise RequestError(400, "invalid_json", "请求内容不是有效的 JSON。") from None
    if not isinstance(value, dict):
        raise RequestError(422, "invalid_field", "请求内容应该是一个 JSON 对象。")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # Only names of our own fields are repeated: a client's own keys never come back to it.
        field = next((str(e["loc"][0]) for e in error.errors() if e["loc"]), "")
        raise RequestError(422, "invalid_field", f"字段 {field} 缺少或不符合要求，请检查后重试。") from None


async def read_body(request: web.Request, model: type[B]) -> B:
    """The request's JSON body as ``model``; also 413 above the application's body limit."""
    return parse_body(model, await request.read())
