"""Judges generators by how near what they write is to music that no one trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from models.music.baselines import MarkovChain, random_notes
from models.music.composer import CANDIDATES, Score
from models.music.detector import Set, accuracy
from models.music.game import written
from models.music.generator import Generator, Given
from models.music.measures import COPY, Floats, distances, diversity, nearest, table
from models.music.phrases import NONE, Phrases
from models.music.tensor import MODES, PHRASE_STEPS, Tune

Writer = Callable[[Phrases, int], Set]
"""Writes a phrase for each example, from its condition alone; the seed makes it repeatable."""
NEAREST_SAMPLE = 400
LEAST_TUNES = 20
"""A mode with fewer tunes than this shares the chain of its whole style."""


def rounds(phrases: Phrases) -> list[npt.NDArray[np.intp]]:
    """The rows of first phrases, of second ones, and so on, of the tunes."""
    starts = np.flatnonzero(np.r_[True, phrases.tune[1:] != phrases.tune[:-1]])
    place = np.arange(len(phrases)) - np.repeat(starts, np.diff(np.r_[starts, len(phrases)]))
    return [np.flatnonzero(place == k) for k in range(int(place.max()) + 1)]


def network_writer(generator: Generator, score: Score | None = None) -> Writer:
    """Writes whole tunes phrase by phrase: the phrase before is its own, not the real one.

    Args:
        score: the critic's; with it each phrase is its favourite among CANDIDATES, as in the composer.
    """
    count = CANDIDATES if score else 1

    def write(phrases: Phrases, seed: int) -> Set:
        random = torch.Generator().manual_seed(seed)
        tokens = np.zeros_like(phrases.tokens)
        chords = np.zeros_like(phrases.chords)
        for rows in rounds(phrases):
            opening = phrases.before[rows, :1] == NONE
            before = np.where(opening, NONE, tokens[rows - 1])
            chords_before = np.where(opening, 0, chords[rows - 1])
            given = Given(
                *(
                    torch.from_numpy(np.asarray(a, np.int64)).repeat_interleave(count, 0)
                    for a in (before, chords_before, phrases.conditions[rows])
                )
            )
            with torch.no_grad():
                one_hot, chord = written(generator, given, random, through=False)
                chosen = torch.arange(len(rows)) * count
                if score:
                    chosen = chosen + score(one_hot, chord, given).reshape(-1, count).argmax(1)
            tokens[rows], chords[rows] = one_hot[chosen].argmax(-1).numpy(), chord[chosen].argmax(-1).numpy()
        return tokens, chords

    return write


def distance_to(phrases: Phrases) -> Callable[[Generator], float]:
    """Of a generator: the mean distance over MEASURES of what it writes under the conditions of ``phrases``."""
    modes = modes_of(phrases)
    real = table(phrases.tokens, modes)

    def distance(generator: Generator) -> float:
        found = distances(table(network_writer(generator)(phrases, 0)[0], modes), real)
        return float(np.mean(list(found.values())))

    return distance


def markov_writer(tunes: list[Tune], styles: tuple[str, ...], order: int) -> Writer:
    """Whole tunes from a chain of notes for each style and mode; chords it has none, so it gets the example's."""
    chains: dict[tuple[int, int], MarkovChain] = {}
    for number, style in enumerate(styles):
        of_style = [t for t in tunes if t.style == style]
        for place, mode in enumerate(MODES):
            of_mode = [t for t in of_style if t.mode == mode]
            chains[number, place] = MarkovChain(of_mode if len(of_mode) >= LEAST_TUNES else of_style, order)

    def write(phrases: Phrases, seed: int) -> Set:
        random = np.random.default_rng(seed)
        tokens = np.zeros_like(phrases.tokens)
        for rows in np.split(np.arange(len(phrases)), np.flatnonzero(np.diff(phrases.tune)) + 1):
            style, mode = phrases.conditions[rows[0], :2].tolist()
            chain = chains[style, mode]
            tokens[rows] = chain.sample(len(rows) * PHRASE_STEPS, random).reshape(len(rows), -1)
        return tokens, phrases.chords

    return write


def random_writer(phrases: Phrases, seed: int) -> Set:
    """Random notes, as many as the example has."""
    random = np.random.default_rng(seed)
    density = phrases.conditions[:, 2]
    return np.stack([random_notes(random, float(d)) for d in density]), phrases.chords


@dataclass(frozen=True)
class Judgement:
    """What is known of a writer.

    Attributes:
        means: of each measure; distances: to the real test phrases, by measure.
        nearest: distance of the median phrase to the nearest training phrase; copied: share of copies.
        diversity: mean distance between two phrases; detected: accuracy of a discriminator trained afresh.
    """

    means: Floats
    distances: dict[str, float]
    nearest: float
    copied: float
    diversity: float
    detected: float | None


def modes_of(phrases: Phrases) -> list[str]:
    """The mode of each phrase."""
    return [MODES[m] for m in phrases.conditions[:, 1]]


def judge(
    writer: Writer, train: Phrases, validation: Phrases, test: Phrases, *, seed: int = 0, detect: bool = True
) -> Judgement:
    """All numbers for one writer; the discriminator learns on train and validation and is asked about test."""
    tokens, chords = writer(test, seed)
    real = table(test.tokens, modes_of(test))
    described = table(tokens, modes_of(test))
    random = np.random.default_rng(seed)
    sample = random.choice(len(tokens), min(NEAREST_SAMPLE, len(tokens)), replace=False)
    near = nearest(tokens[sample], train.tokens)
    real_near = nearest(test.tokens[sample], train.tokens)
    apart = distances(described, real)
    apart["nearest neighbour"] = float(_wasserstein(near, real_near))
    detected = None
    if detect:
        sets = [((p.tokens, p.chords), writer(p, seed + 1 + i)) for i, p in enumerate((train, validation))]
        detected = accuracy(sets[0], sets[1], ((test.tokens, test.chords), (tokens, chords)))
    return Judgement(
        described.mean(0),
        apart,
        float(np.median(near)),
        float((near <= COPY).mean()),
        diversity(tokens, random),
        detected,
    )


def _wasserstein(generated: Floats, real: Floats) -> float:
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(generated, real)) / max(float(real.std()), 1e-3)


def real_writer(phrases: Phrases, seed: int) -> Set:
    """The examples themselves: what people wrote, as the floor of every distance."""
    return phrases.tokens, phrases.chords
