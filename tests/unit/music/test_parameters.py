"""What is asked of a piece is what its MIDI file holds: 200 requests at random, read back with mido."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import mido
import numpy as np
import pytest

from models.music.cadence import CLOSED, FINAL, OPEN
from models.music.composer import form_of
from models.music.midi import AI_MARK, STEP_TICKS, TICKS, write_midi
from models.music.model import MusicModel
from models.music.piece import FASTEST, HIGHEST, LEAST_SPAN, LOWEST, PATTERNS, SLOWEST, Request, RequestError
from models.music.tensor import MODES, SCALES

REQUESTS = 200


def requests() -> list[Request]:
    random = np.random.default_rng(7)
    made = []
    for i in range(REQUESTS):
        low = int(random.integers(LOWEST, HIGHEST - LEAST_SPAN + 1))
        high = int(random.integers(low + LEAST_SPAN, min(HIGHEST, low + 24) + 1))
        made.append(
            Request(
                style=("fiddle", "chorale", "chinese")[i % 3],
                mode=MODES[int(random.integers(len(MODES)))],
                tonic=int(random.integers(12)),
                bars=int(random.integers(1, 13)) if i else 64,
                tempo=int(random.integers(SLOWEST, FASTEST + 1)),
                density=int(random.integers(1, 13)),
                low=low,
                high=high,
                instrument=int(random.integers(128)),
                backing=int(random.integers(128)),
                pattern=PATTERNS[int(random.integers(len(PATTERNS)))],
                seed=int(random.integers(2**31)),
            )
        )
    return made


@dataclass(frozen=True)
class Heard:
    """What a MIDI file says: quarters a minute, bars, programs by track, (onset, pitch) of the melody in steps."""

    tempo: float
    bars: float
    programs: tuple[int, ...]
    notes: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]


def heard(data: bytes) -> Heard:
    file = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    head, *tracks = file.tracks
    tempo = next(mido.tempo2bpm(m.tempo) for m in head if m.type == "set_tempo")
    length = sum(m.time for m in head)
    notes, tick = [], 0
    for message in tracks[0]:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            notes.append((tick // STEP_TICKS, message.note))
    programs = tuple(m.program for t in tracks for m in t if m.type == "program_change")
    return Heard(
        tempo, (length / TICKS - 4) / 4, programs, tuple(notes), tuple(m.text for m in head if m.type == "text")
    )


@pytest.mark.parametrize("request_", requests(), ids=range(REQUESTS))
def test_a_piece_is_what_was_asked(model: MusicModel, request_: Request) -> None:
    piece = model.compose(request_)
    found = heard(write_midi(piece, "曲"))
    assert round(found.tempo) == request_.tempo
    assert found.bars == request_.bars
    assert found.programs[0] == request_.instrument
    assert len(found.programs) == (1 if request_.pattern == "none" else 2)
    pitches = [pitch for _, pitch in found.notes]
    assert pitches
    assert request_.low <= min(pitches)
    assert max(pitches) <= request_.high
    assert {(p - request_.tonic) % 12 for p in pitches} <= set(SCALES[request_.mode])
    assert (pitches[-1] - request_.tonic) % 12 == 0, "it ends on the tonic"
    assert max(step for step, _ in found.notes) < 16 * request_.bars
    assert AI_MARK in found.texts


def test_the_same_request_is_the_same_piece_and_another_seed_another(model: MusicModel) -> None:
    request = Request("fiddle", seed=5, bars=8)
    assert write_midi(model.compose(request), "x") == write_midi(model.compose(request), "x")
    assert model.compose(request).tokens.tolist() != model.compose(replace(request, seed=6)).tokens.tolist()


BASE = Request("fiddle", seed=3, bars=16)


def tokens(model: MusicModel, request: Request) -> list[list[int]]:
    piece = model.compose(request)
    return piece.tokens.reshape(-1, 64).tolist() if request.bars % 4 == 0 else [piece.tokens.tolist()]


def test_rewriting_a_phrase_keeps_the_others(model: MusicModel) -> None:
    before, after = tokens(model, BASE), tokens(model, replace(BASE, rewritten=((0, 1), (1, 2))))
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert before[2:] == after[2:]
    assert after[1] != tokens(model, replace(BASE, rewritten=((1, 1),)))[1], "once more is another version"


def test_a_longer_piece_begins_with_the_shorter_one(model: MusicModel) -> None:
    longer = tokens(model, replace(BASE, bars=24, closings=(3,)))
    assert longer[:4] == tokens(model, BASE)
    assert len(longer) == 6


def test_transposing_moves_every_note_by_the_same(model: MusicModel) -> None:
    before = model.compose(BASE)
    after = model.compose(replace(BASE, tonic=4, low=BASE.low + 4, high=BASE.high + 4))
    assert [n.pitch + 4 for n in before.notes] == [n.pitch for n in after.notes]
    assert [(n.start, n.length) for n in before.notes] == [(n.start, n.length) for n in after.notes]


def test_turning_the_mode_keeps_the_rhythm(model: MusicModel) -> None:
    before = model.compose(BASE)
    after = model.compose(replace(BASE, mode="minor", written_mode="major"))
    assert [(n.start, n.length) for n in before.notes] == [(n.start, n.length) for n in after.notes]
    assert {(n.pitch - BASE.tonic) % 12 for n in after.notes} <= set(SCALES["minor"])


@pytest.mark.parametrize("change", [{"tempo": 200}, {"instrument": 73}, {"pattern": "none"}, {"pattern": "broken"}])
def test_tempo_instrument_and_accompaniment_leave_the_melody_alone(model: MusicModel, change: dict[str, int]) -> None:
    changed = replace(BASE, **change)  # type: ignore[arg-type]
    assert model.compose(changed).tokens.tolist() == model.compose(BASE).tokens.tolist()


def test_an_own_opening_stays_as_it_is(model: MusicModel) -> None:
    own = tuple([37] * 32 + [12, 36, 13, 36] * 8)
    piece = model.compose(replace(BASE, bars=10, opening=own, skip=2))
    assert piece.tokens[:32].tolist() == list(own[32:])
    assert len(piece.tokens) == 160


def test_the_form_comes_back_to_its_beginning() -> None:
    form = form_of(8)
    assert [(p.back, p.relation) for p in form[:4]] == [(-1, 0), (0, 2), (1, 3), (0, 2)]
    assert [p.back for p in form[4:]] == [0, 4, 5, 0]
    assert [p.ending for p in form] == [OPEN, CLOSED, OPEN, CLOSED, OPEN, CLOSED, OPEN, FINAL]
    assert all(p.back < number for number, p in enumerate(form_of(16)))


@pytest.mark.parametrize("seed", range(6))
def test_no_interval_is_wider_than_an_octave(model: MusicModel, seed: int) -> None:
    pitches = [n.pitch for n in model.compose(replace(BASE, seed=seed, low=48, high=84)).notes]
    assert max(abs(np.diff(pitches))) <= 12


@pytest.mark.parametrize("mode", MODES)
def test_every_phrase_ends_where_a_breath_can_be_taken(model: MusicModel, mode: str) -> None:
    request = replace(BASE, mode=mode, bars=32, tonic=3, density=9)
    piece = model.compose(request)
    last = [next(n for n in piece.notes if n.start == 64 * phrase + 56) for phrase in range(8)]
    degrees = [(n.pitch - request.tonic) % 12 for n in last]
    assert set(degrees[1::2]) == {0}, "closed phrases end on the tonic"
    assert set(degrees[::2]) <= {2, 7} | ({5} if mode == "jue" else set()), "open ones do not"
    assert all(n.length >= 4 for n in last)
    assert last[-1].length == 8


@pytest.mark.parametrize(
    "change",
    [{"bars": 0}, {"bars": 65}, {"bars": 10_000}, {"tempo": -5}, {"tempo": 0}, {"tempo": 241}, {"low": 80, "high": 84},
     {"low": 0}, {"high": 127}, {"mode": "lydian"}, {"tonic": 12}, {"instrument": 128}, {"density": 0}, {"pattern": "x"},
     {"opening": (1, 2, 3)}],
    ids=str,
)  # fmt: skip
def test_out_of_bounds_is_refused_with_a_sentence(model: MusicModel, change: dict[str, int]) -> None:
    with pytest.raises(RequestError) as caught:
        model.compose(replace(BASE, **change))  # type: ignore[arg-type]
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.user_message)
