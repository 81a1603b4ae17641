"""Writes pieces with a trained generator: a form of phrases, each phrase within what was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.music.cadence import ENDINGS, FINAL, chords_allowed, tokens_allowed, tokens_fixed
from models.music.generator import Generator, Given, gumbel_noise
from models.music.phrases import MOST_NOTES, NONE, Condition
from models.music.piece import Piece, Request, allowed_pitches, bars_at, base_of, kept_bars, whole_phrases
from models.music.tensor import CHORD_STEPS, CHORDS, MODES, PHRASE_STEPS, PITCHES, TOKENS, Tokens
from models.music.turning import turn_chords, turn_tokens

OPENING, REPEAT, VARIATION, CONTRAST = range(4)
FORM = ((-1, OPENING), (0, VARIATION), (1, CONTRAST), (0, VARIATION))
"""A A' B A'': for each phrase of a round, the phrase of the round it looks back on and the relation to it."""
LATER = ((0, CONTRAST), (4, VARIATION), (5, CONTRAST), (0, VARIATION))
"""The rounds after the first bring a new tune C C' D and come back to A; numbers below 4 are of the first round."""
CANDIDATES = 4
"""Phrases written at once for each place; the critic's favourite stays."""


@dataclass(frozen=True)
class Place:
    """A phrase's place in the form: the number of the phrase that it looks back on (-1 for none), how, and its ending."""

    back: int
    relation: int
    ending: int


class Phrase(NamedTuple):
    """Tokens [64] and chords [8]."""

    tokens: Tokens
    chords: Tokens


@dataclass(frozen=True)
class Frame:
    """What all phrases of a piece share: the request, the mode it is written in, the MIDI number of pitch 0."""

    request: Request
    mode: str
    base: int


def form_of(phrases: int, closings: tuple[int, ...] = ()) -> list[Place]:
    """The form of a piece of so many phrases; the last one comes to rest, and so do ``closings``."""
    places = []
    for number in range(phrases):
        turn, at = divmod(number, 4)
        back, relation = FORM[at] if turn == 0 else LATER[at]
        if turn and back >= 4:
            back += 4 * (turn - 1)
        final = number == phrases - 1 or number in closings
        places.append(Place(back, relation, FINAL if final else ENDINGS[at]))
    return places


_threads = threading.Lock()
"""The number of threads belongs to the process, so one piece at a time changes it and puts it back."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work in one thread: the steps are so small that on a busy machine the second one is only waited for."""
    with _threads:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


Score = Callable[[Tensor, Tensor, Given], Tensor]
"""A critic's scores [n] of one-hot tokens [n, 64, 38] and chords [n, 8, 24]."""


class Composer:
    """Args:
    generator: trained; styles: its styles in order; score: the critic, to choose among candidates.
    """

    def __init__(self, generator: Generator, styles: tuple[str, ...], score: Score | None = None) -> None:
        self.generator = generator.eval()
        self.styles = styles
        self.score = score

    @torch.inference_mode()
    def compose(self, request: Request) -> Piece:
        """Write a piece.

        A phrase that is written anew looks back on the phrases as they were first, and the others do not look at it,
        so that nothing else changes with it.

        Raises:
            RequestError: when the request is out of bounds.
        """
        request.check()
        with one_thread():
            return self._compose(request)

    def _compose(self, request: Request) -> Piece:
        mode = request.written_mode or request.mode
        frame = Frame(request, mode, base_of(request.low, request.high, request.tonic))
        own = np.array(request.opening, np.uint8)
        places = form_of(whole_phrases(request), request.closings)
        first: list[Phrase] = []
        for number, place in enumerate(places):
            fixed = own[number * PHRASE_STEPS : (number + 1) * PHRASE_STEPS]
            first.append(self._phrase(frame, place, first, number, 0, fixed if len(fixed) else None))
        again = {n: c for n, c in request.rewritten if c and n < len(places) and n * PHRASE_STEPS >= len(own)}
        final = [
            self._phrase(frame, place, first, number, again[number], None) if number in again else first[number]
            for number, place in enumerate(places)
        ]
        bars = kept_bars(request)
        tokens = bars_at(np.concatenate([p.tokens for p in final]), bars)
        chords = bars_at(np.concatenate([p.chords for p in final]), bars, 2)
        if mode != request.mode:
            tokens = turn_tokens(tokens, mode, request.mode, allowed_pitches(request, frame.base, request.mode))
            chords = turn_chords(chords, mode, request.mode)
        return Piece(request, tokens, chords, frame.base)

    def _phrase(
        self, frame: Frame, place: Place, earlier: list[Phrase], number: int, version: int, fixed: Tokens | None
    ) -> Phrase:
        request = frame.request
        random = torch.Generator().manual_seed(request.seed * 4099 + number * 67 + version)
        pitches = allowed_pitches(request, frame.base, frame.mode)
        within = np.flatnonzero(pitches)
        condition = Condition(
            self.styles.index(request.style),
            MODES.index(frame.mode),
            min(MOST_NOTES, request.density),
            int(within[0]),
            int(within[-1]),
            place.relation,
            int(place.ending == FINAL),
        )
        before = np.full(PHRASE_STEPS, NONE, np.int64)
        chords_before = np.zeros(8, np.int64)
        if place.back >= 0:
            before, chords_before = (a.astype(np.int64) for a in earlier[place.back])
        n = CANDIDATES
        rows = (before, chords_before, np.array(condition.as_row()))
        given = Given(*(torch.from_numpy(np.tile(row, (n, 1))) for row in rows))
        allowed = tokens_allowed(pitches, frame.mode, place.ending, opens=place.back < 0)
        if fixed is not None:
            allowed = tokens_fixed(fixed)
        tokens, chords = self.generator.roll(
            given,
            torch.randn(n, self.generator.noise, generator=random),
            gumbel_noise((n, PHRASE_STEPS, TOKENS), random),
            gumbel_noise((n, PHRASE_STEPS // CHORD_STEPS, CHORDS), random),
            allowed=allowed[None].expand(n, -1, -1),
            chords_allowed=chords_allowed(frame.mode, place.ending)[None].expand(n, -1, -1),
            near=torch.full((n,), _last_pitch(earlier[:number])),
        )
        best = int(self.score(tokens, chords, given).argmax()) if self.score else 0
        return Phrase(*(a[best].argmax(-1).numpy().astype(np.uint8) for a in (tokens, chords)))


def _last_pitch(phrases: list[Phrase]) -> int:
    """The last pitch of the phrases so far; PITCHES for none."""
    pitches = [int(t) for p in phrases[-1:] for t in p.tokens if t < PITCHES]
    return pitches[-1] if pitches else PITCHES
