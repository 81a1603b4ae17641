"""Held-out texts of the shipped tasks, written by a person who had not seen the training texts; only measured on.

``heldout/`` has a file a task: labels (separated by slashes) and a text a line. Texts that were looked at to change the
code or the training data move to ``written/`` and are replaced by new ones.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from knowledge.normalise import normalise
from models.classifier.corpora import Sample
from models.tsv import read_rows

HELD_OUT = Path(__file__).resolve().parent / "heldout"


@cache
def held_out(task: str) -> tuple[Sample, ...]:
    """The texts of a task: channel, polarity or genre."""
    return tuple(
        Sample(normalise(row["text"]), tuple(row["labels"].split("/"))) for row in read_rows(HELD_OUT / f"{task}.tsv")
    )
