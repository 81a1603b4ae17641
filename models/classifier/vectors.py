"""Sentence vectors of training texts, kept on disk, because the encoder is the slowest part of training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.encoder import Encoder

Floats = npt.NDArray[np.float32]
CHUNK = 512


class VectorCache:
    """Vectors by text, in ``folder``; one file for each encoder."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._path = folder / f"vectors-{encoder.fingerprint}.npz"
        self._row: dict[bytes, int] = {}
        self._vectors = np.zeros((0, encoder.dim), np.float16)
        if self._path.exists():
            with np.load(self._path, allow_pickle=False) as stored:
                self._vectors = stored["vectors"]
                self._row = {key.tobytes(): row for row, key in enumerate(stored["keys"])}

    def __call__(self, texts: Sequence[str], report: Callable[[int, int], None] | None = None) -> Floats:
        """float32 [len(texts), dim]; what is new is encoded and kept. ``report``: called with how many of how many."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._row}
        todo = sorted(new.items(), key=lambda item: len(item[1]))
        for start in range(0, len(todo), CHUNK):
            part = todo[start : start + CHUNK]
            vectors = self._encoder.encode([text for _, text in part]).astype(np.float16)
            for offset, (key, _) in enumerate(part):
                self._row[key] = len(self._vectors) + offset
            self._vectors = np.concatenate([self._vectors, vectors])
            if report is not None:
                report(min(start + CHUNK, len(todo)), len(todo))
        if todo:
            self._store()
        return self._vectors[[self._row[key] for key in keys]].astype(np.float32)

    def _store(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        ordered = sorted(self._row, key=self._row.__getitem__)
        keys = np.frombuffer(b"".join(ordered), np.uint8).reshape(-1, 16)
        partial = self._path.with_suffix(".partial.npz")
        np.savez(partial, keys=keys, vectors=self._vectors)
        partial.rename(self._path)
