"""An HTTP server that behaves like an OpenAI-compatible speech server."""

from __future__ import annotations

import io
import wave
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "speech-key"


class SpeechServer:
    """Hears ``text`` in every recording and speaks everything as the same short sound.

    Attributes:
        requests: the fields of every call.
        broken: answers 500.
    """

    def __init__(self) -> None:
        self.text = "怎么退票？"
        self.requests: list[dict[str, Any]] = []
        self.broken = False
        app = web.Application(client_max_size=2**24)
        app.add_routes(
            [web.post("/v1/audio/transcriptions", self._transcribe), web.post("/v1/audio/speech", self._speak)]
        )
        self._server = TestServer(app)

    async def start(self) -> str:
        """The address for the settings."""
        await self._server.start_server()
        return str(self._server.make_url("/v1"))

    async def stop(self) -> None:
        await self._server.close()

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise web.HTTPUnauthorized
        if self.broken:
            raise web.HTTPInternalServerError

    async def _transcribe(self, request: web.Request) -> web.Response:
        self._check(request)
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        with wave.open(io.BytesIO(file.file.read())) as sound:
            seconds = sound.getnframes() / sound.getframerate()
        self.requests.append({"model": form["model"], "language": form["language"], "seconds": seconds})
        return web.json_response({"text": self.text})

    async def _speak(self, request: web.Request) -> web.Response:
        self._check(request)
        self.requests.append(await request.json())
        return web.Response(body=b"sound", content_type="audio/mpeg")
