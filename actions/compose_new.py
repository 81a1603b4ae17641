"""From what was said to a new piece: style, mode, range, length and all that was left to us."""

from __future__ import annotations

import hashlib

from actions.compose_moods import MOODS
from actions.compose_state import State
from actions.compose_wish import Wish
from models.music.instruments import INSTRUMENTS, Instrument
from models.music.piece import HIGHEST, LEAST_SPAN, LOWEST, Request
from models.music.tensor import PENTATONIC, SCALES

OWN = "own"
"""The style of weights that the operator trained; it comes first when no style is named."""
SPAN = 17
"""Semitones between the lowest and the highest note of a melody unless asked otherwise."""
STYLE_TEMPO = {"chinese": 88, "fiddle": 108, "chorale": 76}
STYLE_DENSITY = {"chinese": 6, "fiddle": 7, "chorale": 4}
STYLE_TONIC = {"chinese": 7, "fiddle": 2, "chorale": 0}
STYLE_PATTERN = {"chinese": "broken", "fiddle": "march", "chorale": "block"}
STYLE_BACKING = {"chinese": "古筝", "fiddle": "吉他", "chorale": "钢琴"}
CHINESE_INSTRUMENTS = {i.name for i in INSTRUMENTS.values() if i.instead} | {"扬琴"}
CALM_DENSITY = 4
"""Notes a bar up to which the hymns of the chorale style fit better than dances."""
RATE = 1.2


def is_minor(mode: str) -> bool:
    """Whether the third above the tonic is a minor one, or the fourth stands for a missing third in a dark mode."""
    return 3 in SCALES[mode]


def new_seed(conversation: str, message: str, made: int) -> int:
    """The seed of a new piece: the same message in the same conversation gives the same piece."""
    return int.from_bytes(hashlib.sha256(f"{conversation}\0{message}\0{made}".encode()).digest()[:4]) % 2**31


def style_of(wish: Wish, available: tuple[str, ...]) -> str:
    """The style asked for or implied by instrument, mode and mood, among those available."""
    style = wish.style
    if style is None and wish.composer:
        style = "chorale"
    if style is None and (set(wish.instruments) & CHINESE_INSTRUMENTS or wish.mode in PENTATONIC):
        style = "chinese"
    if style is None and OWN in available:
        style = OWN
    if style is None:
        density = MOODS[wish.mood].density if wish.mood else STYLE_DENSITY["fiddle"]
        style = "chorale" if density <= CALM_DENSITY else "fiddle"
    if style in available:
        return style
    return "fiddle" if "fiddle" in available else available[0]


def mode_of(wish: Wish, chinese: bool, seed: int) -> str:
    """The mode to write in; a Chinese melody in major or minor is pentatonic, 宫 or 羽, which is part of that scale."""
    minor = MOODS[wish.mood].minor if wish.mood else False
    if not chinese:
        return wish.mode or ("minor" if minor else "major")
    if wish.mode is None and not minor and wish.tonic is None:
        return ("gong", "zhi")[seed % 2]
    return {"major": "gong", "minor": "yu", None: "yu" if minor else "gong"}.get(wish.mode) or str(wish.mode)


def melody_range(instrument: Instrument, shift: int) -> tuple[int, int]:
    """MIDI numbers of a melody's range on an instrument, ``shift`` semitones from its middle."""
    low = (instrument.low + instrument.high - SPAN) // 2 + shift
    low = max(instrument.low, min(low, instrument.high - SPAN), LOWEST)
    return low, min(low + SPAN, HIGHEST, max(instrument.high, low + LEAST_SPAN))


def bars_of(wish: Wish, tempo: int) -> int:
    """How many bars are asked for, in bars or in seconds; 16 when nothing is said."""
    if wish.bars is not None:
        return wish.bars
    if wish.seconds is not None:
        return max(1, round(wish.seconds * tempo / 240))
    return 16


def new_piece(wish: Wish, available: tuple[str, ...], seed: int) -> State:
    """A new request from a wish; its numbers are not checked here."""
    mood = MOODS[wish.mood] if wish.mood else None
    style = style_of(wish, available)
    asked = wish.style or ("chinese" if wish.mode in PENTATONIC else None)
    written = mode_of(wish, "chinese" in (style, asked), seed)
    mode = wish.mode or written
    name = wish.instruments[0] if wish.instruments else "笛子" if asked == "chinese" or style == "chinese" else "钢琴"
    instrument = INSTRUMENTS[name]
    low, high = melody_range(instrument, (mood.register if mood else 0) + 5 * wish.register)
    if wish.octave:
        high = low + LEAST_SPAN
    if wish.low is not None and wish.high is not None:
        low, high = wish.low, wish.high
    tempo = wish.tempo
    if tempo is None:
        tempo = mood.tempo if mood else STYLE_TEMPO.get(style, 100)
        tempo = round(tempo * RATE**wish.tempo_change)
    tonic = wish.tonic
    if tonic is None:
        tonic = (STYLE_TONIC.get(style, 0) + (9 if is_minor(mode) and style != "chinese" else 0)) % 12
    alone = wish.backing is False or (wish.solo and not wish.backing)
    backing = wish.instruments[1] if len(wish.instruments) > 1 else STYLE_BACKING.get(style, "钢琴")
    request = Request(
        style=style,
        mode=mode,
        written_mode="" if written == mode else written,
        tonic=tonic,
        bars=bars_of(wish, tempo),
        tempo=tempo,
        density=mood.density if mood else STYLE_DENSITY.get(style, 6),
        low=low,
        high=high,
        instrument=instrument.program,
        backing=INSTRUMENTS[backing].program,
        pattern="none" if alone and len(wish.instruments) < 2 else STYLE_PATTERN.get(style, "block"),
        seed=seed,
    )
    return State(request, name, wish.mood or "")
