"""A TCP proxy on loopback that breaks what passes through it, between two real processes."""

from __future__ import annotations

import asyncio
import contextlib

ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"
BEHAVIOURS = ("delays", "hangs", "resets", "cuts", "trickles", "errors", "refuses")
CUT_AFTER = 60
TRICKLE_S = 0.5


class FaultyProxy:
    """Passes bytes to ``127.0.0.1:target`` and back.

    Attributes:
        port: where it listens.
        behaviour: ``passes``, or what it does to a request that begins from then on: ``delays`` (answers after
            ``delay_s``), ``hangs`` (never answers), ``resets`` (RST at once), ``cuts`` (closes in the middle of the
            answer), ``trickles`` (a byte of the answer each half second), ``errors`` (status 500). ``refuses`` closes
            the port; see :meth:`set`.
    """

    def __init__(self, target: int, delay_s: float = 20.0) -> None:
        self.target = target
        self.delay_s = delay_s
        self.behaviour = "passes"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, on the same port as before if it listened already."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def set(self, behaviour: str) -> None:
        """Behave so from now on; connections that are kept alive are closed, so that it concerns the next request."""
        await self.stop()
        self.behaviour = behaviour
        if behaviour != "refuses":
            await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            # A connection that breaks is what this is for.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._pass(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        if not first or self.behaviour == "resets":
            return
        if self.behaviour == "errors":
            writer.write(ERROR)
            await writer.drain()
            return
        if self.behaviour == "hangs":
            await asyncio.Event().wait()
        if self.behaviour == "delays":
            await asyncio.sleep(self.delay_s)
        back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        forth.write(first)
        sending = asyncio.create_task(self._copy(reader, forth))
        try:
            await self._answer(back, writer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            forth.transport.abort()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.behaviour == "cuts":
                writer.write(data[:CUT_AFTER])
                await writer.drain()
                return
            if self.behaviour == "trickles":
                for byte in data:
                    writer.write(bytes((byte,)))
                    await asyncio.sleep(TRICKLE_S)
            else:
                writer.write(data)
                await writer.drain()
