"""The files that a piece is handed over as: complete, readable, and marked as generated."""

from __future__ import annotations

import io
import wave
from xml.etree import ElementTree as Xml

import mido
import numpy as np
import pytest
import soundfile
from PIL import Image

from models.music import audio
from models.music.backing import backing, voicing
from models.music.files import midi_file, page_files, sound_files
from models.music.midi import AI_MARK, MAX_BYTES, MidiError, find_key, read_midi, write_midi
from models.music.model import MusicModel
from models.music.musicxml import TYPES, fifths, split, write_musicxml
from models.music.pictures import draw_score
from models.music.piece import PATTERNS, Piece, Request
from models.music.tensor import Note, tokens_of


@pytest.fixture(scope="module")
def piece(model: MusicModel) -> Piece:
    return model.compose(Request("fiddle", tonic=2, bars=8, tempo=150, seed=1, pattern="broken", instrument=73))


def melody(*pitches: int) -> Piece:
    notes = [Note(4 * i, 4, p) for i, p in enumerate(pitches)]
    bars = len(pitches) // 4
    request = Request("fiddle", bars=bars, pattern="none")
    return Piece(request, tokens_of(notes, 16 * bars), np.zeros(2 * bars, np.uint8), 60)


def test_the_melody_can_be_read_back(piece: Piece) -> None:
    found = read_midi(write_midi(piece, "曲"))
    assert (found.tempo, found.program) == (150, 73)
    assert len(found.tokens) == 16 * 8


def test_a_known_melody_is_read_exactly() -> None:
    tune = melody(0, 2, 4, 7, 9, 7, 4, 2, 0, 2, 4, 7, 4, 2, 0, 0)
    found = read_midi(write_midi(tune, "曲"))
    assert (found.tonic, found.mode) == (0, "gong")
    assert [p + found.base for p in found.tokens[::4].tolist()] == [n.pitch for n in tune.notes]


@pytest.mark.parametrize(
    ("classes", "final", "key"),
    [
        ((0, 2, 4, 5, 7, 9, 11), 0, (0, "major")),
        ((0, 2, 3, 5, 7, 8, 10), 0, (0, "minor")),
        ((0, 2, 4, 7, 9), 9, (9, "yu")),
    ],
)
def test_keys_are_heard(classes: tuple[int, ...], final: int, key: tuple[int, str]) -> None:
    weights = np.full(12, 1e-6)
    weights[list(classes)] = 1.0
    weights[final] += 3.0
    weights[(final + 7) % 12] += 1.5
    assert find_key(weights, final) == key


def endless() -> bytes:
    file = mido.MidiFile()
    track = mido.MidiTrack()
    track += [mido.Message("note_on", note=60, velocity=64, time=1) for _ in range(30_000)]
    file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def empty() -> bytes:
    out = io.BytesIO()
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(file=out)
    return out.getvalue()


