"""What one message asks of a piece of music."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """What one message says; None and empty for what it does not.

    Attributes:
        style, not_learned: a style of the models; the name of one that was never learned.
        mood: a leading word of compose_moods; tonic: pitch class; mode: one of MODES.
        bars, seconds, tempo: numbers as said, not checked.
        tempo_change: -1 slower, 1 faster; length_change: -1 shorter, 1 longer.
        instruments: names in order; unknown_instrument: a name that is none; percussion: a drum that was named.
        transpose: semitones; register: -1 lower, 1 higher, without a measure.
        low, high: MIDI numbers of a range; octave: within one.
        phrases: numbers from 1 of phrases to rewrite, -1 the last; backing: wanted or not.
        choices: how many to choose from; pick: the number of the one chosen.
        act: "new", "again", "take", "other_instrument" or "".
        solo: asks for a melody alone; copies: somebody's song that it should imitate; composer: one whose works are free.
        meter: a metre other than 4/4, as it was said; lyrics: asks for words to sing.
    """

    style: str | None = None
    not_learned: str | None = None
    mood: str | None = None
    tonic: int | None = None
    mode: str | None = None
    bars: int | None = None
    seconds: int | None = None
    tempo: int | None = None
    tempo_change: int = 0
    length_change: int = 0
    instruments: tuple[str, ...] = ()
    unknown_instrument: str | None = None
    percussion: str | None = None
    transpose: int = 0
    register: int = 0
    low: int | None = None
    high: int | None = None
    octave: bool = False
    phrases: tuple[int, ...] = ()
    bar_range: tuple[int, int] | None = None
    backing: bool | None = None
    choices: int = 0
    pick: int = 0
    act: str = ""
    solo: bool = False
    copies: str | None = None
    composer: str | None = None
    meter: str | None = None
    lyrics: bool = False

    @property
    def changes(self) -> bool:
        """Whether it says, by itself, what to change in a piece or what to do with it."""
        numbers = (self.tempo_change, self.length_change, self.transpose, self.register, self.choices)
        parts = (self.phrases, self.bar_range, self.instruments, self.act in ("take", "again", "other_instrument"))
        values = (self.bars, self.tempo, self.tonic, self.mode, self.backing, self.low)
        return any(numbers) or any(parts) or any(v is not None for v in values)
