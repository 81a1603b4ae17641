"""What the generator is compared with: chains of notes and random notes."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from models.music.tensor import HOLD, PHRASE_STEPS, PITCHES, REST, Note, Tokens, Tune, notes_of, tokens_of

State = tuple[int, int]
"""Pitch and length of a note; the pitch of a rest is -1."""
START: State = (-2, 0)


def events(tokens: Tokens) -> list[State]:
    """Notes and rests in order."""
    found: list[State] = []
    at = 0
    for note in notes_of(tokens):
        if note.start > at:
            found.append((-1, note.start - at))
        found.append((note.pitch, note.length))
        at = note.start + note.length
    return found


class MarkovChain:
    """A chain of notes (pitch and length together) of an order; where it never was, it falls back to a lower one."""

    def __init__(self, tunes: list[Tune], order: int) -> None:
        self.order = order
        self.table: dict[tuple[State, ...], Counter[State]] = defaultdict(Counter)
        for tune in tunes:
            row = [START] * order + events(tune.tokens)
            for i in range(order, len(row)):
                for back in range(order + 1):
                    self.table[tuple(row[i - back : i])][row[i]] += 1

    def sample(self, steps: int, random: np.random.Generator) -> Tokens:
        """[steps] of melody from the beginning of a tune on."""
        row, notes, at = [START] * self.order, [], 0
        while at < steps:
            context = next(
                c for back in range(self.order, -1, -1) if (c := tuple(row[len(row) - back :])) in self.table
            )
            choices = self.table[context]
            counts = np.array(list(choices.values()), float)
            state = list(choices)[int(random.choice(len(counts), p=counts / counts.sum()))]
            row.append(state)
            if state[0] >= 0:
                notes.append(Note(at, min(state[1], steps - at), state[0]))
            at += state[1]
        return tokens_of(notes, steps)


def random_notes(random: np.random.Generator, notes_a_bar: float) -> Tokens:
    """[64] a phrase with notes of any pitch beginning at any step, ``notes_a_bar`` on average."""
    row = np.full(PHRASE_STEPS, HOLD, np.uint8)
    begin = random.random(PHRASE_STEPS) < notes_a_bar / 16
    row[begin] = random.integers(PITCHES, size=int(begin.sum()))
    if not begin[0]:
        row[0] = REST
    return row
