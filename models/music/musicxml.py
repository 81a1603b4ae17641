"""MusicXML 4.0: a piece as notation, melody above accompaniment, with chord names and the AI mark."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as Xml

from models.music.backing import Sound, backing
from models.music.midi import AI_MARK
from models.music.piece import Piece
from models.music.tensor import CHORD_STEPS, STEPS, scale_of

TYPES = {16: ("whole", 0), 12: ("half", 1), 8: ("half", 0), 6: ("quarter", 1), 4: ("quarter", 0), 3: ("eighth", 1),
         2: ("eighth", 0), 1: ("16th", 0)}  # fmt: skip
"""Lengths in steps that one note can have: its name and dots."""
BEAT = 4
SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def fifths(tonic: int, mode: str) -> int:
    """The key signature: sharps, or flats as a negative number, -5 … 6."""
    major = next(m for m in range(12) if {(tonic + s) % 12 for s in scale_of(mode)} == {
        (m + s) % 12 for s in scale_of("major")})  # fmt: skip
    return (major * 7 + 5) % 12 - 5


def split(start: int, length: int) -> list[tuple[int, int]]:
    """A stretch of steps within one bar as lengths that single notes can have; beats stay visible.

    A note that begins on a beat may cover several; one that begins off it ends at the next beat first.
    """
    pieces = []
    while length:
        room = BEAT - start % BEAT if start % BEAT else length
        if start % BEAT == 2 and length in (4, 6):
            room = length
        size = max(size for size in TYPES if size <= min(length, room))
        pieces.append((start, size))
        start, length = start + size, length - size
    return pieces


def write_musicxml(piece: Piece, title: str, instrument: str) -> str:
    """The score as uncompressed MusicXML."""
    flats = fifths(piece.request.tonic, piece.request.mode) < 0
    names = FLAT_NAMES if flats else SHARP_NAMES
    root = Xml.Element("score-partwise", version="4.0")
    Xml.SubElement(Xml.SubElement(root, "work"), "work-title").text = title
    identification = Xml.SubElement(root, "identification")
    creator = Xml.SubElement(identification, "creator", type="composer")
    creator.text = "文娱助手（AI生成）"
    encoding = Xml.SubElement(identification, "encoding")
    Xml.SubElement(encoding, "software").text = "Wenyu"
    Xml.SubElement(encoding, "encoding-description").text = AI_MARK
    parts = Xml.SubElement(root, "part-list")
    melody = [Sound(n.start, n.length, n.pitch, 96) for n in piece.notes]
    voices = [(instrument, piece.request.instrument, melody)]
    under = backing(piece)
    if under:
        voices.append(("伴奏", piece.request.backing, under))
    for number, (name, program, _) in enumerate(voices, 1):
        part = Xml.SubElement(parts, "score-part", id=f"P{number}")
        Xml.SubElement(part, "part-name").text = name
        score_instrument = Xml.SubElement(part, "score-instrument", id=f"P{number}-I1")
        Xml.SubElement(score_instrument, "instrument-name").text = name
        midi = Xml.SubElement(part, "midi-instrument", id=f"P{number}-I1")
        Xml.SubElement(midi, "midi-program").text = str(program + 1)
    for number, (_, _, sounds) in enumerate(voices, 1):
        part = Xml.SubElement(root, "part", id=f"P{number}")
        high = number == 1 and sum(s.pitch for s in sounds) >= 60 * len(sounds)
        for bar in range(piece.request.bars):
            measure = Xml.SubElement(part, "measure", number=str(bar + 1))
            if bar == 0:
                _attributes(measure, piece, high)
                if number == 1:
                    _tempo(measure, piece.request.tempo)
            _bar(measure, bar, sounds, names, piece if number == 1 else None)
            if bar == piece.request.bars - 1:
                Xml.SubElement(Xml.SubElement(measure, "barline", location="right"), "bar-style").text = "light-heavy"
    return DOCTYPE + Xml.tostring(root, encoding="unicode")


def _attributes(measure: Xml.Element, piece: Piece, high: bool) -> None:
    attributes = Xml.SubElement(measure, "attributes")
    Xml.SubElement(attributes, "divisions").text = str(BEAT)
    key = Xml.SubElement(attributes, "key")
    Xml.SubElement(key, "fifths").text = str(fifths(piece.request.tonic, piece.request.mode))
    time = Xml.SubElement(attributes, "time")
    Xml.SubElement(time, "beats").text = "4"
    Xml.SubElement(time, "beat-type").text = "4"
    clef = Xml.SubElement(attributes, "clef")
    Xml.SubElement(clef, "sign").text = "G" if high else "F"
    Xml.SubElement(clef, "line").text = "2" if high else "4"


def _tempo(measure: Xml.Element, tempo: int) -> None:
    direction = Xml.SubElement(measure, "direction", placement="above")
    metronome = Xml.SubElement(Xml.SubElement(direction, "direction-type"), "metronome")
    Xml.SubElement(metronome, "beat-unit").text = "quarter"
    Xml.SubElement(metronome, "per-minute").text = str(tempo)
    Xml.SubElement(direction, "sound", tempo=str(tempo))


def _bar(measure: Xml.Element, bar: int, sounds: list[Sound], names: tuple[str, ...], chords: Piece | None) -> None:
    """The notes of one bar; sounds that begin together are a chord, and none overlaps another's beginning."""
    begin, end = bar * STEPS, (bar + 1) * STEPS
    groups: dict[int, list[Sound]] = {}
    for sound in sounds:
        if sound.start < end and sound.start + sound.length > begin:
            groups.setdefault(max(sound.start, begin), []).append(sound)
    at = begin
    written: list[Written] = []
    for onset in sorted(groups):
        group = sorted(groups[onset], key=lambda s: s.pitch)
        following = min([o for o in groups if o > onset], default=end)
        until = min(max(s.start + s.length for s in group), following, end)
        if onset > at:
            _rest(measure, at - begin, onset - at)
        if chords is not None:
            _chord_names(measure, chords, at, onset + 1, names)
        written += _notes(measure, group, onset - begin, until - onset, begin, names)
        at = until
    _beams(written)
    if chords is not None and not groups:
        _chord_names(measure, chords, begin, begin + 1, names)
    if at < end:
        _rest(measure, at - begin, end - at)


