"""Reading scores: bars, keys and the bar lines that the Essen files leave out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from models.music.corpus import split_of
from models.music.harmony import Harmoniser, half_bar_weights, label
from models.music.own import theory
from models.music.scores import bars_of, chinese_key, close_lines, grid_of, key_of_abc, split_abc
from models.music.tensor import HOLD, Note, tokens_of, triad

ABC = "X:1\nT: a tune\nM:2/4\nL:1/8\nK:D\nA2 B2 | d4\nB2 A2 |\n\nX:2\nT: another\nK: Ador\nA8\n"


def measure(*lengths: float, signature: str | None = None, tie: str | None = None) -> Any:
    notes, at = [], 0.0
    for length in lengths:
        pitch = SimpleNamespace(midi=60 + len(notes))
        note_tie = SimpleNamespace(type=tie) if tie and not notes else None
        notes.append(SimpleNamespace(offset=at, quarterLength=length, pitches=(pitch,), tie=note_tie))
        at += length
    time = SimpleNamespace(ratioString=signature) if signature else None
    flat = SimpleNamespace(notes=notes)
    return SimpleNamespace(timeSignature=time, duration=SimpleNamespace(quarterLength=at), flatten=lambda: flat)


def part(*measures: Any) -> Any:
    return SimpleNamespace(getElementsByClass=lambda name: measures)


def test_a_line_of_music_ends_with_a_bar_line() -> None:
    assert "d4 |\nB2 A2 |\n" in close_lines(ABC)
    assert "T: a tune\n" in close_lines(ABC)


def test_the_tunes_of_a_file_and_their_keys() -> None:
    tunes = list(split_abc(ABC))
    assert [key_of_abc(t) for t in tunes] == [(2, "major"), (9, "dorian")]
    assert key_of_abc("X:3\nK:Elyd\nE4") is None


def test_the_line_after_the_key_is_no_part_of_it() -> None:
    assert key_of_abc("K:G\nmixed up") == (7, "major")


def test_an_upbeat_is_left_out_and_two_halves_make_a_bar() -> None:
    runs = bars_of(part(measure(1, signature="4/4"), measure(4), measure(3), measure(1), measure(2, 2)))
    assert [len(run) for run in runs] == [3]
    assert [e.onset for e in runs[0][1]] == [0.0, 3.0]


def test_two_bars_of_two_four_are_one_of_four_four() -> None:
    runs = bars_of(part(measure(2, signature="2/4"), measure(1, 1), measure(2), measure(2)))
    assert [[e.onset for e in bar] for bar in runs[0]] == [[0.0, 2.0, 3.0], [0.0, 2.0]]


def test_a_bar_of_a_wrong_length_and_another_metre_end_the_run() -> None:
    runs = bars_of(part(measure(4, signature="4/4"), measure(4, 1), measure(4)))
    assert [len(r) for r in runs] == [1, 1]
    assert bars_of(part(measure(3, signature="3/4"), measure(3))) == [[]]


def test_a_tie_is_held_over_the_bar_line() -> None:
    runs = bars_of(part(measure(4, signature="4/4"), measure(2, 2, tie="stop")))
    row = grid_of(runs[0], 60)
    assert row[16] == HOLD
    assert row[24] == 1


def test_the_tonic_of_a_chinese_tune_is_its_last_note() -> None:
    weights = np.full(12, 1e-6)
    weights[[0, 2, 4, 7, 9]] = 1.0
    assert chinese_key(weights, 7, 0) == (7, "zhi")
    assert chinese_key(weights, 9, 0) == (9, "yu")


def test_a_tune_is_always_in_the_same_part_of_the_data() -> None:
    assert [split_of(f"han1.abc#{i}") for i in range(6)] == [split_of(f"han1.abc#{i}") for i in range(6)]
    share = sum(split_of(str(i)) == "train" for i in range(2000)) / 2000
    assert 0.75 < share < 0.85


def test_a_half_bar_of_several_voices_is_the_triad_that_it_sounds() -> None:
    weights = np.zeros(12)
    weights[[7, 11, 2]] = (8, 4, 4)
    assert label(weights, 7) == 14


def test_a_scale_over_the_tonic_is_harmonised_with_chords_that_hold_its_notes() -> None:
    melody = tokens_of([Note(0, 8, 12), Note(8, 8, 19), Note(16, 8, 17), Note(24, 8, 12)], 32)
    chords = theory().harmonise(melody, "major")
    assert len(chords) == 4
    for chord, pitch in zip(chords, (0, 7, 5, 0), strict=True):
        assert pitch in triad(int(chord))
    assert chords[-1] == 0


def test_a_counted_harmoniser_prefers_what_it_saw() -> None:
    weights = half_bar_weights(tokens_of([Note(0, 8, 12), Note(8, 8, 19)], 16))
    counted = Harmoniser.count([(weights, np.array([0, 14]), False)] * 20)
    assert counted.harmonise(tokens_of([Note(0, 8, 12), Note(8, 8, 19)], 16), "major", False).tolist() == [0, 14]
