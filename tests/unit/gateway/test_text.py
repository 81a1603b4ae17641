"""Normalisation of what visitors type."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gateway.errors import RequestError
from bot.gateway.text import UNREADABLE, normalise, readable

FAST = settings(deadline=None, derandomize=True, max_examples=60)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("會員怎麼退費？", "会员怎么退费?"),
        ("ＶＩＰ　１２３", "VIP 123"),
        ("  你\u200b好\u202e \t 吗 ", "你好 吗"),
        ("第一行\r\n第二行", "第一行\n\n第二行"),
        ("/greet{}", "／greet{}"),
        ("／restart", "／restart"),
        ("￼🙂️", "🙂"),
        ("\x07\x1b[31m", "[31m"),
    ],
)
def test_normalise(typed: str, read: str) -> None:
    assert normalise(typed) == read


@FAST
@given(st.text(max_size=200))
def test_no_text_becomes_a_command(typed: str) -> None:
    assert not normalise(typed).startswith("/")


@FAST
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_what_is_read_can_be_stored_and_sent(typed: str) -> None:
    read = readable(typed, 1000, may_be_empty=True)
    assert "\0" not in read
    assert not UNREADABLE.search(read)
    read.encode()


@pytest.mark.parametrize("typed", ["", "   ", "\u200b\ufeff", "\x01\x02"])
def test_an_empty_text_is_refused_unless_there_is_an_attachment(typed: str) -> None:
    with pytest.raises(RequestError) as refused:
        readable(typed, 100)
    assert (refused.value.status, refused.value.code) == (400, "empty_message")
    assert readable(typed, 100, may_be_empty=True) == ""


@pytest.mark.parametrize("typed", ["a\0b", "a\ud800b"])
def test_a_nul_or_lone_surrogate_is_refused(typed: str) -> None:
    with pytest.raises(RequestError) as refused:
        readable(typed, 100)
    assert (refused.value.status, refused.value.code) == (400, "invalid_text")


@pytest.mark.parametrize("typed", ["长" * 101, "\ufdfa" * 50])
def test_the_length_limit_counts_before_and_after_normalisation(typed: str) -> None:
    with pytest.raises(RequestError) as refused:
        readable(typed, 100)
    assert refused.value.status == 413
    assert "100" in refused.value.user_message
