"""What comes in and what goes out: a message of the contract, made safe for Rasa, and the bot's messages."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

from rasa.core.channels.channel import CollectingOutputChannel

MAX_TEXT_CHARS = 4_000
MAX_ID_CHARS = 200
COMMAND = re.compile(r"^\s*(?:[/@]|EXTERNAL:\s?)", re.IGNORECASE)
FULL_WIDTH = str.maketrans({"/": "／", "@": "＠", ":": "："})


class BadMessage(ValueError):
    """The request does not follow the contract; the message is a code."""


@dataclass(frozen=True)
class Incoming:
    """One user message: ``conversation`` and ``message_id`` name it, ``text`` is defanged and may be empty."""

    conversation: str
    message_id: str
    text: str
    attachments: Tuple[Dict[str, str], ...]
    channel: str


def defang(text: str) -> str:
    """The same text, unable to command Rasa.

    To Rasa a message that begins with ``/`` names an intent, ``@`` adds entities and ``EXTERNAL:`` marks an event
    from outside. The sign becomes its full-width form: people read the same, Rasa reads text.
    """
    match = COMMAND.match(text)
    if not match:
        return text
    return match.group().translate(FULL_WIDTH) + text[match.end() :]


def read_message(body: Any) -> Incoming:
    """Check and read the JSON of a request.

    Raises:
        BadMessage: ``invalid_message`` (wrong shape), ``text_too_long`` or ``empty_message``.
    """
    if not isinstance(body, dict):
        raise BadMessage("invalid_message")
    conversation, message_id, text = body.get("conversation"), body.get("message_id"), body.get("text", "")
    attachments = body.get("attachments") or []
    for name in (conversation, message_id):
        if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARS:
            raise BadMessage("invalid_message")
    if not isinstance(text, str) or not isinstance(attachments, list):
        raise BadMessage("invalid_message")
    if not all(isinstance(a, dict) and all(isinstance(v, str) for v in a.values()) for a in attachments):
        raise BadMessage("invalid_message")
    if len(text) > MAX_TEXT_CHARS:
        raise BadMessage("text_too_long")
    # A lone surrogate cannot be stored; a NUL ends a text in PostgreSQL.
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()
    if not text and not attachments:
        raise BadMessage("empty_message")
    return Incoming(conversation, message_id, defang(text), tuple(attachments), str(body.get("channel") or "web"))


def reference(conversation: str, message_id: str) -> str:
    """A short number that the visitor can quote and the log holds."""
    return "W" + hashlib.sha256(f"{conversation}\0{message_id}".encode()).hexdigest()[:8].upper()


def apology(number: str) -> Dict[str, Any]:
    """The reply of the contract for a turn whose action could not be run."""
    return {
        "text": f"抱歉，我这边出了点状况，这一步没能完成。请稍后再试一次。（编号 {number}）",
        "capability": "fallback",
        "band": "refuse",
        "confidence": 0.0,
        "cards": [],
        "buttons": [],
        "media": [],
        "data": {"reference": number},
        "ai_generated": False,
    }


class ReplyChannel(CollectingOutputChannel):
    """Collects the bot's messages of one turn as the contract wants them."""

    @classmethod
    def name(cls) -> str:
        return "wenyu"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        self.messages.append(outgoing(message))


def outgoing(message: Dict[str, Any]) -> Dict[str, Any]:
    """``text`` and ``custom`` of a bot message, the empty one left out."""
    return {key: message[key] for key in ("text", "custom") if message.get(key)}


def said_after(events: List[Any], position: int) -> List[Dict[str, Any]]:
    """The bot's messages between the user message at ``position`` and the next one."""
    from rasa.shared.core.events import BotUttered, UserUttered

    said: List[Dict[str, Any]] = []
    for each in events[position + 1 :]:
        if isinstance(each, UserUttered):
            break
        if isinstance(each, BotUttered):
            said.append(outgoing(each.message()))
    return said