def _chord_names(measure: Xml.Element, piece: Piece, since: int, until: int, names: tuple[str, ...]) -> None:
    """The names of chords that change between two steps."""
    for half in range(-(-since // CHORD_STEPS), -(-until // CHORD_STEPS)):
        chord = int(piece.chords[half])
        if half and chord == int(piece.chords[half - 1]):
            continue
        harmony = Xml.SubElement(measure, "harmony")
        root = Xml.SubElement(harmony, "root")
        _step(root, names[(piece.request.tonic + chord // 2) % 12], "root-")
        Xml.SubElement(harmony, "kind").text = "minor" if chord % 2 else "major"


def _step(parent: Xml.Element, name: str, prefix: str = "") -> None:
    Xml.SubElement(parent, f"{prefix}step").text = name[0]
    if len(name) > 1:
        Xml.SubElement(parent, f"{prefix}alter").text = "1" if name[1] == "#" else "-1"


def _rest(measure: Xml.Element, start: int, length: int) -> None:
    for _, size in split(start, length):
        note = Xml.SubElement(measure, "note")
        rest = Xml.SubElement(note, "rest")
        if size == STEPS:
            rest.set("measure", "yes")
        _length(note, size)


def _length(note: Xml.Element, size: int) -> None:
    Xml.SubElement(note, "duration").text = str(size)
    Xml.SubElement(note, "voice").text = "1"
    name, dots = TYPES[size]
    Xml.SubElement(note, "type").text = name
    for _ in range(dots):
        Xml.SubElement(note, "dot")


Written = tuple[int, int, Xml.Element]
"""Onset in the bar and length in steps of a note, and its element; of a chord the first."""


def _beams(written: list[Written]) -> None:
    """Join the eighths and sixteenths of each beat."""
    beats: dict[int, list[Written]] = {}
    for start, size, note in written:
        if size < BEAT:
            beats.setdefault(start // BEAT, []).append((start, size, note))
    for notes in beats.values():
        joined = all(a[0] + a[1] == b[0] for a, b in pairwise(notes))
        if len(notes) > 1 and joined:
            _beam(notes, 1)
            sixteenths = [n for n in notes if n[1] == 1]
            if len(sixteenths) > 1 and all(a[0] + 1 == b[0] for a, b in pairwise(sixteenths)):
                _beam(sixteenths, 2)
            else:
                for each in sixteenths:
                    _beam_element(each[2], 2, "forward hook" if each is notes[0] else "backward hook")


def _beam(notes: list[Written], level: int) -> None:
    for place, (_, _, note) in enumerate(notes):
        kind = "begin" if place == 0 else "end" if place == len(notes) - 1 else "continue"
        _beam_element(note, level, kind)


def _beam_element(note: Xml.Element, level: int, kind: str) -> None:
    beam = Xml.Element("beam", number=str(level))
    beam.text = kind
    tags = [child.tag for child in note]
    note.insert(tags.index("notations") if "notations" in tags else len(tags), beam)


def _notes(
    measure: Xml.Element, group: list[Sound], start: int, length: int, begin: int, names: tuple[str, ...]
) -> list[Written]:
    pieces = split(start, length)
    written: list[Written] = []
    before = begin + start > group[0].start
    after = begin + start + length < group[0].start + group[0].length
    for i, (at, size) in enumerate(pieces):
        stop, go = i > 0 or before, i < len(pieces) - 1 or after
        for place, sound in enumerate(group):
            note = Xml.SubElement(measure, "note")
            if place:
                Xml.SubElement(note, "chord")
            else:
                written.append((at, size, note))
            pitch = Xml.SubElement(note, "pitch")
            _step(pitch, names[sound.pitch % 12])
            Xml.SubElement(pitch, "octave").text = str(sound.pitch // 12 - 1)
            ties = [t for t, there in (("stop", stop), ("start", go)) if there]
            duration = Xml.SubElement(note, "duration")
            duration.text = str(size)
            for tie in ties:
                Xml.SubElement(note, "tie", type=tie)
            Xml.SubElement(note, "voice").text = "1"
            name, dots = TYPES[size]
            Xml.SubElement(note, "type").text = name
            for _ in range(dots):
                Xml.SubElement(note, "dot")
            if ties:
                notations = Xml.SubElement(note, "notations")
                for tie in ties:
                    Xml.SubElement(notations, "tied", type=tie)
    return written
