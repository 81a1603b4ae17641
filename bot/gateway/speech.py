"""Speech to text and text to speech: the addresses exist, the service comes later."""

from __future__ import annotations

from aiohttp import web

from bot.gateway.errors import RequestError


async def post_speech(request: web.Request) -> web.Response:
    """POST /api/v1/speech/transcriptions and /api/v1/speech/audio"""
    raise RequestError(501, "speech_not_available", "语音功能还没有开放，请先用文字和我交流。")
