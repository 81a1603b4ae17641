"""Each channel finds what it is there for."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from knowledge import noise
from knowledge.coverage import Coverage, rarity
from knowledge.lexical import Bm25, word_terms
from knowledge.normalise import normalise
from knowledge.pinyin import pinyin_terms, syllables


def test_bm25_prefers_the_rarer_word_and_counts_unknown_ones_against() -> None:
    index = Bm25([Counter(word_terms(t)) for t in ("会员 退款 规则", "会员 登录 规则", "会员 下载 规则")])
    scores = index.scores(["会员", "退款"])
    assert scores.argmax() == 0
    assert index.scores(["会员", "退款", "火星"])[0] < scores[0]
    assert not index.scores(["火星"]).any()
    assert not index.scores([]).any()


@pytest.mark.parametrize(
    ("heard", "meant"),
    [("慧园", "会员"), ("飞园", "会员"), ("兰色", "蓝色"), ("自动徐飞", "自动续费"), ("流奶", "牛来")],
)
def test_homophones_share_their_sound(heard: str, meant: str) -> None:
    shared = set(pinyin_terms(heard)) & set(pinyin_terms(meant))
    assert shared


def test_confusable_sounds_fall_together() -> None:
    assert syllables("知识") == syllables("资思")
    assert syllables("星星") == syllables("心新")
    assert syllables("vip会员") == ["vip", *syllables("会员")]


def test_noise_is_reproducible_and_noticeable() -> None:
    text = "会员怎么取消自动续费"
    for fault in (noise.homophone, noise.dropped):
        assert fault(text, random.Random(3)) == fault(text, random.Random(3)) != text
    assert normalise(noise.traditional(text)) == text
    assert syllables(noise.homophone(text, random.Random(3))) == syllables(text)
    assert noise.dropped("退款", random.Random(0)) == "退款"


def test_scores_stay_within_bounds() -> None:
    index = Bm25([Counter(word_terms(t)) for t in ("退款规则", "下载规则")])
    scores = index.scores(word_terms("退款规则"))
    assert scores.dtype == np.float32
    assert 0 < scores[1] < scores[0] <= 2.2


class FewWords:
    """Vectors of three words on two axes: 影院 and 电影 are alike, 爆米花 is not."""

    dim = 2

    def of(self, word: str) -> np.ndarray | None:
        """A unit vector, or None."""
        known = {"影院": [1.0, 0.0], "电影": [0.8, 0.6], "爆米花": [0.0, 1.0]}
        return np.array(known[word], dtype=np.float32) if word in known else None


def test_coverage_asks_whether_an_entry_speaks_of_every_word() -> None:
    coverage = Coverage([["影院", "规则"], []], FewWords())
    assert coverage.of(["影院"])(0) == pytest.approx(1.0)
    assert coverage.of(["电影"])(0) == pytest.approx(0.8)
    assert coverage.of(["影院", "爆米花"])(0) < coverage.of(["影院", "电影"])(0)
    assert coverage.of(["火星"])(0) == coverage.of([])(0) == coverage.of(["影院"])(1) == 0.0
    assert Coverage([["影院"]], None).of(["电影"])(0) == 0.0


def test_rare_words_weigh_more() -> None:
    assert rarity("的") < rarity("电影") < rarity("爆米花")
