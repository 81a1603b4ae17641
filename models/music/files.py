"""Everything that a piece is handed over as."""

from __future__ import annotations

from dataclasses import dataclass

from models.music.audio import encode, render
from models.music.midi import write_midi
from models.music.musicxml import write_musicxml
from models.music.pictures import draw_pianoroll, draw_score
from models.music.piece import Piece


@dataclass(frozen=True)
class File:
    """Its kind in a reply, the ending of its name, its MIME type, and its bytes."""

    kind: str
    suffix: str
    mime: str
    data: bytes


def midi_file(piece: Piece, title: str) -> File:
    """The piece as MIDI."""
    return File("midi", ".mid", "audio/midi", write_midi(piece, title))


def sound_files(midi: File, title: str, formats: tuple[str, ...] = ("mp3", "wav")) -> list[File]:
    """The sound of a MIDI file, one file a format."""
    samples, rate = render(midi.data)
    mimes = {"wav": "audio/wav", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
    return [File("audio", f".{form}", mimes[form], encode(samples, rate, form, title)) for form in formats]


def page_files(piece: Piece, title: str, instrument: str) -> list[File]:
    """The score as a picture and as MusicXML, and the pianoroll."""
    notation = write_musicxml(piece, title, instrument)
    return [
        File("score", ".svg", "image/svg+xml", draw_score(notation).encode()),
        File("image", ".png", "image/png", draw_pianoroll(piece)),
        File("score", ".musicxml", "application/vnd.recordare.musicxml+xml", notation.encode()),
    ]
