"""Runs a program that decodes a visitor's file, where it can be killed, one file at a time."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import BinaryIO

import structlog

from bot.gateway.errors import RequestError

log = structlog.get_logger(__name__)
MAX_WAITING = 8


class DecodingProgram:
    """A program that reads a file from its standard input and writes ``MIME type, line end, safe file``.

    One file at a time: that leaves a core for the conversations.

    Args:
        program: the script; arguments: what it is told.
        timeout_s: after which it is killed. busy: the sentence when too many files wait.
    """

    def __init__(self, program: Path, arguments: tuple[str, ...], timeout_s: float, busy: str) -> None:
        self._program, self._arguments, self._timeout_s, self._busy = program, arguments, timeout_s, busy
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def run(self, data: bytes | BinaryIO) -> tuple[int, str, bytes]:
        """Exit status, MIME type and file; ``data`` is given as a pipe, an open file as that file.

        Raises:
            RequestError: 503 when too many files wait.
        """
        if self._waiting >= MAX_WAITING:
            raise RequestError(503, "busy", self._busy, retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                status, output = await self._run(data)
        finally:
            self._waiting -= 1
        mime, _, file = output.partition(b"\n")
        return status, mime.decode("ascii", "replace"), file

    async def _run(self, data: bytes | BinaryIO) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(self._program), *self._arguments),
            stdin=asyncio.subprocess.PIPE if isinstance(data, bytes) else data,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        output = b""
        try:
            given = data if isinstance(data, bytes) else None
            output, _ = await asyncio.wait_for(process.communicate(given), self._timeout_s)
        except TimeoutError:
            log.warning("decoding_timed_out", program=self._program.stem)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode or 0, output
