"""What keeps Whisper's inventions out."""

from __future__ import annotations

import pytest

from models.speech.recogniser import PROMPT, is_echo, punctuated


@pytest.mark.parametrize(
    "text", ["", "。", "以下是普通话的句子，使用简体中文", "使用简体中文。", "字幕由志愿者提供", "请不吝点赞 订阅"]
)
def test_inventions_are_recognised(text: str) -> None:
    assert is_echo(text, PROMPT)


@pytest.mark.parametrize("text", ["怎么退票", "好", "退款", "有没有中文的"])
def test_what_people_say_is_none(text: str) -> None:
    assert not is_echo(text, PROMPT + "退款、退票")


def test_punctuation_becomes_chinese() -> None:
    assert punctuated("推荐几部电影,最好是2010年以后的.") == "推荐几部电影，最好是2010年以后的。"
    assert punctuated("9.3分") == "9.3分"
