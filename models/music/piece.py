"""What is asked of a piece, and a piece."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.errors import WenyuError
from models.music.tensor import MODES, PITCHES, SCALES, STEPS, Note, Tokens, centred_base, notes_of

LEAST_BARS, MOST_BARS = 1, 64
SLOWEST, FASTEST = 30, 240
LOWEST, HIGHEST = 36, 96
"""MIDI numbers between which melodies lie."""
LEAST_SPAN = 12
"""Semitones that a range must have, so that every key has its tonic in it."""
TONICS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
PATTERNS = ("none", "block", "broken", "bass", "march")


class RequestError(WenyuError):
    """A piece that cannot be written as asked; the sentence says what is possible."""

    code = "bad_request"
    status = 400


@dataclass(frozen=True)
class Request:
    """What is asked of a piece. The same request always gives the same piece.

    Attributes:
        style: one of the model's; mode: one of MODES; tonic: pitch class 0 … 11.
        written_mode: the mode it was first written in, when it was turned into another one since; otherwise empty.
        bars: of 4/4, 1 … 64; tempo: quarters a minute, 30 … 240.
        density: notes a bar, 1 … 12; low, high: range of the melody, MIDI numbers at least an octave apart.
        instrument: General MIDI program of the melody, 0 … 127; backing: of the accompaniment.
        pattern: of the accompaniment, one of PATTERNS.
        seed: 0 … 2**31 - 1.
        rewritten: how often phrases of four bars were written anew: pairs of a phrase's number from 0 and a count.
        closings: numbers of the phrases that close although the piece goes on after them: it was shorter once.
        opening: tokens of an own beginning, [16 * bars], relative to the tonic; the piece goes on from there.
        skip: bars of silence at the beginning of the opening, which are not part of the piece.
    """

    style: str
    mode: str = "major"
    written_mode: str = ""
    tonic: int = 0
    bars: int = 16
    tempo: int = 100
    density: int = 5
    low: int = 60
    high: int = 84
    instrument: int = 0
    backing: int = 0
    pattern: str = "block"
    seed: int = 0
    rewritten: tuple[tuple[int, int], ...] = ()
    closings: tuple[int, ...] = ()
    opening: tuple[int, ...] = ()
    skip: int = 0

    def check(self) -> None:
        """Raises:
        RequestError: when a value is out of its bounds.
        """
        if not LEAST_BARS <= self.bars <= MOST_BARS:
            raise RequestError(f"长度可以是 {LEAST_BARS} 到 {MOST_BARS} 小节，{self.bars} 小节写不了。")
        if not SLOWEST <= self.tempo <= FASTEST:
            raise RequestError(f"速度可以是每分钟 {SLOWEST} 到 {FASTEST} 拍，{self.tempo} 拍不行。")
        if not (self.low >= LOWEST and self.high <= HIGHEST and self.high - self.low >= LEAST_SPAN):
            raise RequestError("音域要在大字组 C 到小字三组 C 之间，至少一个八度。")
        known = (
            self.mode in MODES
            and self.written_mode in ("", *MODES)
            and 0 <= self.tonic < 12
            and self.pattern in PATTERNS
        )
        known = known and 0 <= self.skip < 4 and len(self.opening) % (4 * STEPS) == 0
        if not known or not (1 <= self.density <= 12 and 0 <= self.instrument < 128 and 0 <= self.backing < 128):
            raise RequestError("这首曲子的参数不对，请换个说法再说一遍。")


@dataclass(frozen=True)
class Piece:
    """A finished piece: the request, tokens [16 * bars], chords [2 * bars], and the MIDI number of pitch 0."""

    request: Request
    tokens: Tokens
    chords: Tokens
    base: int

    @property
    def notes(self) -> list[Note]:
        """The melody's notes, pitch as MIDI number."""
        return [Note(n.start, n.length, n.pitch + self.base) for n in notes_of(self.tokens)]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.request.bars * 4 * 60 / self.request.tempo

    def first_bars(self, bars: int) -> Piece:
        """The beginning of the piece, at most ``bars`` bars."""
        bars = max(1, min(bars, self.request.bars))
        request = replace(self.request, bars=bars)
        return Piece(request, self.tokens[: bars * STEPS], self.chords[: 2 * bars], self.base)


def base_of(low: int, high: int, tonic: int) -> int:
    """The MIDI number of pitch 0 for a range, such that the range lies in the middle of the 36 pitches."""
    return centred_base([low, high], tonic)


def allowed_pitches(request: Request, base: int, mode: str) -> npt.NDArray[np.bool_]:
    """[36] which pitches the melody may use: those of the mode and of the range."""
    pitches = np.arange(PITCHES)
    in_scale = np.isin(pitches % 12, SCALES[mode])
    return in_scale & (pitches + base >= request.low) & (pitches + base <= request.high)


def whole_phrases(request: Request) -> int:
    """How many phrases of four bars are written for a piece."""
    return -(-(request.bars + request.skip) // 4)


def kept_bars(request: Request) -> list[int]:
    """Which bars of the written phrases make the piece: of the last phrase the first ones and its closing bar."""
    return [*range(request.skip, request.skip + request.bars - 1), 4 * whole_phrases(request) - 1]


def bars_at(row: Tokens, bars: list[int], width: int = STEPS) -> Tokens:
    """The rows of some bars, one after the other."""
    return np.concatenate([row[b * width : (b + 1) * width] for b in bars])
