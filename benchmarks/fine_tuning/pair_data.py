"""Sentence pairs for tuning and judging the encoder, read from a folder of public Chinese data sets.

Folder layout: zh-pairs-csts (AFQMC, OPPO, LCQMC), simclue, customer-intent-cic; their terms are listed in
models/encoder/MODEL_CARD.md. Nothing of them is part of this repository.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCES = (
    "AFQMC train (CLUE, academic use)",
    "OPPO XiaoBu dev, without its last 1000 pairs (no licence given)",
    "SimCLUE train_rank_1w (CLUE, academic use)",
    "DataCLUE CIC train (no licence given)",
)
"""What is trained on, with its terms."""
MAX_CHARACTERS = 32
"""Longer sentences are left out: FAQ questions are short, and a padded batch costs by its longest row."""
OPPO_HELD_OUT = 1000
"""The last pairs of OPPO's file, kept for judging."""


class Triplet(NamedTuple):
    """A question, one that means the same, and one that looks alike but does not ("" where none is known)."""

    anchor: str
    positive: str
    negative: str


class LabelledPair(NamedTuple):
    """Two sentences; label 1: they mean the same."""

    first: str
    second: str
    label: int


def read_labelled(path: Path) -> list[LabelledPair]:
    """Tab-separated rows: sentence, sentence, 0 or 1."""
    rows = (line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8"))
    return [LabelledPair(r[0], r[1], int(r[2])) for r in rows if len(r) == 3 and r[2] in "01"]


def _json_lines(path: Path) -> Iterator[dict[str, str]]:
    for line in path.open(encoding="utf-8"):
        if line.strip():
            yield json.loads(line)


def _short(*sentences: str) -> bool:
    return all(2 <= len(s) <= MAX_CHARACTERS for s in sentences)


def training_triplets(data: Path, rng: random.Random) -> list[Triplet]:
    """SimCLUE's ranked triplets, AFQMC's and OPPO's equal pairs, and pairs of one customer intent, shuffled."""
    triplets = []
    for row in _json_lines(data / "simclue" / "datasets__train_rank_1w.json"):
        if _short(row["query"], row["title"], row["neg_title"]):
            triplets.append(Triplet(row["query"], row["title"], row["neg_title"]))
    for name in ("AFQMC__train.txt", "OPPO-xiaobu__dev.txt"):
        pairs = read_labelled(data / "zh-pairs-csts" / name)
        pairs = pairs[:-OPPO_HELD_OUT] if name.startswith("OPPO") else pairs
        equal = [p for p in pairs if p.label == 1 and _short(p.first, p.second)]
        rng.shuffle(equal)
        triplets += [Triplet(p.first, p.second, "") for p in equal[:5000]]
    by_intent = defaultdict(list)
    for row in _json_lines(data / "customer-intent-cic" / "datasets__raw_cic__train.json"):
        if _short(row["sentence"]):
            by_intent[row["label"]].append(row["sentence"])
    for sentences in by_intent.values():
        rng.shuffle(sentences)
        triplets += [Triplet(a, b, "") for a, b in zip(sentences[::2], sentences[1::2], strict=False)]
    rng.shuffle(triplets)
    return triplets


def training_pairs(data: Path, rng: random.Random) -> list[LabelledPair]:
    """AFQMC's and OPPO's labelled pairs, shuffled."""
    folder = data / "zh-pairs-csts"
    pairs = read_labelled(folder / "AFQMC__train.txt")
    pairs += read_labelled(folder / "OPPO-xiaobu__dev.txt")[:-OPPO_HELD_OUT]
    pairs = [p for p in pairs if _short(p.first, p.second)]
    rng.shuffle(pairs)
    return pairs


def held_out_pairs(data: Path) -> dict[str, list[LabelledPair]]:
    """Pairs that are never trained on, by data set."""
    folder = data / "zh-pairs-csts"
    return {
        "LCQMC dev": read_labelled(folder / "LCQMC__dev.txt"),
        "AFQMC dev": read_labelled(folder / "AFQMC__dev.txt"),
        "OPPO dev, last 1000": read_labelled(folder / "OPPO-xiaobu__dev.txt")[-OPPO_HELD_OUT:],
    }
