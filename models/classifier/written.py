"""Texts written for this project, with their labels: several writers a task, none of whom saw the held-out texts.

``written/`` has a file a task: the writer, labels (separated by slashes) and a text a line. Texts of one writer resemble
and often mirror each other, so what is judged while others are learned from is all of a writer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge.normalise import normalise
from models.classifier.corpora import Sample
from models.tsv import read_rows

WRITTEN = Path(__file__).resolve().parent / "written"
JUDGES = {"polarity": ("films", "music-books-games", "stage-venues"), "channel": ("first",), "genre": ("second",)}
"""Writers whose texts are judged by a network that learned from the others'."""
LAST = {"genre": 260}
"""Where nearly everything is one writer's, only that many texts are judged, the last."""


@dataclass(frozen=True)
class Turn:
    """What is judged, and the written texts that are learned from meanwhile."""

    name: str
    learned: tuple[Sample, ...]
    judged: tuple[Sample, ...]


@cache
def by_writer(task: str) -> dict[str, tuple[Sample, ...]]:
    """The texts of a task (channel, polarity or genre), normalised, by their writers."""
    found: dict[str, list[Sample]] = {}
    for row in read_rows(WRITTEN / f"{task}.tsv"):
        found.setdefault(row["writer"], []).append(Sample(normalise(row["text"]), tuple(row["labels"].split("/"))))
    return {writer: tuple(samples) for writer, samples in found.items()}


def written(task: str) -> tuple[Sample, ...]:
    """All texts of a task."""
    return tuple(sample for samples in by_writer(task).values() for sample in samples)


def turns(task: str) -> list[Turn]:
    """The texts of each judge in turn."""
    found = []
    for writer in JUDGES[task]:
        judged = by_writer(task)[writer][-LAST.get(task, 0) :]
        chosen = set(judged)
        found.append(Turn(writer, tuple(s for s in written(task) if s not in chosen), judged))
    return found
