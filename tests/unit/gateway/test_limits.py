"""The rate limiter and the visitor's address."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.gateway.errors import RequestError
from bot.gateway.limits import PRUNE_EVERY, RateLimiter, client_address


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_no_more_than_the_limit_in_any_minute() -> None:
    clock = Clock()
    limiter = RateLimiter(3, "慢点。", clock)
    for _ in range(3):
        limiter.check("a")
        clock.now += 10
    with pytest.raises(RequestError) as refused:
        limiter.check("a")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 30)
    limiter.check("b")
    clock.now += 30
    limiter.check("a")
    with pytest.raises(RequestError):
        limiter.check("a")


def test_a_refused_event_does_not_count() -> None:
    clock = Clock()
    limiter = RateLimiter(1, "慢点。", clock)
    limiter.check("a")
    for _ in range(5):
        clock.now += 10
        with pytest.raises(RequestError):
            limiter.check("a")
    clock.now += 10
    limiter.check("a")


def test_silent_visitors_are_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(1, "慢点。", clock)
    for visitor in range(PRUNE_EVERY - 1):
        limiter.check(str(visitor))
    clock.now += 61
    limiter.check("last")
    assert list(limiter._events) == ["last"]


@pytest.mark.parametrize(
    ("forwarded", "trust", "address"),
    [
        ("203.0.113.9", True, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", True, "203.0.113.9"),
        ("203.0.113.9", False, "unknown"),
        ("", True, "unknown"),
        ("x" * 500, True, "x" * 64),
    ],
)
def test_client_address(forwarded: str, trust: bool, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers)
    request._transport_peername = None
    assert client_address(request, trust_proxy=trust) == address
