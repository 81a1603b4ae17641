"""A speech process: started with the first use, one request at a time, ended when it is idle or does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import orjson
import structlog

from bot.gateway.errors import RequestError
from bot.settings import PROJECT_DIR, Settings
from models.speech.frames import LENGTHS, pack

log = structlog.get_logger(__name__)
START_TIMEOUT_S = 120.0
REQUEST_TIMEOUT_S = 60.0
MAX_WAITING = 16
TOO_MANY_SPEAK = "现在使用语音的人太多，请稍后再试，或者先打字。"
Answer = tuple[dict[str, Any], bytes]


def speech_failed() -> RequestError:
    """What a visitor is told when recognition or synthesis did not work."""
    return RequestError(503, "speech_failed", "语音服务刚才出了问题，请再试一次，或者先打字。", retry_after_s=5)


def require_speech(settings: Settings) -> None:
    """Raise RequestError 503 when the operator has switched speech off."""
    if not settings.speech:
        raise RequestError(503, "speech_off", "语音功能没有开放，请先打字。")


class SpeechProcess:
    """Runs :mod:`models.speech.worker`.

    Args:
        task: recognise or speak.
    """

    def __init__(self, task: str, settings: Settings) -> None:
        self.task = task
        self._settings = settings
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a request runs or waits."""
        return self._waiting > 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def ask(self, header: dict[str, Any], body: bytes = b"") -> Answer:
        """One request; waits its turn.

        Raises:
            RequestError: 503 too many wait, or speech is not installed or does not answer; 422 what the process says.
        """
        if self._waiting >= MAX_WAITING:
            raise RequestError(503, "busy", TOO_MANY_SPEAK, retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(header, body)
        finally:
            self._waiting -= 1

    async def _ask(self, header: dict[str, Any], body: bytes) -> Answer:
        if self._idle:
            self._idle.cancel()
        try:
            if not self.running:
                await self._start()
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._send(pack(header, body))
                answer, data = await self._read()
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            log.error("speech_process_failed", task=self.task, reason=type(error).__name__)
            await self.stop()
            raise speech_failed() from None
        except BaseException:
            # An answer that nobody reads any more would be taken for the next one's.
            await self.stop()
            raise
        self._idle = asyncio.get_running_loop().call_later(self._settings.speech_idle_s, self._stop_soon)
        if "error" in answer:
            log.warning("speech_refused", task=self.task, code=answer["error"], hint=answer["hint"])
            raise RequestError(422, answer["error"], answer["message"])
        return answer, data

    async def _start(self) -> None:
        settings = self._settings
        options = {
            "--threads": settings.speech_threads,
            "--memory-mb": settings.speech_memory_mb,
            "--faq": settings.faq_dir,
        }
        folder: Path = settings.effective_speech_dir
        arguments = [str(value) for pair in options.items() for value in pair]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "models.speech.worker", self.task, str(folder), *arguments),
            cwd=PROJECT_DIR,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": str(settings.speech_threads), "HF_HUB_OFFLINE": "1"},
        )
        async with asyncio.timeout(START_TIMEOUT_S):
            answer, _ = await self._read()
        if "error" in answer:
            await self.stop()
            log.error("speech_not_available", task=self.task, code=answer["error"], hint=answer["hint"])
            raise RequestError(503, "speech_not_available", "这台服务器还没有装好语音，请先打字。")
        log.info("speech_process_started", task=self.task)

    async def _send(self, data: bytes) -> None:
        assert self._process is not None  # noqa: S101 - it was started
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def _read(self) -> Answer:
        assert self._process is not None  # noqa: S101 - it was started
        assert self._process.stdout is not None  # noqa: S101
        head, body = LENGTHS.unpack(await self._process.stdout.readexactly(LENGTHS.size))
        header: dict[str, Any] = orjson.loads(await self._process.stdout.readexactly(head))
        return header, await self._process.stdout.readexactly(body)

    def _stop_soon(self) -> None:
        if not self.busy and self._process is not None and self.running:
            log.info("speech_process_idle", task=self.task)
            self._process.terminate()

    async def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if self._idle:
            self._idle.cancel()
        if process is not None:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
