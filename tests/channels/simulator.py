"""What the simulated platforms have in common: an HTTP server for their API, and the calls that they make.

A simulator is written from its platform's documents, with its own cryptography; it shares no code with the adapter.
"""

from __future__ import annotations

import asyncio
import io
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

Pairs = tuple[tuple[str, str], ...]
BUSY, DOWN, EXPIRED, GONE, CUT, LOST = "busy", "down", "expired", "gone", "cut", "lost"


@dataclass(frozen=True)
class SignedCall:
    """An HTTP request that the platform makes."""

    method: str
    query: Pairs
    headers: Pairs
    body: bytes

    def value(self, place: str, name: str) -> str:
        return dict(getattr(self, place))[name]

    def with_value(self, place: str, name: str, value: str) -> SignedCall:
        pairs = tuple((k, value if k == name else v) for k, v in getattr(self, place))
        return replace(self, **{place: pairs})

    def without(self, place: str, name: str) -> SignedCall:
        return replace(self, **{place: tuple(pair for pair in getattr(self, place) if pair[0] != name)})

    def doubled(self, place: str, name: str) -> SignedCall:
        pair = (name, self.value(place, name))
        return replace(self, **{place: (*getattr(self, place), pair)})


@dataclass(frozen=True)
class Sent:
    """A message that the platform got for a person. ``options`` are ``(title, value)`` of its buttons."""

    to: str
    kind: str
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()
    data: bytes = b""
    raw: dict[str, Any] = field(default_factory=dict)


def small_png() -> bytes:
    data = io.BytesIO()
    Image.linear_gradient("L").resize((40, 30)).save(data, "PNG")
    return data.getvalue()


class Simulator:
    """One platform.

    Attributes:
        sent: what people got, in order.
        faults: what the next calls that send a message meet: busy, down, expired, gone, cut,
            or lost (the message is taken and the answer to the call is not heard).
        token_calls: how often a token was asked for.
        files: what may be downloaded, by reference.
        secrets: what must never be logged.
    """

    name: ClassVar[str]
    # Parts of a call that its signature covers, or that name the signature itself: ``(query or headers, name)``.
    signed: ClassVar[tuple[tuple[str, str], ...]]
    body_is_signed: ClassVar[bool] = True
    has_clock: ClassVar[bool] = True
    repeats_verbatim: ClassVar[bool] = False
    # The access token is fetched and expires; otherwise it is a setting.
    token_expires: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.faults: deque[str] = deque()
        self.token_calls = 0
        self.valid_token = ""
        self.files: dict[str, bytes] = {"picture": small_png()}
        self.uploaded: dict[str, bytes] = {}
        self._server: TestServer | None = None

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    async def start(self) -> None:
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.add_routes(self.routes())
        self._server = TestServer(app)
        await self._server.start_server()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return str(self._server.make_url("")).rstrip("/")

    def new_token(self) -> str:
        self.token_calls += 1
        self.valid_token = "token-" + uuid.uuid4().hex
        return self.valid_token

    async def fault(self, request: web.Request) -> str:
        """The fault that this call meets; connections are cut here."""
        kind = self.faults.popleft() if self.faults else ""
        if kind == EXPIRED:
            self.valid_token = "none"
        if kind == CUT:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0.01)
        return kind

    def keep_upload(self, data: bytes) -> str:
        name = "media-" + uuid.uuid4().hex
        self.uploaded[name] = data
        return name

    def settings(self) -> dict[str, Any]:
        """The gateway's settings for this platform."""
        raise NotImplementedError

    def message(self, text: str, *, user: str = "person", id: str = "", age_s: float = 0.0) -> SignedCall:
        raise NotImplementedError

    def picture(self, ref: str, *, user: str = "person") -> SignedCall:
        raise NotImplementedError

    def voice(self, ref: str, *, user: str = "person") -> SignedCall:
        raise NotImplementedError

    def greeting(self, *, user: str = "person") -> SignedCall | None:
        """The person comes; None where the platform does not tell."""
        return None

    def press(self, sent: Sent, number: int, *, user: str = "person") -> SignedCall:
        """The person presses the button number ``number`` (from 0) of a message."""
        raise NotImplementedError

    def wrong_app(self) -> SignedCall | None:
        """A call that is signed right but meant for another app; None where the secret alone names the app."""
        return None

    def wrong_paddings(self) -> list[SignedCall]:
        """Calls with a right signature over a message that is padded wrong."""
        return []

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Whether the platform takes the gateway's answer as an acknowledgement."""
        return status == 200

    def passive(self, body: bytes) -> str:
        """The text that an acknowledgement carries to the person."""
        return ""

    def texts(self, user: str = "person") -> list[str]:
        return [sent.text for sent in self.sent if sent.to == user and sent.text]
