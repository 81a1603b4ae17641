"""The words that people who call will use: the commonest of the FAQ's questions, as a prompt for the recogniser."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from knowledge.store import load_faq

WORDS = 48
LEAST_CHARS = 2
# Words of every question, which the recogniser knows anyway.
COMMON = frozenset("怎么 什么 可以 为什么 哪里 多少 多久 如何 怎样 没有 能不能 是不是 怎么办 一个 需要 不能 不了 不到 自己 还有 时候 现在".split())


def faq_vocabulary(folder: Path) -> str:
    """The commonest words of the FAQ in ``folder``, joined by 、, the commonest last.

    Raises:
        DataError: the FAQ cannot be read.
    """
    import jieba

    counts: Counter[str] = Counter()
    for entry in load_faq(folder):
        words = {word for question in entry.questions for word in jieba.cut(question)}
        counts.update(word for word in words if len(word) >= LEAST_CHARS and word not in COMMON)
    return "、".join(word for word, _ in reversed(counts.most_common(WORDS)))
