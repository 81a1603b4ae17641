"""Session tokens."""

from __future__ import annotations

import time

import jwt
import pytest

from bot.gateway.errors import RequestError
from bot.gateway.sessions import DAY_S, Sessions, bearer_token

KEY = "k" * 40


def code_of(token: str) -> str:
    with pytest.raises(RequestError) as refused:
        Sessions(KEY, 30).conversation_of(token)
    assert refused.value.status == 401
    return refused.value.code


def test_a_token_names_its_conversation() -> None:
    sessions = Sessions(KEY, 30)
    session = sessions.issue()
    assert sessions.conversation_of(session.token) == session.id
    assert session.expires == pytest.approx(time.time() + 30 * DAY_S, abs=2)


def test_conversations_are_not_guessable() -> None:
    assert len({Sessions(KEY, 30).issue().id for _ in range(100)}) == 100
    assert len(Sessions(KEY, 30).issue().id) == 32


def test_an_expired_token_is_refused() -> None:
    assert code_of(Sessions(KEY, 30).issue(now=time.time() - 31 * DAY_S).token) == "expired_token"


def test_a_missing_token_is_refused() -> None:
    assert code_of("") == "missing_token"


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "ï.ï.ï",
        Sessions("other" * 10, 30).issue().token,
        jwt.encode({"sub": "c", "exp": time.time() + 99}, key="", algorithm="none"),
        jwt.encode({"sub": "c"}, KEY, algorithm="HS256"),
        jwt.encode({"exp": time.time() + 99}, KEY, algorithm="HS256"),
        jwt.encode({"sub": "c", "exp": time.time() + 99}, KEY * 2, algorithm="HS512"),
        Sessions(KEY, 30).issue().token[:-3] + "AAA",
    ],
    ids=[
        "no-token",
        "no-json",
        "no-ascii",
        "other-key",
        "unsigned",
        "no-expiry",
        "no-subject",
        "other-algorithm",
        "cut",
    ],
)
def test_an_altered_token_is_refused(token: str) -> None:
    assert code_of(token) == "invalid_token"


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")]
)
def test_bearer_token(header: str, token: str) -> None:
    assert bearer_token(header) == token
