"""Written Chinese as it is said, and cut into pieces for speaking."""

from __future__ import annotations

import pytest

from bot.gateway.speech.spoken_reply import spoken_reply
from models.speech.spoken import FIRST_PIECE, PIECE, pieces, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "《肖申克的救赎》（1994）评分9.3，片长142分钟。",
            "肖申克的救赎，一九九四年，评分九点三，片长一百四十二分钟。",
        ),
        ("2026-03-05 19:30 开场，票价¥45-60", "二零二六年三月五日十九点三十分开场，票价四十五到六十元"),
        ("满2张减20%，约3~5个工作日", "满两张减百分之二十，约三到五个工作日"),
        ("电话400-820-1234", "电话四零零，八二零，一二三四"),
        ("第2部有2个版本，共1,200部，90年代", "第二部有两个版本，共一千二百部，九十年代"),
        ("1. 《星际穿越》\n2. 《地心引力》", "第一，星际穿越\n第二，地心引力"),
        ("周三 9:00—17:05", "周三九点整到十七点零五分"),
        ("见 https://x.com/a 。😀 **好的**", "见屏幕上的网址。好的"),
        ("1/3的人，-5度，支持1080P", "三分之一的人，负五度，支持一零八零P"),
    ],
)
def test_numbers_dates_and_symbols_are_said_as_people_do(written: str, said: str) -> None:
    assert spoken(written) == said
    assert spoken(said) == said


def test_pieces_are_short_begin_early_and_lose_nothing() -> None:
    text = "您好，自动续费可以在会员中心关闭。" * 3 + "没有停顿的一句话" * 30
    cut = pieces(text)
    assert len(cut[0]) <= FIRST_PIECE
    assert all(len(piece) <= 2 * PIECE for piece in cut)
    assert "".join(cut) == text


def test_pieces_of_nothing_sayable() -> None:
    assert pieces("……！？\n ") == []


def test_a_reply_with_cards_is_an_enumeration() -> None:
    card = {"title": "《教父》", "subtitle": "1972", "reason": "您喜欢黑帮片", "image": "", "buttons": []}
    said = spoken_reply(
        {
            "text": "为您推荐",
            "cards": [card, card],
            "buttons": [{"title": "换一批", "payload": "换一批"}],
            "media": [{"kind": "midi", "url": "/media/x.mid", "mime": "audio/midi", "label": "曲子"}],
        }
    )
    assert "第一，《教父》，1972，您喜欢黑帮片。" in said
    assert "您可以说：换一批。" in said
    assert "/media" not in said
