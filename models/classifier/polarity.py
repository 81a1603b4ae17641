"""Polarity of reviews of works, performances and venues: texts written for this project by several people.

The public corpora review hotels, deliveries and goods. What praises a room says little about a film, and a text of
theirs is far longer, so few of them are learned from; how well they are judged is still measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from models.classifier.corpora import Corpus, Sample, apart, reviews, shuffled

ENGLISH = {"正面": "Positive", "负面": "Negative"}
LEARNED, LONGEST = 1_500, 60
"""Public reviews that are learned from, and how long they may be: the words of everyday praise and complaint."""


def corpus(folder: Path, own: Iterable[Sample]) -> Corpus:
    """Train: the written texts ``own`` and short public ones. Test: public."""
    public = reviews(folder)
    short = [sample for sample in public.train if len(sample.text) <= LONGEST][:LEARNED]
    return apart("polarity", shuffled([*short, *own]), (), public.test)
