"""What a messaging platform's adapter has to do, and the checks that all of them share.

An adapter *opens* a call (verifies it, then reads it), *sends* the parts of a reply and *downloads* files. Storing,
order, repeats, retries and the numbered choices are the gateway's business and the same for every platform.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import orjson
from aiohttp import web
from multidict import MultiMapping

from bot.gateway.errors import RequestError
from bot.gateway.platforms.api import PlatformApi
from bot.settings import Settings

WINDOW_S = 300
GREETING = "你能做什么"
KIND_NOT_UNDERSTOOD = "这种消息我还看不懂，请发文字或图片给我。"
ALL_FILES = frozenset(
    {"image/jpeg", "image/png", "audio/wav", "audio/ogg", "audio/mpeg", "audio/midi", "image/svg+xml"}
)
"""What a platform can send that takes any file."""


@dataclass(frozen=True)
class Call:
    """An HTTP request of a platform as it came in."""

    method: str
    query: MultiMapping[str]
    headers: MultiMapping[str]
    body: bytes

    def parameter(self, name: str) -> str:
        """The one value of a query parameter; a missing or doubled one is refused."""
        return _one(self.query.getall(name, []))

    def header(self, name: str) -> str:
        """The one value of a header; a missing or doubled one is refused."""
        return _one(self.headers.getall(name, []))


@dataclass(frozen=True)
class Arrival:
    """A message or an event that a person caused.

    Attributes:
        id: the platform's name of the message; a second one with this name is the same message.
        chat: what names the conversation on the platform (a user, or a user in a group).
        address: where the answers go, in the adapter's own keys; JSON.
        text: what the person wrote, or what stands for the event.
        original: what the history shows, when it is not ``text``.
        files: ``{"kind": "image" or "audio", "ref": …}`` to be downloaded before the turn.
        choice: the reference of a button that was pressed, as :func:`bot.gateway.platforms.render.reference` made it.
        notice: a sentence that answers the message in place of the dialogue.
    """

    id: str
    chat: str
    address: dict[str, Any]
    text: str = ""
    original: str = ""
    files: tuple[dict[str, str], ...] = ()
    choice: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Opened:
    """A call that was verified and read.

    Attributes:
        answer: makes the acknowledgement.
        arrival: what is to be stored before it is sent; None for calls that only have to be acknowledged.
        signature: what names this very call, for the memory of taken calls; empty where calls are not signed one by one.
        passive: makes an answer that carries a text to the person, on platforms that take one.
    """

    answer: Callable[[], web.Response]
    arrival: Arrival | None = None
    signature: str = ""
    passive: Callable[[str], web.Response] | None = None


@dataclass(frozen=True)
class Option:
    """A choice: ``item`` is the number people see, ``payload`` the text it stands for, ``reference`` what names it to
    the gateway."""

    item: int
    title: str
    payload: str
    reference: str


@dataclass(frozen=True)
class CardPart:
    """A card with its choices; ``image`` is a file or None."""

    title: str
    subtitle: str
    reason: str
    image: Path | None
    options: tuple[Option, ...]

    @property
    def text(self) -> str:
        """Title, subtitle and reason as lines of text."""
        title = self.title + (f"（{self.subtitle}）" if self.subtitle else "")
        return f"{title}\n{self.reason}" if self.reason else title


@dataclass(frozen=True)
class TextPart:
    """One message of text. ``cards`` are there only for an adapter that shows them; ``options`` that it cannot show
    it writes as numbers, by :func:`bot.gateway.platforms.render.numbered`."""

    text: str
    cards: tuple[CardPart, ...] = ()
    options: tuple[Option, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class FilePart:
    """One message that is a file. ``kind``: image, audio, midi or score."""

    kind: str
    path: Path
    mime: str
    label: str
    id: str = ""


def file_form(part: FilePart, field_name: str, **fields: str) -> aiohttp.FormData:
    """A form with ``fields`` and then the file; it can be sent once only."""
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field(field_name, part.path.read_bytes(), filename=part.path.name, content_type=part.mime)
    return form


@dataclass(frozen=True)
class Outlook:
    """What an adapter can show; the rest becomes text.

    Attributes:
        max_text: how long one text may be, in the unit of ``size``.
        size: the length of a text as the platform counts it.
        cards: whether cards are shown by the platform.
        files: the MIME types that it can send as files.
    """

    max_text: int
    size: Callable[[str], int] = len
    cards: bool = False
    files: frozenset[str] = field(default_factory=frozenset)


Take = Callable[[Arrival], Awaitable[object]]
"""What stores an arrival."""


class Adapter(ABC):
    """One messaging platform. Class attributes: see the comments."""

    name: ClassVar[str]
    title: ClassVar[str]
    # Settings without which it does not start.
    required: ClassVar[tuple[str, ...]]
    outlook: ClassVar[Outlook]
    # The platform repeats a call byte by byte when it misses the acknowledgement.
    repeats_verbatim: ClassVar[bool] = False
    # The signature is over the time alone: two messages of one moment may carry the same.
    signs_time_only: ClassVar[bool] = False
    # API calls a second that the platform allows, with some room.
    per_second: ClassVar[float] = 20.0
    # Pause between two messages to the same person.
    pause_s: ClassVar[float] = 0.0
    # Calls come by HTTP; otherwise by a connection that the adapter opens itself in `start`.
    webhook: bool = True
    # The platform takes answers at any time, not only as the answer to its call.
    active: bool = True
    # How long an acknowledgement may wait for an answer that it can carry.
    passive_wait_s: float = 0.0

    def __init__(self, settings: Settings, api: PlatformApi) -> None:
        self.settings = settings
        self.api = api

    @classmethod
    def problems(cls, settings: Settings) -> list[str]:
        """Chinese sentences about settings whose form is wrong; the values stay out of them."""
        return []

    @abstractmethod
    def open(self, call: Call) -> Opened:
        """Verify a call and read it.

        Raises:
            RequestError: 401, the same for every reason.
        """

    @abstractmethod
    async def send(self, address: dict[str, Any], part: TextPart | FilePart) -> None:
        """Send one part.

        Raises:
            PlatformError: the platform does not take it.
        """

    @abstractmethod
    async def download(self, ref: str) -> bytes:
        """The file that a message named.

        Raises:
            PlatformError: the platform does not give it.
        """

    async def start(self, take: Take) -> None:  # noqa: B027 - most adapters have nothing to do
        """Called once the gateway runs; an adapter without a webhook opens its connection and hands arrivals to
        ``take``, which returns when they are stored."""

    async def close(self) -> None:  # noqa: B027 - most adapters have nothing to do
        """Called when the gateway stops."""


def refused() -> RequestError:
    """The one answer to every call that is not the platform's, whatever is wrong with it."""
    return RequestError(401, "invalid_signature", "请求的签名没有通过校验。")


def _one(values: list[str]) -> str:
    if len(values) != 1 or not values[0]:
        raise refused()
    return values[0]


def json_object(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a call; anything else is refused."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused() from None
    if not isinstance(found, dict):
        raise refused()
    return found


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Compare in constant time."""
    a = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    b = expected.encode() if isinstance(expected, str) else expected
    return hmac.compare_digest(a, b)


def check_fresh(timestamp: str, unit_s: float = 1.0) -> None:
    """Refuse a call from more than five minutes ago or ahead.

    Args:
        timestamp: digits, in units of ``unit_s`` seconds since the epoch.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        raise refused()
    if abs(time.time() - int(timestamp) * unit_s) > WINDOW_S:
        raise refused()


def call_key(name: str, signature: str) -> str:
    """The name of a call in the memory of taken calls."""
    return hashlib.sha256(f"{name}\0{signature}".encode("utf-8", "surrogatepass")).hexdigest()
