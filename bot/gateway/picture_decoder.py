"""Has pictures decoded by a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from bot.gateway.errors import RequestError
from bot.gateway.pictures import TOO_MANY_PIXELS

log = structlog.get_logger(__name__)
PICTURES_PROGRAM = Path(__file__).with_name("pictures.py")
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
DECODE_TIMEOUT_S = 10.0
MAX_WAITING = 8


class PictureDecoder:
    """Runs :mod:`bot.gateway.pictures`, one picture at a time: that leaves a core for the conversations."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def reencode(self, data: bytes) -> tuple[str, bytes]:
        """The MIME type and the file of the picture in ``data``, written anew.

        Raises:
            RequestError: 413 too many pixels; 422 not readable within the limits of time and memory; 503 when
                too many pictures wait.
        """
        if self._waiting >= MAX_WAITING:
            raise RequestError(503, "busy", "现在上传的图片太多，请稍后再试。", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                status, output = await self._run(data)
        finally:
            self._waiting -= 1
        if status == TOO_MANY_PIXELS:
            raise RequestError(413, "too_many_pixels", "这张图片的尺寸太大了，请缩小后再上传。")
        if status != 0:
            raise RequestError(422, "unreadable_picture", "这张图片打不开，可能已经损坏，请换一张。")
        mime, _, picture = output.partition(b"\n")
        return mime.decode(), picture

    async def _run(self, data: bytes) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(PICTURES_PROGRAM), str(MAX_PIXELS), str(MAX_SIDE)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"OMP_NUM_THREADS": "1"},
        )
        output = b""
        try:
            output, _ = await asyncio.wait_for(process.communicate(data), DECODE_TIMEOUT_S)
        except TimeoutError:
            log.warning("picture_timed_out", size=len(data))
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode or 0, output