HOSTILE = {
    "nothing": b"",
    "only a name": b"MThd",
    "a lie about its length": b"MThd\0\0\0\6\0\1\xff\xff\0\x60MTrk\x7f\xff\xff\xff\0\x90\x3c\x40",
    "noise": b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\x40" + bytes(range(64)),
    "no time": b"MThd\0\0\0\6\0\1\0\0\0\0",
    "another file": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "too large": b"MThd" + b"\0" * MAX_BYTES,
    "no notes": empty(),
    "too many notes": endless(),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_or_hostile_file_is_a_sentence(name: str) -> None:
    with pytest.raises(MidiError) as caught:
        read_midi(HOSTILE[name])
    assert "MIDI" in caught.value.user_message


@pytest.mark.timeout(60)
def test_no_damage_to_a_file_gets_through_as_another_error(piece: Piece) -> None:
    data = write_midi(piece, "曲")
    random = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(data)
        for at in random.integers(len(data), size=4):
            damaged[at] = int(random.integers(256))
        try:
            found = read_midi(bytes(damaged[: int(random.integers(20, len(data)))]))
        except MidiError:
            continue
        assert len(found.tokens) <= 32 * 16


def test_a_note_far_away_does_not_make_a_piece_of_years() -> None:
    track = mido.MidiTrack([mido.Message("note_on", note=60, velocity=64, time=2**27)])
    track.append(mido.Message("note_off", note=60, time=10))
    out = io.BytesIO()
    mido.MidiFile(tracks=[track]).save(file=out)
    assert len(read_midi(out.getvalue()).tokens) == 16


@pytest.mark.parametrize("length", range(1, 17))
@pytest.mark.parametrize("start", range(16))
def test_lengths_are_split_into_notes_that_can_be_written(start: int, length: int) -> None:
    if start + length <= 16:
        parts = split(start, length)
        assert sum(size for _, size in parts) == length
        assert all(size in TYPES for _, size in parts)


def test_every_bar_of_the_musicxml_is_full(piece: Piece) -> None:
    root = Xml.fromstring(write_musicxml(piece, "曲", "长笛"))  # noqa: S314 - our own
    parts = root.findall("part")
    assert len(parts) == 2
    for part in parts:
        assert len(part.findall("measure")) == 8
        for measure in part.findall("measure"):
            lengths = [int(n.findtext("duration", "0")) for n in measure.findall("note") if n.find("chord") is None]
            assert sum(lengths) == 16


def test_the_musicxml_says_the_melody(piece: Piece) -> None:
    root = Xml.fromstring(write_musicxml(piece, "曲", "长笛"))  # noqa: S314 - our own
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    written = []
    for note in root.findall("part")[0].iter("note"):
        tied = any(t.get("type") == "stop" for t in note.findall("tie"))
        pitch = note.find("pitch")
        if pitch is not None and not tied:
            alter = int(pitch.findtext("alter", "0"))
            octave = int(pitch.findtext("octave", "0"))
            written.append(steps[pitch.findtext("step", "")] + alter + 12 * (octave + 1))
    assert written == [n.pitch for n in piece.notes]
    assert root.findtext("identification/encoding/encoding-description") == AI_MARK


@pytest.mark.parametrize(("tonic", "mode", "sharps"), [(0, "major", 0), (7, "major", 1), (9, "minor", 0), (5, "major", -1),
                                                       (2, "dorian", 0), (7, "zhi", 0), (10, "major", -2), (6, "major", 6)])  # fmt: skip
def test_key_signatures(tonic: int, mode: str, sharps: int) -> None:
    assert fifths(tonic, mode) == sharps


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_accompaniment_plays_the_chords(model: MusicModel, pattern: str) -> None:
    piece = model.compose(Request("chorale", bars=4, seed=2, pattern=pattern, tonic=5))
    sounds = backing(piece)
    assert bool(sounds) == (pattern != "none")
    for sound in sounds:
        bass, upper = voicing(int(piece.chords[sound.start // 8]), 5)
        assert sound.pitch in (bass, *upper)
        assert sound.start + sound.length <= 64


def test_sound_is_heard_and_marked(piece: Piece) -> None:
    mp3, wav = sound_files(midi_file(piece, "曲"), "Wenyu")
    assert (mp3.mime, wav.mime) == ("audio/mpeg", "audio/wav")
    with soundfile.SoundFile(io.BytesIO(mp3.data)) as file:
        samples = file.read()
        assert abs(len(samples) / file.samplerate - piece.seconds) < 3
        assert float(np.abs(samples).max()) > 0.3
        assert file.comment == audio.AI_TAG
    with wave.open(io.BytesIO(wav.data)) as plain:
        assert plain.getnchannels() == 1


def test_ogg_can_be_written_too(piece: Piece) -> None:
    samples, rate = audio.render(write_midi(piece.first_bars(1), "曲"))
    with soundfile.SoundFile(io.BytesIO(audio.encode(samples, rate, "ogg", "x"))) as file:
        assert file.comment == audio.AI_TAG


def test_a_missing_soundfont_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import pretty_midi

    audio.soundfont.cache_clear()
    monkeypatch.setattr(pretty_midi, "__file__", "/nowhere/x.py")
    with pytest.raises(audio.SoundError, match="音色库"):
        audio.soundfont()
    audio.soundfont.cache_clear()


def test_the_pages_are_pictures_and_marked(piece: Piece) -> None:
    score, roll, notation = page_files(piece, "曲", "长笛")
    svg = Xml.fromstring(score.data)  # noqa: S314 - our own
    assert svg.tag.endswith("svg")
    assert AI_MARK.encode() in score.data
    with Image.open(io.BytesIO(roll.data)) as picture:
        assert picture.width > 8 * 16 * 4
        assert picture.text["Comment"] == AI_MARK  # type: ignore[attr-defined]
    assert notation.suffix == ".musicxml"


def test_scores_are_drawn_in_any_thread(piece: Piece) -> None:
    import threading

    drawn: list[str] = []
    thread = threading.Thread(target=lambda: drawn.append(draw_score(write_musicxml(piece, "曲", "长笛"))))
    thread.start()
    thread.join()
    assert drawn
    assert "<svg" in drawn[0]
