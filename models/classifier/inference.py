"""The network in numpy: what training made, run without torch, with the evidence for a label.

Embedding tables are kept as int8 with one scale a row and turned into floats row by row as a text needs them, so a model
takes as much memory as its file. Convolutions and the linear layer are float32 in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from models.classifier.config import NetworkConfig
from models.classifier.vocabulary import PADDING, Encoded, grams, padded

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
BLOCK = 1024
"""Texts whose distinct characters and words meet the filters together."""
SLICE = 512
"""Positions (texts times length) that are added up at once, so that the sums stay in the cache."""


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

    @property
    def values(self) -> Floats:
        """All rows, float32 [n, size]."""
        return self.rows.astype(np.float32) * self.scale.astype(np.float32)[:, None]

    def __call__(self, ids: npt.NDArray[np.integer[Any]]) -> Floats:
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

    def products(self, rows: Floats) -> list[Floats]:
        """What each of ``rows``, float32 [m, size], adds to a window from each of its positions: ``width`` of [m, filters].

        A convolution is linear, and a thousand headlines have two thousand different characters: those are multiplied
        once and their products added up, which is the same as multiplying every window and a tenth of the work.
        """
        size = rows.shape[1]
        return [rows @ self.weight[k * size : (k + 1) * size] for k in range(self.width)]

    def __call__(self, products: Sequence[Floats], places: Places, windows: int) -> Floats:
        """float32 [n, windows, filters], without the bias; ``places`` [n, positions] are rows of the products."""
        out = np.take(products[0], places[:, :windows], axis=0, mode="clip")
        for k, each in enumerate(products[1:], 1):
            out += np.take(each, places[:, k : k + windows], axis=0, mode="clip")
        return out


@dataclass(frozen=True)
class Branch:
    """One input, characters or words: its table and its convolutions."""

    table: Table
    convolutions: tuple[Convolution, ...]

    def activations(self, texts: Sequence[npt.NDArray[np.int32]], widest: int) -> Iterator[tuple[slice, list[Floats]]]:
        """For some texts after another the activations of each width, float32 [n, windows, filters].

        ``widest``: positions of padding that follow a text, plus one, so a window may begin at its end; a window that
        begins after it is very low.
        """
        lengths = [len(row) for row in texts]
        ids = padded(texts, widest - 1)
        unique, places = np.unique(ids, return_inverse=True)
        places = places.reshape(ids.shape)
        rows = self.table(unique)
        products = [convolution.products(rows) for convolution in self.convolutions]
        start = 0
        while start < len(texts):
            # Texts come in order of their length, so the last of a slice is about its longest.
            stop = min(
                len(texts), start + max(1, SLICE // lengths[min(start + SLICE // lengths[start], len(texts)) - 1])
            )
            part, windows = slice(start, stop), max(lengths[start:stop])
            after = ids[part, :windows] == PADDING
            values = []
            for convolution, each in zip(self.convolutions, products, strict=True):
                active = convolution(each, places[part, : windows + widest - 1], windows)
                active[after] = -1e4
                values.append(active)
            yield part, values
            start = stop

    @property
    def widths(self) -> npt.NDArray[np.int64]:
        """Width of every filter, int64 [filters]."""
        return np.concatenate([np.full(len(c.bias), c.width) for c in self.convolutions])


@dataclass(frozen=True)
class Network:
    """TextCNN: two branches and ``weight`` float32 [labels, features], ``bias`` float32 [labels].

    Attributes:
        mean_pooling: whether the means over time follow the maxima in the features of each branch.
        ngrams: the wide path, what each character n-gram says for each label; None where there is none.
    """

    characters: Branch
    words: Branch
    weight: Floats
    bias: Floats
    mean_pooling: bool = False
    ngrams: Table | None = None

    @property
    def widest(self) -> int:
        """The greatest width: a text is followed by one position of padding less, so a window may begin at its end."""
        return max(c.width for branch in (self.characters, self.words) for c in branch.convolutions)

    def logits(self, encoded: Sequence[Encoded]) -> Floats:
        """float32 [n, labels]. Texts of like length are run together."""
        out = np.empty((len(encoded), len(self.bias)), np.float32)
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].characters))
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            block = [encoded[i] for i in rows]
            out[rows] = self._features(block) @ self.weight.T + self.bias
            if self.ngrams is not None:
                said, root = self._said(self.ngrams, block)
                out[rows] += said.sum(axis=1) / root
        return out

    @staticmethod
    def _said(ngrams: Table, encoded: Sequence[Encoded]) -> tuple[Floats, Floats]:
        """What the n-grams say for each label, float32 [n, grams, labels], and the root of their count, [n, 1]."""
        ids = grams(padded([e.characters for e in encoded]), len(ngrams.rows) - 1)
        root = np.sqrt((ids != PADDING).sum(axis=1, keepdims=True)).astype(np.float32)
        return ngrams(ids), root

    def _features(self, encoded: Sequence[Encoded]) -> Floats:
        """Greatest activation of every filter and, where the network has them, their means, float32 [n, features]."""
        out = np.empty((len(encoded), self.weight.shape[1]), np.float32)
        first = 0
        # A second thread waits longer for its share of such small products than they take, and keeps a core busy.
        with _libraries().limit(limits=1, user_api="blas"):
            for branch, texts in self._inputs(encoded):
                filters = len(branch.widths)
                lengths = np.array([len(row) for row in texts], np.float32)
                bias = np.concatenate([c.bias for c in branch.convolutions])
                for part, values in branch.activations(texts, self.widest):
                    pooled = np.concatenate([active.max(axis=1) for active in values], axis=1)
                    out[part, first : first + filters] = np.maximum(pooled + bias, 0)
                    if self.mean_pooling:
                        sums = [np.maximum(active, 0, out=active).sum(axis=1) for active in values]
                        means = np.concatenate(sums, axis=1) / np.sqrt(lengths[part])[:, None]
                        out[part, first + filters : first + 2 * filters] = means
                first += filters * (2 if self.mean_pooling else 1)
        return out

    def _inputs(self, encoded: Sequence[Encoded]) -> Iterator[tuple[Branch, list[npt.NDArray[np.int32]]]]:
        yield self.characters, [e.characters for e in encoded]
        yield self.words, [e.words for e in encoded]

    def support(self, encoded: Encoded, label: int) -> Floats:
        """How much each character spoke for the label against the other labels, float32 [characters].

        Everything that adds to the label's logit, less its mean contribution to all labels, is shared out over the
        window that it comes from; a window of words is as wide as its words.
        """
        out = np.zeros(len(encoded.characters), np.float32)
        weight = self.weight[label] - (self.weight.mean(axis=0) if len(self.bias) > 1 else 0)
        first = 0
        for branch, texts in self._inputs([encoded]):
            ends = encoded.starts if branch is self.words else np.arange(len(out) + 1)
            n, filters = len(texts[0]), len(branch.widths)
            share = np.zeros((n, max(c.width for c in branch.convolutions)), np.float32)
            at = 0
            for _, values in branch.activations(texts, self.widest):
                for convolution, active in zip(branch.convolutions, values, strict=True):
                    own = slice(first + at, first + at + len(convolution.bias))
                    places = active[0].argmax(axis=0)
                    pooled = np.maximum(active[0][places, np.arange(len(places))] + convolution.bias, 0)
                    np.add.at(share[:, convolution.width - 1], places, pooled * weight[own])
                    if self.mean_pooling:
                        later = weight[own.start + filters : own.stop + filters]
                        share[:, convolution.width - 1] += np.maximum(active[0], 0) @ later / np.sqrt(n)
                    at += len(convolution.bias)
            for place, row in enumerate(share):
                for width, value in enumerate(row, 1):
                    begin, end = int(ends[place]), int(ends[min(place + width, n)])
                    out[begin:end] += value / max(1, end - begin)
            first += filters * (2 if self.mean_pooling else 1)
        if self.ngrams is not None:
            said, root = self._said(self.ngrams, [encoded])
            against = said[0].mean(axis=1) if len(self.bias) > 1 else 0
            each = (said[0][:, label] - against) / root[0]
            n = len(out)
            for place in range(n + 1):
                begin, end = max(0, place - 1), min(n, place + 1)
                out[begin:end] += each[place] / (end - begin)
            for place in range(n):
                begin, end = max(0, place - 1), min(n, place + 2)
                out[begin:end] += each[n + 1 + place] / (end - begin)
            out += each[2 * n + 1 :]
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
        config.mean_pooling,
        Table(arrays["ngrams.rows"].astype(np.int8), arrays["ngrams.scale"].astype(np.float16))
        if config.ngram_buckets
        else None,
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
    if network.ngrams is not None:
        arrays |= {"ngrams.rows": network.ngrams.rows, "ngrams.scale": network.ngrams.scale}
    return arrays
