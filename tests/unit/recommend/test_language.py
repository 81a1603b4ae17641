"""Wishes, acts and numbers out of Chinese text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.recommender import numbers
from models.recommender.language import Language
from tests.unit.recommend.slot_scores import score

ROOT = Path(__file__).resolve().parents[3]
OWN = Path(__file__).parent / "data" / "slots.yml"
DEVELOPMENT = ROOT / "nlu_data" / "development" / "recommend_slots.yml"
DEVELOPMENT_FLOOR = 0.94
"""A floor against regressions; the figures that count are printed by benchmarks/recommend_language.py."""


def utterances(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["utterances"]
    return loaded


@pytest.mark.parametrize("utterance", utterances(OWN), ids=lambda u: u["text"])
def test_our_own_utterances_are_understood(language: Language, utterance: dict[str, Any]) -> None:
    result = score(language, [utterance])
    assert result.right == result.total, +result.faults


def test_the_development_utterances_stay_above_the_floor(language: Language) -> None:
    assert score(language, utterances(DEVELOPMENT)).accuracy >= DEVELOPMENT_FLOOR


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("换一批", "more"), ("还有别的吗", "more"), ("再来几部", "more"), ("第二部看过了", "seen"), ("这些都看过了", "seen"),
        ("第一部不感兴趣", "reject"), ("为什么推荐这个", "why"), ("第二部讲什么", "about"), ("《教父》讲的是什么", "about"),
        ("我的口味是什么", "profile"), ("你记得我喜欢什么吗", "profile"), ("忘掉我喜欢恐怖片", "forget"), ("忘掉《教父》", "forget"),
        ("忘掉我说过的一切", "forget_all"), ("清空我的口味", "forget_all"), ("根据我的口味推荐", "use_profile"),
        ("猜猜我会喜欢什么", "use_profile"), ("推荐几部科幻片", "recommend"), ("不要恐怖片", "recommend"), ("再轻松一点", "recommend"),
        ("不限年代", "recommend"), ("我喜欢《教父》", "state"),
    ],
)  # fmt: skip
def test_acts(language: Language, text: str, act: str) -> None:
    assert language.understand(text).act == act


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("90年代", (1990, 1999)), ("上世纪八十年代", (1980, 1989)), ("七八十年代", (1970, 1989)), ("1994年的电影", (1994, 1994)),
        ("2000年以后", (2000, None)), ("80年代以前", (None, 1979)), ("两千年以后", (2000, None)), ("2000到2010年", (2000, 2010)),
        ("九几年的", (1990, 1999)), ("不要太老的", (2000, None)), ("推荐电影", None), ("两小时以内", None), ("孩子今年6岁", None),
    ],
)  # fmt: skip
def test_years(text: str, bounds: tuple[int | None, int | None] | None) -> None:
    assert numbers.years(text) == bounds


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("90分钟以内", (None, 90)), ("一个半小时以内", (None, 90)), ("两小时左右", (105, 135)), ("三小时以上", (180, None)),
        ("一百二十分钟", (None, 120)), ("别太长", (None, 100)), ("长一点的", (150, None)), ("推荐电影", None),
    ],
)  # fmt: skip
def test_runtime(text: str, bounds: tuple[int | None, int | None] | None) -> None:
    assert numbers.runtime(text) == bounds


@pytest.mark.parametrize(
    ("text", "count", "places"),
    [
        ("推荐三部", 3, ()), ("两三部", 3, ()), ("来部喜剧", 1, ()), ("第二部", None, (2,)), ("前两部看过", None, (1, 2)),
        ("最后一部", None, (-1,)), ("这三部", None, ()), ("一个半小时", None, ()), ("推荐100部", 20, ()),
    ],
)  # fmt: skip
def test_counts_and_places(text: str, count: int | None, places: tuple[int, ...]) -> None:
    assert numbers.count(text) == count
    assert numbers.ordinals(text) == places


@pytest.mark.parametrize(
    "text", ["", " ", "？", "a" * 2000, "😀" * 300, "《" * 50, "《》", "、" * 500, "第九十九部", "第零部"]
)
def test_nothing_breaks_it(language: Language, text: str) -> None:
    assert language.understand(text).titles == ()
