"""The corpora of the default weights, read from the files of the music21 package (needed for training only).

* ``fiddle``: O'Neill's Music of Ireland, Ryan's Mammoth Collection, Aird's Airs; public domain.
* ``chorale``: Bach's four-part chorales, the soprano with the harmony of all voices; public domain.
* ``chinese``: Chinese folk songs of the Essen collection; for non-commercial use only, so for weights of their own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.music.harmony import Harmoniser, half_bar_weights, label
from models.music.scores import (
    bars_of,
    chinese_key,
    close_lines,
    grid_of,
    key_of_abc,
    parse,
    pentatonic_mode,
    pitch_class_weights,
    split_abc,
    tune_of,
)
from models.music.tensor import CHORD_STEPS, STEPS, Tune, scale_of


@dataclass(frozen=True)
class Source:
    """A corpus: where in the music21 package it lies, and on what terms."""

    name: str
    style: str
    patterns: tuple[str, ...]
    terms: str


SOURCES = (
    Source("O'Neill's Music of Ireland (1850)", "fiddle", ("oneills1850/*.abc",), "public domain"),
    Source("Ryan's Mammoth Collection", "fiddle", ("ryansMammoth/*.abc",), "public domain"),
    Source("Aird's Airs", "fiddle", ("airdsAirs/*.abc",), "public domain"),
    Source("Bach chorales", "chorale", ("bach/bwv*.mxl",), "public domain"),
    Source("Essen collection, Han", "chinese", ("essenFolksong/han*.abc",), "non-commercial use only"),
)
SIGNATURE_MODES = {0: "major", 9: "minor", 2: "dorian", 7: "mixolydian"}


def corpus_folder() -> Path:
    """Where music21 keeps its corpus."""
    import music21

    return Path(music21.__file__).parent / "corpus"


def split_of(source: str) -> str:
    """train, validation or test (8 : 1 : 1) by the tune's name, the same on every machine."""
    return ("validation", "test", *["train"] * 8)[zlib.crc32(source.encode()) % 10]


def read_abc(file: Path, style: str) -> Iterator[Tune]:
    """The tunes of an ABC file in 4/4, 2/2 or 2/4; what music21 cannot read is left out."""
    chinese = style == "chinese"
    for number, abc in enumerate(split_abc(file.read_text(encoding="latin-1"))):
        key = key_of_abc(abc)
        if key is None:
            continue
        try:
            runs = bars_of(parse(close_lines(abc) if chinese else abc, "abc").parts[0])
        except Exception:  # noqa: BLE001, S112 - music21 raises anything on a damaged tune
            continue
        runs = [run for run in runs if run]
        notes = [e for run in runs for bar in run for e in bar]
        if not notes:
            continue
        weights = pitch_class_weights(runs)
        if chinese:
            found = chinese_key(weights, notes[-1].midi % 12, key[0])
            if found is None:
                continue
            key = found
        else:
            key = (key[0], pentatonic_mode(weights, key[0]) or key[1])
        for i, run in enumerate(runs):
            tune = tune_of(run, key, style, f"{file.name}#{number}", i == 0, i == len(runs) - 1)
            if tune is not None:
                yield tune


def read_chorale(file: Path) -> Iterator[Tune]:
    """Soprano and chords of a four-part chorale in 4/4; nothing for any other piece."""
    try:
        score = parse(file)
        parts = [bars_of(part) for part in score.parts]
        signature = next(iter(score.parts[0].flatten().getElementsByClass("KeySignature")))
    except Exception:  # noqa: BLE001 - music21 raises anything on a damaged file
        return
    if len(parts) != 4 or len({tuple(map(len, p)) for p in parts}) != 1 or not parts[0] or not parts[3][-1]:
        return
    final = next((b[-1].midi % 12 for b in reversed(parts[3][-1]) if b), None)
    tonic = signature.sharps * 7 % 12
    mode = SIGNATURE_MODES.get((final - tonic) % 12) if final is not None else None
    if mode is None or final is None:
        return
    for i in range(len(parts[0])):
        tune = tune_of(parts[0][i], (final, mode), "chorale", file.name, i == 0, i == len(parts[0]) - 1)
        if tune is None:
            continue
        voices = [grid_of(p[i], tune.base - 12 * 3 if n == 3 else tune.base) for n, p in enumerate(parts)]
        weights = sum((half_bar_weights(v) for v in voices), np.zeros((2 * tune.bars, 12)))
        bass = [next((int(t) % 12 for t in half if t < 36), None) for half in voices[3].reshape(-1, CHORD_STEPS)]
        chords = np.array([label(w, b) for w, b in zip(weights, bass, strict=True)], np.uint8)
        yield replace(tune, chords=chords)


def read_sources(styles: tuple[str, ...], folder: Path) -> list[Tune]:
    """Every tune of the styles; the chords of the tunes without are the harmoniser's, which is counted in Bach."""
    chorales = [t for f in sorted(folder.glob("bach/bwv*.mxl")) for t in read_chorale(f)]
    harmoniser = Harmoniser.count(
        [
            (half_bar_weights(t.tokens), t.chords.astype(np.intp), 3 in scale_of(t.mode))
            for t in chorales
            if split_of(t.source) == "train"
        ]
    )
    tunes = list(chorales) if "chorale" in styles else []
    for source in SOURCES:
        if source.style in styles and source.style != "chorale":
            files = sorted(f for p in source.patterns for f in folder.glob(p))
            for tune in (t for f in files for t in read_abc(f, source.style)):
                tunes.append(replace(tune, chords=harmoniser.harmonise(tune.tokens, tune.mode, tune.last)))
    return tunes


def store(tunes: list[Tune], file: Path) -> None:
    """Write tunes as one npz of plain arrays."""
    np.savez_compressed(
        file,
        tokens=np.concatenate([t.tokens for t in tunes]),
        chords=np.concatenate([t.chords for t in tunes]),
        bars=np.array([t.bars for t in tunes]),
        base=np.array([t.base for t in tunes]),
        first=np.array([t.first for t in tunes]),
        last=np.array([t.last for t in tunes]),
        mode=np.array([t.mode for t in tunes]),
        style=np.array([t.style for t in tunes]),
        source=np.array([t.source for t in tunes]),
    )


def restore(file: Path) -> list[Tune]:
    """The inverse of store."""
    with np.load(file, allow_pickle=False) as a:
        arrays = {name: a[name] for name in a.files}
    tunes, at = [], 0
    for i, bars in enumerate(arrays["bars"].tolist()):
        tunes.append(
            Tune(
                arrays["tokens"][at * STEPS : (at + bars) * STEPS],
                arrays["chords"][at * 2 : (at + bars) * 2],
                int(arrays["base"][i]),
                str(arrays["mode"][i]),
                str(arrays["style"][i]),
                str(arrays["source"][i]),
                bool(arrays["first"][i]),
                bool(arrays["last"][i]),
            )
        )
        at += bars
    return tunes
