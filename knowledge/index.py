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


class VectorIndex:
    """Inner-product search over unit vectors; the same interface at every size."""

    def __init__(self, index: faiss.Index) -> None:
        self.index = index

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Cosines float32 [n, k] and rows int64 [n, k], best first; row -1 where there are fewer than k."""
        cosines, rows = self.index.search(np.ascontiguousarray(queries, dtype=np.float32), k)
        return cosines, rows

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
        """About 4 * sqrt(n) cells, a power of two; the probes are measured in benchmarks/faq_scale.py."""
        cells = 1 << int(np.log2(4 * np.sqrt(n)))
        return cls(cells=cells, probes=max(16, cells // 64))


def build_vector_index(vectors: Floats, config: LargeIndexConfig | None = None) -> VectorIndex:
    """Index unit vectors, float32 or float16 [n, dim].

    Up to EXACT_UP_TO rows (unless `config` is given) an exact scan; beyond, IVF with eight-bit scalar quantisation: a
    quarter of the memory of float32.
    """
    n, dim = vectors.shape
    if n <= EXACT_UP_TO and config is None:
        exact = faiss.IndexFlatIP(dim)
        exact.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return VectorIndex(exact)
    config = config or LargeIndexConfig.for_size(n)
    quantiser = faiss.IndexFlatIP(dim)
    large = faiss.IndexIVFScalarQuantizer(
        quantiser, dim, config.cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, True
    )
    rng = np.random.default_rng(0)
    sample = rng.choice(n, size=min(n, config.cells * TRAINING_VECTORS_PER_CELL), replace=False)
    large.cp.niter = 10
    large.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    for start in range(0, n, 100_000):
        large.add(np.ascontiguousarray(vectors[start : start + 100_000], dtype=np.float32))
    large.nprobe = config.probes
    return VectorIndex(large)


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
        index = VectorIndex(faiss.read_index(str(folder / "index.faiss")))
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
