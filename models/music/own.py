"""An operator's own files: MIDI, MusicXML and ABC become tunes with chords."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.music.harmony import Harmoniser
from models.music.midi import find_key
from models.music.scores import bars_of, parse, pitch_class_weights, split_abc, tune_of
from models.music.tensor import CHORDS, Tune

OWN_STYLE = "own"
SUFFIXES = {".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc"}
MAX_FILES = 20_000


def theory() -> Harmoniser:
    """A harmoniser without counted chords: chord tones are likelier, fourths and fifths between roots as well."""
    emission = np.full((2, 12), 0.02)
    for minor in (0, 1):
        emission[minor, [0, 4 - minor, 7]] = (0.34, 0.26, 0.24)
    emission /= emission.sum(-1, keepdims=True)
    transition = np.full((2, CHORDS, CHORDS), 1.0)
    for one in range(CHORDS):
        for other in range(CHORDS):
            transition[:, one, other] += {0: 4.0, 5: 3.0, 7: 2.0, 2: 1.0}.get((other // 2 - one // 2) % 12, 0.0)
    start = np.full((2, CHORDS), 0.1)
    start[0, 0] = start[1, 1] = 3.0
    return Harmoniser(emission, transition / transition.sum(-1, keepdims=True), start / start.sum(-1, keepdims=True))


def read_folder(folder: Path) -> tuple[list[Tune], int]:
    """The tunes of a folder and those below it, and how many files gave none."""
    harmoniser = theory()
    tunes: list[Tune] = []
    unread = 0
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())[:MAX_FILES]
    for file in files:
        found = list(_read_file(file))
        unread += not found
        tunes += [replace(t, chords=harmoniser.harmonise(t.tokens, t.mode, t.last)) for t in found]
    return tunes, unread


def _read_file(file: Path) -> Iterator[Tune]:
    """The top part of each piece in a file; nothing when music21 cannot read it."""
    abc = file.suffix.lower() == ".abc"
    try:
        texts: list[str | Path] = list(split_abc(file.read_text(encoding="utf-8", errors="replace"))) if abc else [file]
    except OSError:
        return
    for number, text in enumerate(texts):
        try:
            runs = [run for run in bars_of(parse(text, "abc" if abc else None).parts[0]) if run]
        except Exception:  # noqa: BLE001, S112 - music21 raises anything on a damaged file
            continue
        notes = [e for run in runs for bar in run for e in bar]
        if not notes:
            continue
        key = find_key(pitch_class_weights(runs), notes[-1].midi % 12)
        for i, run in enumerate(runs):
            tune = tune_of(run, key, OWN_STYLE, f"{file.name}#{number}", i == 0, i == len(runs) - 1)
            if tune is not None:
                yield tune
