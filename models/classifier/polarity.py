"""Polarity of reviews: three public corpora of hotels, deliveries and goods, and reviews of works written here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from knowledge.normalise import normalise
from models.classifier.corpora import Corpus, Sample, apart, reviews, shuffled
from models.classifier.heldout import held_out
from models.classifier.plots import WRITTEN

ENGLISH = {"正面": "Positive", "负面": "Negative"}
REPEATED = 4
"""The few reviews of works count this often beside tens of thousands of reviews of goods."""
LEARNED = 6_000
"""Public reviews that are learned from; enough for minutes of training on one core."""


@cache
def written(part: str) -> tuple[Sample, ...]:
    """The reviews of works written for this project: part train or dev."""
    data = yaml.safe_load((WRITTEN / "reviews.yml").read_text(encoding="utf-8"))
    return tuple(Sample(normalise(t), (label,)) for label, parts in data.items() for t in parts[part])


def corpus(folder: Path) -> Corpus:
    """Public reviews, and those of works in every part."""
    public = reviews(folder)
    own = shuffled(written("train"))
    train = shuffled([*public.train[:LEARNED], *own * REPEATED])
    return apart("polarity", train, [*public.dev[:3000], *written("dev")], [*public.test, *held_out("polarity")])
