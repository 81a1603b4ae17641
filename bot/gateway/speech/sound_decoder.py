"""Has recordings decoded by a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from bot.gateway.errors import RequestError

log = structlog.get_logger(__name__)
SOUNDS_PROGRAM = Path(__file__).with_name("sounds.py")
DECODE_TIMEOUT_S = 15.0
MAX_WAITING = 8
TOO_LONG = 2
SILK = (b"#!SILK_V3", b"\x02#!SILK_V3")


class SoundDecoder:
    """Runs :mod:`bot.gateway.speech.sounds`, one recording at a time.

    Args:
        max_seconds: the longest recording.
    """

    def __init__(self, max_seconds: int) -> None:
        self._max_seconds = max_seconds
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def decode(self, data: bytes) -> bytes:
        """WAV, OGG, WebM, MP3, AMR or MP4 as 16-bit mono samples at 16 kHz.

        Raises:
            RequestError: 413 too long; 422 not readable within the limits of time and memory; 503 too many wait.
        """
        if data.startswith(SILK):
            raise RequestError(
                422, "format_not_supported", "这种语音格式（Silk）还听不了，请换成 AMR、MP3 或 WAV，或者打字告诉我。"
            )
        if self._waiting >= MAX_WAITING:
            raise RequestError(503, "busy", "现在使用语音的人太多，请稍后再试，或者先打字。", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                status, output = await self._run(data)
        finally:
            self._waiting -= 1
        if status == TOO_LONG:
            raise RequestError(413, "recording_too_long", f"录音太长了，请不要超过 {self._max_seconds} 秒。")
        if status != 0:
            raise RequestError(422, "unreadable_recording", "这段录音打不开，可能已经损坏或格式不对，请重新录一次。")
        return output

    async def _run(self, data: bytes) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(SOUNDS_PROGRAM), str(self._max_seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"OMP_NUM_THREADS": "1"},
        )
        output = b""
        try:
            output, _ = await asyncio.wait_for(process.communicate(data), DECODE_TIMEOUT_S)
        except TimeoutError:
            log.warning("recording_timed_out", size=len(data))
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode if process.returncode is not None else 1, output
