"""Nearest questions by vector: exact while the FAQ is small, approximate and compressed when it is large.

A built index is a folder var/index/<hash>/ with the questions' texts, their vectors as float16 and, for large ones, the
faiss file. It is written beside and renamed into place; the last three are kept and double as the cache of vectors, so an
edit encodes only the questions that changed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from knowledge.checksum import fingerprint_of
from knowledge.encoder import Encoder

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

EXACT_UP_TO = 50_000
"""Vectors below which a full scan costs less than 2 ms and nothing has to be trained."""
KEPT = 3
TRAINING_VECTORS_PER_CELL = 40
COMPRESSED_DIMENSIONS = 256
"""Principal components that are kept, four bits each: 128 bytes a vector."""
RESCORED = 200
"""Nearest compressed vectors whose exact cosines decide. Cosines of sentence vectors lie close together, so compression
alone, even to eight bits a dimension, loses 3 % of the true ten nearest."""


class VectorIndex:
    """Cosine search over unit vectors; the same interface at every size."""

    def __init__(self, index: faiss.Index, rescore: Floats | None = None) -> None:
        """`rescore`: the vectors themselves [n, dim], in memory or mapped, when `index` only approximates them."""
        self.index = index
        self._rescore = rescore

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Cosines float32 [n, k] and rows int64 [n, k], best first; row -1 where there are fewer than k."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if self._rescore is None:
            cosines, rows = self.index.search(queries, k)
            return cosines, rows
        _, near = self.index.search(queries, max(k, RESCORED))
        best = np.full((len(queries), k), -1.0, dtype=np.float32)
        found = np.full((len(queries), k), -1, dtype=np.int64)
        for i, query in enumerate(queries):
            rows = np.sort(near[i][near[i] >= 0])
            exact = self._rescore[rows].astype(np.float32) @ query
            order = np.argsort(-exact)[:k]
            best[i, : len(order)], found[i, : len(order)] = exact[order], rows[order]
        return best, found

    @property
    def size(self) -> int:
        """Number of vectors."""
        return int(self.index.ntotal)


@dataclass(frozen=True, slots=True)
class LargeIndexConfig:
    """Sizes of the approximate index: `cells` clusters, `probes` of them visited by a query."""

    cells: int
    probes: int

    @classmethod
    def for_size(cls, n: int) -> LargeIndexConfig:
        """About sqrt(n) cells, a power of two, three eighths of them visited: measured in benchmarks/faq_scale.py.

        So many, because the neighbours of a sentence vector are spread over many cells; scanning is cheap.
        """
        cells = 1 << round(np.log2(np.sqrt(n)))
        return cls(cells=cells, probes=max(1, cells * 3 // 8))


def build_vector_index(vectors: Floats, config: LargeIndexConfig | None = None) -> VectorIndex:
    """Index unit vectors, float32 or float16 [n, dim].

    Up to EXACT_UP_TO rows (unless `config` is given) an exact scan; beyond, principal components in an inverted file with
    four-bit product quantisation (Andre et al. 2017), the nearest rescored exactly.
    """
    n, dim = vectors.shape
    if n <= EXACT_UP_TO and config is None:
        exact = faiss.IndexFlatIP(dim)
        exact.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return VectorIndex(exact)
    config = config or LargeIndexConfig.for_size(n)
    kept = min(dim, COMPRESSED_DIMENSIONS)
    # Distances, not products: components are centred, and for unit vectors both rank alike.
    index: Any = faiss.index_factory(dim, f"PCA{kept},IVF{config.cells},PQ{kept}x4fs", faiss.METRIC_L2)
    inverted: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    inverted.cp.niter = 8
    inverted.pq.cp.niter = 6
    rng = np.random.default_rng(0)
    sample = rng.choice(n, size=min(n, config.cells * TRAINING_VECTORS_PER_CELL), replace=False)
    index.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    for start in range(0, n, 100_000):
        index.add(np.ascontiguousarray(vectors[start : start + 100_000], dtype=np.float32))
    inverted.nprobe = config.probes
    return VectorIndex(index, vectors)


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """Vectors of all texts, [n, dim] in their order (float32, or float16 on disk when large), and the built index."""

    folder: Path
    vectors: Floats
    index: VectorIndex


def open_or_build(cache_dir: Path, texts: Sequence[str], indexed: int, encoder: Encoder) -> StoredIndex:
    """The vectors of `texts` under `encoder` and an index of the first `indexed` of them.

    Comes from <cache_dir>/<hash>/ or is built now; older folders are thinned out to the last KEPT.
    """
    folder = cache_dir / fingerprint_of(encoder.fingerprint, str(indexed), *texts)
    if (folder / "texts.json").is_file():
        os.utime(folder)
    else:
        vectors = _encode_changed(cache_dir, texts, encoder)
        partial = cache_dir / f".{folder.name}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        np.save(partial / "vectors.npy", vectors.astype(np.float16), allow_pickle=False)
        record = {"encoder": encoder.fingerprint, "texts": list(texts)}
        (partial / "texts.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        if indexed > EXACT_UP_TO:
            faiss.write_index(build_vector_index(vectors[:indexed]).index, str(partial / "index.faiss"))
        try:
            partial.rename(folder)
        except OSError:  # another process has just put the same index there
            shutil.rmtree(partial)
    # Also what has just been built is read back, so that answers do not depend on when it was built.
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    if indexed > EXACT_UP_TO:
        index = VectorIndex(faiss.read_index(str(folder / "index.faiss")), vectors[:indexed])
    else:
        vectors = vectors.astype(np.float32)
        index = build_vector_index(vectors[:indexed])
    _keep_last(cache_dir)
    return StoredIndex(folder, vectors, index)


def _encode_changed(cache_dir: Path, texts: Sequence[str], encoder: Encoder) -> Floats:
    """Vectors of `texts`, taken from the kept folders where the text is known, encoded otherwise."""
    vectors = np.empty((len(texts), encoder.dim), dtype=np.float32)
    wanted: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        wanted.setdefault(text, []).append(row)
    for folder in _folders(cache_dir):
        record = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        if record["encoder"] != encoder.fingerprint:
            continue
        known = np.load(folder / "vectors.npy", mmap_mode="r")
        for position, text in enumerate(record["texts"]):
            for row in wanted.pop(text, ()):
                vectors[row] = known[position]
    missing = list(wanted)
    if missing:
        for text, vector in zip(missing, encoder.encode(missing), strict=True):
            vectors[wanted[text]] = vector
    return vectors


def _folders(cache_dir: Path) -> list[Path]:
    """Finished index folders, the newest first."""
    found = [path for path in cache_dir.glob("[!.]*") if (path / "texts.json").is_file()]
    return sorted(found, key=lambda path: -path.stat().st_mtime)


def _keep_last(cache_dir: Path) -> None:
    for folder in _folders(cache_dir)[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
