"""Sentence vectors from a table of static token vectors, inside the process: a look-up, a mean, no network.

The table is distilled from the sentence encoder and lies under the run-time folder: ``encoder/static/tokens.json``
(a list of lower-case tokens) and ``vectors.npy`` (float32 [n, d], weighted by inverse frequency).
"""

import json
from pathlib import Path
from typing import Dict, List

import numpy as np

from bot.dialogue.nlu.features import words


class MissingVectors(RuntimeError):
    """The table is not there or damaged; the message says in Chinese what to do."""


class StaticVectors:
    """Maps a text to one vector.

    Args:
        folder: holds ``tokens.json`` and ``vectors.npy``.

    Raises:
        MissingVectors: when a file is missing, or they do not fit each other.
    """

    def __init__(self, folder: Path) -> None:
        try:
            tokens: List[str] = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
            # Read from disk on demand: a conversation touches a small part of the table.
            self._vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise MissingVectors(
                f"找不到静态词向量（{folder}）。请先构建编码器：运行 make run，它会自动完成这一步。"
            ) from error
        if self._vectors.ndim != 2 or len(tokens) != len(self._vectors):
            raise MissingVectors(f"静态词向量不完整（{folder}）。请删除这个文件夹，再运行 make run 重新构建。")
        self._rows: Dict[str, int] = {token: row for row, token in enumerate(tokens)}
        self.size = int(self._vectors.shape[1])

    def vector(self, text: str) -> np.ndarray:
        """Unit vector of a normalised text, float32 [size]; zeros when no token is known.

        Words of the table count once; a word that is not in it counts by its characters.
        """
        rows: List[int] = []
        for word in words(text):
            if word in self._rows:
                rows.append(self._rows[word])
            else:
                rows.extend(self._rows[c] for c in word if c in self._rows)
        if not rows:
            return np.zeros(self.size, dtype=np.float32)
        mean = self._vectors[rows].mean(axis=0)
        norm = float(np.linalg.norm(mean))
        return (mean / norm if norm else mean).astype(np.float32)
