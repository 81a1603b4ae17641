"""Tokens, notes, scales and chords."""

from __future__ import annotations

import numpy as np
import pytest

from models.music.tensor import (
    HOLD,
    MODES,
    PENTATONIC,
    REST,
    SCALES,
    Note,
    centred_base,
    chords_of,
    notes_of,
    scale_of,
    tokens_of,
    triad,
)
from models.music.turning import turn_chords, turn_tokens

ANY_PITCH = np.ones(36, bool)


def test_tokens_and_notes_are_two_ways_of_saying_the_same() -> None:
    notes = [Note(0, 4, 12), Note(4, 2, 14), Note(8, 8, 7)]
    row = tokens_of(notes, 16)
    assert row.tolist() == [12, HOLD, HOLD, HOLD, 14, HOLD, REST, REST, 7, *[HOLD] * 7]
    assert notes_of(row) == notes


def test_a_hold_without_a_note_is_silence() -> None:
    assert notes_of([HOLD, HOLD, 5, HOLD]) == [Note(2, 2, 5)]


@pytest.mark.parametrize("mode", MODES)
def test_the_chords_of_a_mode_lie_in_its_scale_except_the_dominant_of_a_minor_one(mode: str) -> None:
    for chord in chords_of(mode):
        assert set(triad(chord)) <= set(scale_of(mode)) or chord == 14
    assert int(3 in scale_of(mode)) in chords_of(mode), "the tonic's own chord"


@pytest.mark.parametrize("mode", PENTATONIC)
def test_a_pentatonic_mode_is_part_of_its_seven_note_scale(mode: str) -> None:
    assert set(SCALES[mode]) <= set(scale_of(mode))


def test_the_range_lies_in_the_middle_and_the_base_is_a_tonic() -> None:
    base = centred_base([60, 79], 2)
    assert base % 12 == 2
    assert base <= 60
    assert base + 35 >= 79


def test_turning_into_minor_and_back_keeps_rhythm_and_degrees() -> None:
    major = np.array([12, HOLD, 16, HOLD, 19, HOLD, 21, REST], np.uint8)
    minor = turn_tokens(major, "major", "minor", ANY_PITCH)
    assert minor.tolist() == [12, HOLD, 15, HOLD, 19, HOLD, 20, REST]
    assert turn_tokens(minor, "minor", "major", ANY_PITCH).tolist() == major.tolist()
    assert turn_chords(np.array([0, 14, 10], np.uint8), "major", "minor").tolist() == [1, 14, 11]


@pytest.mark.parametrize("old", MODES)
@pytest.mark.parametrize("new", MODES)
def test_a_turned_melody_lies_in_the_new_scale(old: str, new: str) -> None:
    melody = np.array([s + 12 for s in SCALES[old]], np.uint8)
    assert set((turn_tokens(melody, old, new, ANY_PITCH) % 12).tolist()) <= set(SCALES[new])
