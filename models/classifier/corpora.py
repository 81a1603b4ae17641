"""The public corpora that the shipped weights are trained and measured on, read from a folder given by the caller.

Nothing of them is part of this repository. Expected below the folder, as their repositories name them:

* ``thucnews10``: THUCNews titles in 10 classes, ``…dev.txt`` (and ``…test.txt`` where it is there); research use.
* ``tnews``: Toutiao titles in 15 classes, ``…train.json`` and ``…dev.json`` of CLUE; no licence is stated.
* ``chnsenti-waimai``: reviews of hotels, deliveries and goods with polarity; no licence is stated.
* ``simclue``, ``qbqtc``, ``kdconv``: sentences without labels, to learn from the sentence encoder.

Parts: ``train`` is learned from, ``dev`` stops training and fits temperature and threshold, ``test`` is only measured on.
"""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.normalise import match_key, normalise
from models.classifier.errors import CorpusError

SEED = 0
REVIEWS, REVIEW_LENGTH = 20_000, 300
"""Reviews that are used, and how much of each."""
TNEWS_NAMES = {
    "story": "故事", "culture": "文化", "entertainment": "娱乐", "sports": "体育", "finance": "财经", "house": "房产",
    "car": "汽车", "edu": "教育", "tech": "科技", "military": "军事", "travel": "旅游", "world": "国际",
    "stock": "股票", "agriculture": "农业", "game": "电竞",
}  # fmt: skip
THUCNEWS_NAMES = ("财经", "房产", "股票", "教育", "科技", "社会", "时政", "体育", "游戏", "娱乐")


@dataclass(frozen=True)
class Sample:
    """A text with its labels (one, or several of a multi-label task); ``hint``: further words on the same subject."""

    text: str
    labels: tuple[str, ...]
    hint: str = ""


@dataclass(frozen=True)
class Corpus:
    """The three parts; no text is in two of them."""

    name: str
    train: tuple[Sample, ...]
    dev: tuple[Sample, ...]
    test: tuple[Sample, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({label for sample in self.train for label in sample.labels}))


def find(folder: Path, pattern: str) -> Path:
    """The one file that matches; raises CorpusError when there is none."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise CorpusError(f"没有找到语料 {pattern}。", hint="用 --corpora 指定放语料的文件夹，见 docs/分类.md")
    return found[0]


def apart(name: str, train: Iterable[Sample], dev: Iterable[Sample], test: Iterable[Sample]) -> Corpus:
    """A corpus whose parts share no text: a text of test is taken out of dev and train, one of dev out of train."""
    test = tuple(test)
    seen = {match_key(sample.text) for sample in test}
    dev = tuple(sample for sample in dev if match_key(sample.text) not in seen)
    seen |= {match_key(sample.text) for sample in dev}
    return Corpus(name, tuple(sample for sample in train if match_key(sample.text) not in seen), dev, test)


def shuffled(samples: Iterable[Sample], seed: int = SEED) -> list[Sample]:
    """The samples in a fixed random order."""
    out = list(samples)
    random.Random(seed).shuffle(out)
    return out


def split(name: str, samples: Iterable[Sample], dev: float, test: float) -> Corpus:
    """A corpus without parts of its own, in fixed random parts of every class; ``dev`` and ``test`` are shares."""
    by_label: dict[str, list[Sample]] = {}
    for sample in shuffled(samples):
        by_label.setdefault(sample.labels[0], []).append(sample)
    parts: tuple[list[Sample], list[Sample], list[Sample]] = ([], [], [])
    for group in by_label.values():
        a, b = round(len(group) * test), round(len(group) * (test + dev))
        for part, some in zip(parts, (group[b:], group[a:b], group[:a]), strict=True):
            part.extend(some)
    train, held, kept = (shuffled(part) for part in parts)
    return apart(name, train, held, kept)


def thucnews(folder: Path) -> Corpus:
    """10,000 titles in 10 classes: 72 % train, 8 % dev, 20 % test; with the public test file that is the test part."""

    def read(path: Path) -> Iterator[Sample]:
        for line in path.read_text(encoding="utf-8").splitlines():
            text, _, code = line.rpartition("\t")
            yield Sample(normalise(text), (THUCNEWS_NAMES[int(code)],))

    rows = list(read(find(folder, "thucnews10/*dev.txt")))
    public = sorted((folder / "thucnews10").glob("*test.txt"))
    if not public:
        return split("thucnews10", rows, 0.08, 0.2)
    whole = split("thucnews10", rows, 0.08, 0.0)
    return apart("thucnews10", whole.train, whole.dev, read(public[0]))


def tnews(folder: Path) -> Corpus:
    """12,000 titles in 15 classes: the public dev file is the test part, a tenth of the train file is dev."""

    def read(path: Path) -> Iterator[Sample]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            label = TNEWS_NAMES[row["label_desc"].removeprefix("news_")]
            yield Sample(normalise(row["sentence"]), (label,), normalise(row["keywords"]).replace(",", " "))

    whole = split("tnews", read(find(folder, "tnews/*train.json")), 0.1, 0.0)
    return apart("tnews", whole.train, whole.dev, read(find(folder, "tnews/*dev.json")))


def reviews(folder: Path) -> Corpus:
    """20,000 of 82,000 reviews, 正面 or 负面: 60 % train, 15 % dev, 25 % test."""

    def read() -> Iterator[tuple[str, str]]:
        base = "chnsenti-waimai/"
        texts = [find(folder, f"{base}*{name}*.csv").read_text(encoding="utf-8-sig") for name in ("htl", "waimai_10k")]
        with zipfile.ZipFile(find(folder, f"{base}*shopping*.zip")) as archive:
            texts.append(archive.read(archive.namelist()[0]).decode("utf-8-sig"))
        for text in texts:
            for row in csv.DictReader(io.StringIO(text)):
                yield (row["review"] or "")[:REVIEW_LENGTH], "正面" if row["label"] == "1" else "负面"

    rows = list(read())
    random.Random(SEED).shuffle(rows)
    samples = (Sample(normalise(review), (label,)) for review, label in rows[:REVIEWS])
    unique = {match_key(sample.text): sample for sample in samples if len(sample.text) > 1}
    return split("reviews", unique.values(), 0.15, 0.25)


def sentences(folder: Path) -> list[str]:
    """Texts without labels, normalised, each once: headlines, book sentences, questions, encyclopedia entries."""
    out: dict[str, None] = {}
    for path in sorted((folder / "qbqtc").glob("*.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            out.setdefault(normalise(row["sentence2"])[:80])
    for path in sorted((folder / "kdconv").glob("*dev.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            for message in dialogue["messages"]:
                for attribute in message.get("attrs", ()):
                    if len(attribute["attrvalue"]) > 30:
                        out.setdefault(normalise(attribute["attrvalue"])[:80])
    lines = find(folder, "simclue/*corpus*.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        out.setdefault(normalise(line)[:80])
    return [text for text in out if len(text) >= 4]
