"""A FAQ laid out for retrieval: numbered entries, their questions and the parts of their answers.

Answers are searched too, whole and by sentence: people ask for details that only the answer mentions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from knowledge.normalise import normalise
from knowledge.store import Entry

Ints = npt.NDArray[np.int64]

_SENTENCE_END = re.compile(r"[。！？；\n]")
MAX_PART = 200
"""Characters of an answer, or of one of its sentences, that are encoded."""
MIN_SENTENCE = 6


@dataclass(frozen=True)
class Corpus:
    """questions[i] (normalised) belongs to entries[question_owner[i]]; parts likewise; both are in entry order."""

    entries: tuple[Entry, ...]
    questions: tuple[str, ...]
    question_owner: Ints
    parts: tuple[str, ...]
    part_owner: Ints
    whole: Ints
    """Row in `parts` of each entry's whole answer."""
    outside: tuple[str, ...] = ()
    """Normalised questions that the FAQ is known not to answer."""

    @property
    def texts(self) -> list[str]:
        """Everything that is encoded: questions, parts of answers, questions from outside."""
        return [*self.questions, *self.parts, *self.outside]

    @cached_property
    def question_starts(self) -> Ints:
        """First question of every entry, and the end: [n_entries + 1]."""
        return np.searchsorted(self.question_owner, np.arange(len(self.entries) + 1)).astype(np.int64)

    @cached_property
    def part_starts(self) -> Ints:
        """First part of every entry, and the end: [n_entries + 1]."""
        return np.searchsorted(self.part_owner, np.arange(len(self.entries) + 1)).astype(np.int64)


def lay_out(entries: Sequence[Entry], outside: Sequence[str] = ()) -> Corpus:
    """The corpus of the entries, and of questions that none of them answers."""
    questions: list[str] = []
    question_owner: list[int] = []
    parts: list[str] = []
    part_owner: list[int] = []
    whole: list[int] = []
    for number, entry in enumerate(entries):
        questions += [normalise(question) for question in entry.questions]
        question_owner += [number] * len(entry.questions)
        answer = normalise(entry.answer)
        sentences = [s.strip() for s in _SENTENCE_END.split(answer) if len(s.strip()) >= MIN_SENTENCE]
        whole.append(len(parts))
        pieces = [answer[:MAX_PART], *(sentence[:MAX_PART] for sentence in sentences)]
        parts += pieces
        part_owner += [number] * len(pieces)
    return Corpus(
        entries=tuple(entries),
        questions=tuple(questions),
        question_owner=np.array(question_owner, dtype=np.int64),
        parts=tuple(parts),
        part_owner=np.array(part_owner, dtype=np.int64),
        whole=np.array(whole, dtype=np.int64),
        outside=tuple(normalise(text) for text in outside),
    )
