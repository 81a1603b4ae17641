"""Conversations and the signed tokens that are the only way to name one."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import jwt
from jwt.types import Options
from sqlalchemy import Connection, delete, insert, select

from bot.gateway.db.models import Conversation, Tracker
from bot.gateway.errors import RequestError

ALGORITHM = "HS256"
DAY_S = 86_400


@dataclass(frozen=True)
class Session:
    """A new conversation: ``id``, its token, and the time (seconds since the epoch) the token expires."""

    id: str
    token: str
    expires: float


def iso_time(seconds: float) -> str:
    """``2026-01-31T08:00:00.123Z``"""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unknown_session() -> RequestError:
    """The conversation was deleted, or never existed in this database."""
    return RequestError(401, "unknown_session", "这个会话已经不存在了，请刷新页面重新开始。")


class Sessions:
    """Issues and reads tokens.

    Args:
        key: at least 32 characters.
        days: how long a token is valid.
    """

    def __init__(self, key: str, days: int) -> None:
        self._key = key
        self._days = days
        # A client shows the same token with every message; whether the signature is right does not change.
        self._claims = lru_cache(maxsize=4096)(self._verify)

    def issue(self, now: float | None = None) -> Session:
        """A token for a new random conversation id; nothing is stored yet."""
        now = time.time() if now is None else now
        conversation = secrets.token_hex(16)
        expires = int(now) + self._days * DAY_S
        claims = {"sub": conversation, "iat": int(now), "exp": expires}
        return Session(conversation, jwt.encode(claims, self._key, algorithm=ALGORITHM), expires)

    def _verify(self, token: str) -> tuple[str, float]:
        options: Options = {"require": ["sub", "exp"], "verify_exp": False}
        claims = jwt.decode(token, self._key, algorithms=[ALGORITHM], options=options)
        return str(claims["sub"]), float(claims["exp"])

    def conversation_of(self, token: str) -> str:
        """The conversation that ``token`` names.

        Raises:
            RequestError: 401 when it is missing, altered, expired or signed by another key.
        """
        if not token:
            raise RequestError(401, "missing_token", "缺少会话令牌，请先创建会话。")
        try:
            conversation, expires = self._claims(token)
        except (jwt.InvalidTokenError, ValueError):
            raise RequestError(401, "invalid_token", "会话令牌无效，请刷新页面重新开始。") from None
        if expires <= time.time():
            raise RequestError(401, "expired_token", "会话已经过期，请刷新页面重新开始。")
        return conversation


def bearer_token(authorization: str) -> str:
    """The token of an ``Authorization: Bearer …`` header; empty when it has another form."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def open_conversation(connection: Connection, conversation: str, channel: str) -> None:
    """Store a conversation unless it is stored already."""
    if connection.scalar(select(Conversation.id).where(Conversation.id == conversation)) is None:
        connection.execute(
            insert(Conversation).values(id=conversation, channel=channel, created_at=time.time(), last_position=0)
        )


def require_conversation(connection: Connection, conversation: str) -> None:
    """Raise 401 unless the conversation is stored."""
    if connection.scalar(select(Conversation.id).where(Conversation.id == conversation)) is None:
        raise unknown_session()


def forget_stray_memory(connection: Connection, conversation: str) -> None:
    """Delete what the dialogue process remembers of a conversation that was deleted while a turn of it ran."""
    known = select(Conversation.id).where(Conversation.id == conversation).exists()
    connection.execute(delete(Tracker).where(Tracker.conversation == conversation, ~known))
