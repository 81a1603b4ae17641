"""The network in numpy: what training made, run without torch, with the evidence for a label.

Embedding tables are kept as int8 with one scale a row and turned into floats row by row as a text needs them, so a model
takes as much memory as its file. Convolutions and the linear layer are float32 in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from models.classifier.config import NetworkConfig
from models.classifier.vocabulary import PADDING, Encoded

Floats = npt.NDArray[np.float32]
BLOCK = 16_384
"""Positions (texts times length) that are convolved at once: 8 MB of input, so that it stays in the cache."""


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True)
class Table:
    """An embedding: ``rows`` int8 [n, size], ``scale`` float16 [n]; row 0 is padding, all zero."""

    rows: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float16]

    @classmethod
    def quantised(cls, values: Floats) -> Table:
        """Each row divided by its greatest absolute value over 127."""
        scale = np.maximum(np.abs(values).max(axis=1), 1e-6).astype(np.float32) / 127
        rows = np.rint(values / scale[:, None]).astype(np.int8)
        rows[PADDING] = 0
        return cls(rows, scale.astype(np.float16))

    def __call__(self, ids: npt.NDArray[np.int32]) -> Floats:
        """float32 [*ids.shape, size]."""
        out: Floats = self.rows[ids].astype(np.float32)
        out *= self.scale[ids][..., None].astype(np.float32)
        return out


@dataclass(frozen=True)
class Convolution:
    """``weight`` float32 [width * size, filters], row k * size + d: input value d of the window's position k; ``bias``."""

    width: int
    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        """float32 [n, positions - width + 1, filters]."""
        n, positions, size = x.shape
        windows = np.lib.stride_tricks.as_strided(
            x,
            (n, positions - self.width + 1, self.width * size),
            (x.strides[0], x.strides[1], x.strides[2]),
            writeable=False,
        )
        out: Floats = windows.reshape(-1, self.width * size) @ self.weight
        return out.reshape(n, positions - self.width + 1, -1)


@dataclass(frozen=True)
class Branch:
    """One input, characters or words: its table and its convolutions."""

    table: Table
    convolutions: tuple[Convolution, ...]

    def activations(self, ids: npt.NDArray[np.int32]) -> Iterator[Floats]:
        """For each width the activations float32 [n, windows, filters]; a window that begins after the text is very low."""
        x = self.table(ids)
        for convolution in self.convolutions:
            active = convolution(x)
            active[ids[:, : active.shape[1]] == PADDING] = -1e4
            yield active

    @property
    def widths(self) -> npt.NDArray[np.int64]:
        """Width of every filter, int64 [filters]."""
        return np.concatenate([np.full(len(c.bias), c.width) for c in self.convolutions])


@dataclass(frozen=True)
class Network:
    """TextCNN: two branches and ``weight`` float32 [labels, features], ``bias`` float32 [labels]."""

    characters: Branch
    words: Branch
    weight: Floats
    bias: Floats

    @property
    def widest(self) -> int:
        """The greatest width: a text is followed by one position of padding less, so a window may begin at its end."""
        return max(c.width for branch in (self.characters, self.words) for c in branch.convolutions)

    def logits(self, encoded: Sequence[Encoded]) -> Floats:
        """float32 [n, labels]. Texts of like length are run together."""
        out = np.empty((len(encoded), len(self.bias)), np.float32)
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].characters))
        start = 0
        while start < len(order):
            longest = len(encoded[order[min(start + 255, len(order) - 1)]].characters)
            stop = start + max(1, min(256, BLOCK // max(longest, 1)))
            rows = order[start:stop]
            features = self._features([encoded[i] for i in rows])
            out[rows] = features @ self.weight.T + self.bias
            start = stop
        return out

    def _features(self, encoded: Sequence[Encoded]) -> Floats:
        """Greatest activation of every filter, float32 [n, features]."""
        # A second thread waits longer for its share of such small products than they take, and keeps a core busy.
        with _libraries().limit(limits=1, user_api="blas"):
            values = [
                active.max(axis=1) + convolution.bias
                for branch, ids in self._inputs(encoded)
                for convolution, active in zip(branch.convolutions, branch.activations(ids), strict=True)
            ]
        out: Floats = np.maximum(np.concatenate(values, axis=1), 0)
        return out

    def _places(self, encoded: Encoded) -> npt.NDArray[np.int64]:
        """Where the greatest activation of every filter is, int64 [features]."""
        return np.concatenate(
            [active[0].argmax(axis=0) for branch, ids in self._inputs([encoded]) for active in branch.activations(ids)]
        )

    def _inputs(self, encoded: Sequence[Encoded]) -> Iterator[tuple[Branch, npt.NDArray[np.int32]]]:
        for branch, rows in (
            (self.characters, [e.characters for e in encoded]),
            (self.words, [e.words for e in encoded]),
        ):
            ids = np.full((len(rows), max(map(len, rows)) + self.widest - 1), PADDING, np.int32)
            for i, row in enumerate(rows):
                ids[i, : len(row)] = row
            yield branch, ids

    def support(self, encoded: Encoded, label: int) -> Floats:
        """How much each character spoke for the label against the other labels, float32 [characters].

        A filter's contribution to the label's logit, less its mean contribution to all labels, is shared out over the
        window that it was pooled from; a window of words is as wide as its words.
        """
        features, places = self._features([encoded]), self._places(encoded)
        weight = self.weight[label] - (self.weight.mean(axis=0) if len(self.bias) > 1 else 0)
        share = features[0] * weight
        out = np.zeros(len(encoded.characters), np.float32)
        n_characters = len(self.characters.widths)
        widths = np.concatenate([self.characters.widths, self.words.widths])
        for number in np.flatnonzero(share):
            first, width = int(places[number]), int(widths[number])
            if number >= n_characters:
                last = min(first + width, len(encoded.starts) - 1)
                first, last = int(encoded.starts[min(first, last)]), int(encoded.starts[last])
            else:
                last = min(first + width, len(out))
            if last > first:
                out[first:last] += share[number] / (last - first)
        return out


def from_arrays(arrays: dict[str, npt.NDArray[np.generic]], config: NetworkConfig) -> Network:
    """The network of the arrays that ``to_arrays`` gives. Raises KeyError when one is missing."""

    def branch(name: str, widths: Sequence[int]) -> Branch:
        table = Table(arrays[f"{name}.rows"].astype(np.int8), arrays[f"{name}.scale"].astype(np.float16))
        return Branch(
            table,
            tuple(
                Convolution(
                    w,
                    np.ascontiguousarray(arrays[f"{name}.{w}.weight"].astype(np.float32)),
                    arrays[f"{name}.{w}.bias"].astype(np.float32),
                )
                for w in widths
            ),
        )

    return Network(
        branch("characters", config.character_widths),
        branch("words", config.word_widths),
        arrays["output.weight"].astype(np.float32),
        arrays["output.bias"].astype(np.float32),
    )


def to_arrays(network: Network) -> dict[str, npt.NDArray[np.generic]]:
    """For a safetensors file: tables as int8 with scales, all else as float16."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "output.weight": network.weight.astype(np.float16),
        "output.bias": network.bias.astype(np.float32),
    }
    for name, branch in (("characters", network.characters), ("words", network.words)):
        arrays |= {f"{name}.rows": branch.table.rows, f"{name}.scale": branch.table.scale}
        for convolution in branch.convolutions:
            arrays[f"{name}.{convolution.width}.weight"] = convolution.weight.astype(np.float16)
            arrays[f"{name}.{convolution.width}.bias"] = convolution.bias.astype(np.float16)
    return arrays
