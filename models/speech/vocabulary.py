"""The words that people who call will use, as a prompt for the recogniser: those that set the FAQ's questions apart."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from knowledge.store import load_faq

WORDS = 48
LEAST_CHARS = 2
# Logarithm of a word's count in jieba's dictionary of common Chinese from which on the recogniser knows it anyway.
COMMONPLACE = 9.0


def faq_vocabulary(folder: Path) -> str:
    """The words most frequent in the FAQ in ``folder`` and rare elsewhere, joined by 、, the best last.

    Raises:
        DataError: the FAQ cannot be read.
    """
    import jieba

    jieba.initialize()
    counts: Counter[str] = Counter()
    for entry in load_faq(folder):
        words = {word for question in entry.questions for word in jieba.cut(question)}
        counts.update(word for word in words if len(word) >= LEAST_CHARS and not word.isascii())
    worth = {word: count * (COMMONPLACE - math.log(jieba.dt.FREQ.get(word) or 1)) for word, count in counts.items()}
    best = sorted(worth, key=lambda word: (-worth[word], word))[:WORDS]
    return "、".join(reversed(best))
