"""What messages about music mean."""

from __future__ import annotations

from typing import Any

import pytest

from actions.compose_language import number, understand
from actions.compose_moods import MOODS, WORDS, find_mood


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16", 16),
        ("十六", 16),
        ("一百二十", 120),
        ("两百", 200),
        ("一万", 10_000),
        ("一百零八", 108),
        ("负五", -5),
        ("-5", -5),
    ],
)
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("写一段欢快的中国风旋律", {"mood": "欢快", "style": "chinese", "act": "new", "solo": True}),
        (
            "16小节，C大调，每分钟120拍，用笛子",
            {"bars": 16, "tonic": 0, "mode": "major", "tempo": 120, "instruments": ("笛子",)},
        ),
        ("来一首忧伤的钢琴曲", {"mood": "忧伤", "instruments": ("钢琴",), "act": "new"}),
        ("适合睡前", {"mood": "助眠", "act": "new"}),
        ("再快一点", {"tempo_change": 1, "tempo": None}),
        ("太快了，慢一点", {"tempo_change": -1}),
        ("换成小调", {"mode": "minor", "tonic": None}),
        ("升高三度", {"transpose": 4}),
        ("升高小三度", {"transpose": 3}),
        ("降低八度", {"transpose": -12}),
        ("降两个半音", {"transpose": -2}),
        ("升高两个半音", {"transpose": 2}),
        ("长一点", {"length_change": 1}),
        ("短一点", {"length_change": -1}),
        ("第二句改一改", {"phrases": (2,)}),
        ("结尾那几小节重写", {"phrases": (-1,)}),
        ("第5到第8小节重写", {"bar_range": (5, 8), "bars": None}),
        ("加上伴奏", {"backing": True}),
        ("只要旋律，伴奏去掉", {"backing": False}),
        ("换个乐器", {"act": "other_instrument"}),
        ("就这首，发我MIDI", {"act": "take"}),
        ("再来三个让我选", {"choices": 3}),
        ("选第2首", {"pick": 2}),
        ("换一首", {"act": "again"}),
        ("用二胡来一首D商调的，24小节", {"tonic": 2, "mode": "shang", "bars": 24, "instruments": ("二胡",)}),
        ("降E大调", {"tonic": 3, "mode": "major"}),
        ("升f小调", {"tonic": 6, "mode": "minor"}),
        ("速度每分钟六十拍", {"tempo": 60}),
        ("提速到130bpm", {"tempo": 130}),
        ("85bpm的lofi", {"tempo": 85, "not_learned": "lofi"}),
        ("行板", {"tempo": 80}),
        ("写一段30秒的曲子", {"seconds": 30}),
        ("半分钟", {"seconds": 30}),
        ("音域C4到C6", {"low": 60, "high": 84}),
        ("0小节", {"bars": 0}),
        ("写10000小节", {"bars": 10_000}),
        ("每分钟-5拍", {"tempo": -5}),
        ("用锯琴演奏", {"unknown_instrument": "锯琴"}),
        ("来段架子鼓", {"percussion": "架子鼓"}),
        ("用架子鼓写一段旋律", {"percussion": "架子鼓", "unknown_instrument": None}),
        ("写一段3/4拍的圆舞曲", {"meter": "3/4", "tempo": None}),
        ("来一首四四拍的", {"meter": None, "tempo": None}),
        ("写首三拍子的，每分钟100拍", {"meter": "三拍子", "tempo": 100}),
        ("写一首歌词", {"lyrics": True}),
        ("给这句歌词配个曲：月光落在旧站台", {"lyrics": False}),
        ("选第5首", {"pick": 5}),
        ("写一首像周杰伦《晴天》那样的歌", {"copies": "《晴天》"}),
        ("模仿周杰伦写一首", {"copies": "周杰伦"}),
        ("模仿肖邦写个小夜曲", {"copies": None, "composer": "肖邦"}),
        ("像雪落下来那样的曲子", {"copies": None}),
        ("用钢琴和大提琴写一首", {"instruments": ("钢琴", "大提琴")}),
        ("今天天气不错", {"act": "", "mood": None, "bars": None, "instruments": ()}),
    ],
)
def test_messages(text: str, meaning: dict[str, Any]) -> None:
    wish = understand(text)
    assert {name: getattr(wish, name) for name in meaning} == meaning


def test_every_mood_has_its_words_and_they_are_found() -> None:
    assert set(WORDS) == set(MOODS)
    for mood, words in WORDS.items():
        for word in words.split():
            assert find_mood(f"要{word}的") == mood, word


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ["", "一" * 2000, "第" * 2000, "小节" * 1000, "用" * 2000, "9" * 2000 + "小节", "《" * 2000]
)
def test_long_and_empty_messages_are_read_quickly(text: str) -> None:
    understand(text)
