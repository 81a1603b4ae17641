"""Static token vectors distilled from the sentence encoder, for processes that must not load a network.

Every token (a character, a frequent word, a Latin word) runs through the encoder alone; the outputs are centred, rotated
by PCA and weighted by smooth inverse frequency, so that the mean of a text's token vectors is a usable sentence
vector. Method: model2vec (Minish, 2024) over SIF (Arora, Liang and Ma, ICLR 2017); frequencies: jieba's dictionary.

Files written: `tokens.json`, a list of lower-case tokens, and `vectors.npy`, float32 [n_tokens, dim], row i for token i.
A reader needs numpy only: look up the text's words and characters, take the mean, divide by the norm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WORDS = 24_000
"""Frequent words of two to four characters; with them 95 % of running text is covered."""
CHARACTERS = 7_000
DIMENSIONS = 256
SMOOTHING = 1e-3
"""The constant a of SIF's weight a / (a + p); its paper finds 1e-3 to 1e-4 best."""


def _is_han(text: str) -> bool:
    return all("\u4e00" <= c <= "\u9fff" for c in text)


def dictionary_frequencies() -> dict[str, int]:
    """Words of jieba's dictionary and how often they were counted."""
    text = (files("jieba") / "dict.txt").read_text(encoding="utf-8")
    frequencies: dict[str, int] = {}
    for line in text.splitlines():
        word, count, *_ = line.split(" ")
        frequencies[word.lower()] = int(count)
    return frequencies


def choose_tokens(pieces: Sequence[str], frequencies: dict[str, int]) -> tuple[list[str], Floats]:
    """Tokens of the table and their relative frequencies p, float32 [n_tokens].

    Args:
        pieces: the encoder's vocabulary, the most frequent first; its whole Latin words are taken.
        frequencies: counts of Chinese words and characters.
    """
    ranked = sorted(frequencies, key=lambda word: -frequencies[word])
    characters = [w for w in ranked if len(w) == 1 and _is_han(w)][:CHARACTERS]
    words = [w for w in ranked if 2 <= len(w) <= 4 and _is_han(w)][:WORDS]
    latin: dict[str, None] = {}
    for piece in pieces:
        word = piece.removeprefix("▁").lower()
        if piece.startswith("▁") and len(word) >= 2 and word.isascii() and word.isalnum():
            latin.setdefault(word)
    signs = [chr(code) for code in range(33, 127) if not chr(code).isupper()] + list("，。？！、；：“”《》（）·…")
    tokens = characters + words + list(latin) + signs
    total = sum(frequencies[w] for w in characters + words)
    counts = [frequencies[w] for w in characters + words]
    # Latin words follow Zipf's law in their order; signs carry next to no meaning, so they count as very frequent.
    counts += [max(1, int(total * 0.001 / (rank + 1))) for rank in range(len(latin))]
    counts += [total // 50] * len(signs)
    return tokens, (np.array(counts, dtype=np.float64) / total).astype(np.float32)


def distil(
    encode: Callable[[Sequence[str]], Floats], tokens: Sequence[str], probability: Floats, dimensions: int = DIMENSIONS
) -> Floats:
    """Vectors of the tokens, float32 [n_tokens, dimensions]; `encode` gives float32 [n, dim] of unit length."""
    raw = encode(tokens).astype(np.float32)
    centred = raw - raw.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.T @ centred / len(tokens))
    rotated = centred @ axes[:dimensions].T
    weight = SMOOTHING / (SMOOTHING + probability)
    vectors: Floats = (rotated * weight[:, None]).astype(np.float32)
    return vectors


def write_table(folder: Path, tokens: Sequence[str], vectors: Floats) -> None:
    """Write `tokens.json` and `vectors.npy` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    (folder / "tokens.json").write_text(json.dumps(list(tokens), ensure_ascii=False), encoding="utf-8")


class WordVectors:
    """Reader of the table: unit vectors of words; a word that is not in it is the mean of its characters."""

    def __init__(self, folder: Path) -> None:
        tokens = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
        self._row = {token: row for row, token in enumerate(tokens)}
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self.dim = int(self._vectors.shape[1])

    def of(self, word: str) -> Floats | None:
        """float32 [dim] of unit length, or None when not even a character of the word is known."""
        whole = self._row.get(word)
        rows = [whole] if whole is not None else [row for c in word if (row := self._row.get(c)) is not None]
        if not rows:
            return None
        unit = self._vectors[rows].astype(np.float32)
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
        mean = unit.mean(axis=0)
        result: Floats = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return result
