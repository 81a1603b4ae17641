"""Runs a program on what a visitor sent, in a process that can be killed, one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from bot.gateway.errors import RequestError

log = structlog.get_logger(__name__)


class LimitedProgram:
    """A Python file that reads a visitor's bytes from its standard input and limits its own memory.

    Args:
        program: the file; it is run isolated, with nothing of this process's environment.
        arguments: its limits.
    """

    def __init__(self, program: Path, *arguments: int) -> None:
        self._command = (sys.executable, "-I", str(program), *map(str, arguments))
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def _output(self, data: bytes, *, timeout_s: float, most_waiting: int, busy: str) -> tuple[int, bytes]:
        """The program's exit status, negative when it was killed, and its output.

        Raises:
            RequestError: 503 with the sentence ``busy`` when as many as ``most_waiting`` wait.
        """
        if self._waiting >= most_waiting:
            raise RequestError(503, "busy", busy, retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._run(data, timeout_s)
        finally:
            self._waiting -= 1

    async def _run(self, data: bytes, timeout_s: float) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"OMP_NUM_THREADS": "1"},
        )
        output = b""
        try:
            output, _ = await asyncio.wait_for(process.communicate(data), timeout_s)
        except TimeoutError:
            log.warning("program_timed_out", program=Path(self._command[2]).name, size=len(data))
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode if process.returncode is not None else 1, output
