"""A tiny FAQ and an encoder whose vectors are known by construction."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

FAQ = """\
category: membership
title: 会员
entries:
  - id: membership-monthly-refund
    questions: [月卡可以退款吗？, 月卡买错了能退吗, 刚开的月卡想退, 月卡退款规则, 月卡不想要了怎么退]
    answer: 月卡开通七天内未使用可以退款，在“我的－会员”提交申请。
    related: [membership-yearly-refund]
    source: 会员协议
    date: 2026-01-05
  - id: membership-yearly-refund
    questions: [年卡可以退款吗？, 年卡买错了能退吗, 年卡退费怎么算, 年卡退款规则, 年卡不想要了怎么退]
    answer: 年卡按剩余整月退款，手续费为一成。
    related: []
    source: 会员协议
    date: 2026-01-05
  - id: playback-stutter
    questions: [视频播放卡顿怎么办？, 看剧老是卡, 画面一直转圈, 播放不流畅, 缓冲太久]
    answer: 请降低清晰度或更换网络后重试。
    related: []
    source: 播放手册
    date: 2026-02-01
  - id: museum-booking
    questions: [如何预约参观博物馆？, 博物馆怎么预约, 想去看展要提前约吗, 展览预约入口, 约博物馆的票]
    answer: 在“展览”页选择场馆和时段即可预约。
    related: []
    source: 观展须知
    date: 2026-02-01
"""

DEVELOPMENT = """\
paraphrases:
  playback-stutter: [看视频一顿一顿的]
unanswerable: [今天天气怎么样, 红烧肉怎么做, 股票会涨吗, 帮我写作业, 北京到上海多远, 月亮有多大]
"""


class CharacterEncoder:
    """Hashes characters and pairs of characters into 64 dimensions: texts that share characters are near."""

    dim = 64
    words = None

    def __init__(self, fingerprint: str = "characters-1") -> None:
        self.fingerprint = fingerprint
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32 [n, 64], unit rows; remembers what it was asked."""
        self.encoded += texts
        out = np.full((len(texts), self.dim), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for unit in [*text, *(text[i : i + 2] for i in range(len(text) - 1))]:
                out[row, zlib.crc32(unit.encode()) % self.dim] += 1.0
        return out / np.linalg.norm(out, axis=1, keepdims=True)


@pytest.fixture
def encoder() -> CharacterEncoder:
    """A fresh stand-in encoder."""
    return CharacterEncoder()


@pytest.fixture
def faq_dir(tmp_path: Path) -> Path:
    """A folder with the tiny FAQ."""
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "all.yml").write_text(FAQ, encoding="utf-8")
    return folder


@pytest.fixture
def development(tmp_path: Path) -> Path:
    """A development set for the tiny FAQ."""
    path = tmp_path / "development.yml"
    path.write_text(DEVELOPMENT, encoding="utf-8")
    return path
