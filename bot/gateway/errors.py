"""Errors that a client of the public API receives as ``{"error": {"code", "message"}}``."""

from __future__ import annotations

import traceback
from pathlib import Path

from models.errors import WenyuError

TRACED_FRAMES = 6


class RequestError(WenyuError):
    """A request that is refused.

    Args:
        status: the HTTP status, 4xx or 503.
        code: snake_case, stable across releases.
        user_message: one Chinese sentence.
        retry_after_s: seconds after which the same request may succeed; sent as ``Retry-After``.
    """

    def __init__(self, status: int, code: str, user_message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(user_message, code=code)
        self.status = status
        self.retry_after_s = retry_after_s


def error_body(code: str, message: str) -> dict[str, dict[str, str]]:
    """The one shape of every error."""
    return {"error": {"code": code, "message": message}}


def origin(error: BaseException) -> list[str]:
    """Where an unexpected exception came from, for the log: ``file:line function``, the innermost last.

    Its text stays out, because that may repeat what a visitor wrote (a database error lists its parameters).
    """
    frames = traceback.extract_tb(error.__traceback__)[-TRACED_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
