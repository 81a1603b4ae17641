"""A million questions: memory, latency and recall of the large index against exact search.

    python -m benchmarks.faq_scale [--questions 1000000]

The vectors are synthetic but built like the FAQ's own: every text shares most of its direction (mean cosine of unrelated
questions .849), categories and entries add a little (.866 within a category, .889 within an entry), the rest is the wording;
all parts follow the power-law spectrum of real sentence vectors. Ten questions an entry. Queries are new wordings of random
entries. Recall@10 is the share of the ten truly nearest questions that the index returns; latency is one query at a time, on
one thread, search only (encoding a query is in benchmarks/encoder.py).
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from knowledge.index import LargeIndexConfig, build_vector_index

Floats = npt.NDArray[np.float32]

RESULTS = Path(__file__).resolve().parent / "results" / "faq_scale.json"
DIM = 384
QUESTIONS_AN_ENTRY = 10
ENTRIES_A_CATEGORY = 200
COSINE = {"any": 0.849, "category": 0.866, "entry": 0.889}
"""Mean cosines measured between the shipped FAQ's questions."""
SPECTRUM = 0.8
"""Exponent of the eigenvalues' decay, fitted to the same vectors."""
QUERIES = 1000
CHUNK = 100_000
TARGETS = {"memory_gib": 4.0, "p99_ms": 20.0, "recall_at_10": 0.98}


class Wordings:
    """Draws question vectors of entries."""

    def __init__(self, entries: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        eigenvalues = np.arange(1, DIM + 1) ** -SPECTRUM
        self._axis = np.sqrt(eigenvalues / eigenvalues.sum()).astype(np.float32)
        self._common = rng.normal(size=DIM).astype(np.float32)
        self._common /= np.linalg.norm(self._common)
        categories = self._draw(rng, entries // ENTRIES_A_CATEGORY + 1)
        self._category = categories
        self._entry = self._draw(rng, entries)

    def _draw(self, rng: np.random.Generator, n: int) -> Floats:
        """Vectors of mean squared length 1 with the spectrum, float32 [n, DIM]."""
        return rng.standard_normal((n, DIM), dtype=np.float32) * self._axis

    def of(self, entries: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """One new wording of each entry, unit rows, float32 [n, DIM]."""
        vectors = np.sqrt(1 - COSINE["entry"]) * self._draw(rng, len(entries))
        vectors += np.sqrt(COSINE["entry"] - COSINE["category"]) * self._entry[entries]
        vectors += np.sqrt(COSINE["category"] - COSINE["any"]) * self._category[entries // ENTRIES_A_CATEGORY]
        vectors += np.sqrt(COSINE["any"]) * self._common
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def exact_top10(vectors: npt.NDArray[np.float16], queries: Floats) -> npt.NDArray[np.int64]:
    """Rows of the ten nearest vectors of each query, by a full scan in pieces, int64 [n, 10]."""
    best = np.full((len(queries), 10), -1.0, dtype=np.float32)
    rows = np.zeros((len(queries), 10), dtype=np.int64)
    for start in range(0, len(vectors), CHUNK):
        piece = faiss.IndexFlatIP(DIM)
        piece.add(vectors[start : start + CHUNK].astype(np.float32))
        cosines, found = piece.search(queries, 10)
        both, both_rows = np.concatenate([best, cosines], axis=1), np.concatenate([rows, found + start], axis=1)
        order = np.argsort(-both, axis=1)[:, :10]
        best, rows = np.take_along_axis(both, order, axis=1), np.take_along_axis(both_rows, order, axis=1)
    return rows


def resident_gib() -> float:
    """Memory held now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**30


def main() -> None:
    """Print the figures and write benchmarks/results/faq_scale.json."""
    parser = argparse.ArgumentParser(description="百万问法的检索：内存、时延、召回")
    parser.add_argument("--questions", type=int, default=1_000_000)
    n = parser.parse_args().questions
    source = Wordings(n // QUESTIONS_AN_ENTRY, seed=0)
    rng = np.random.default_rng(1)
    vectors = np.empty((n, DIM), dtype=np.float16)
    for start in range(0, n, CHUNK):
        rows = np.arange(start, min(start + CHUNK, n))
        vectors[rows] = source.of(rows // QUESTIONS_AN_ENTRY % (n // QUESTIONS_AN_ENTRY), rng)
    queries = source.of(rng.integers(0, n // QUESTIONS_AN_ENTRY, QUERIES), rng)
    wanted = exact_top10(vectors, queries)
    started = time.monotonic()
    index = build_vector_index(vectors)
    build_s = time.monotonic() - started
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{n} 个问法，建索引 {build_s:.0f} 秒，峰值内存 {peak_gib:.2f} GiB")
    del source
    # As it is served: one query, one core; several cores answer several users.
    faiss.omp_set_num_threads(1)
    inverted = faiss.downcast_index(faiss.extract_index_ivf(index.index))
    rows_out = []
    standard = LargeIndexConfig.for_size(n).probes
    for probes in (standard // 4, standard // 2, standard, standard * 2):
        inverted.nprobe = probes
        found, took = [], []
        for query in queries:
            begun = time.perf_counter()
            found.append(index.search(query[None, :], 10)[1][0])
            took.append((time.perf_counter() - begun) * 1000)
        recall = float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(wanted, found, strict=True)]))
        p50, p99 = np.percentile(took, [50, 99])
        line = {"probes": probes, "recall_at_10": recall, "p50_ms": float(p50), "p99_ms": float(p99)}
        rows_out.append({key: round(value, 4) for key, value in line.items()})
        mark = "（默认）" if probes == standard else ""
        print(f"探查 {probes:4d} 个单元：recall@10 {recall:.4f}，p50 {p50:.2f} ms，p99 {p99:.2f} ms{mark}", flush=True)
    content = {
        "questions": n,
        "build_s": round(build_s, 1),
        "peak_gib": round(peak_gib, 2),
        "resident_gib": round(resident_gib(), 2),
        "default_probes": standard,
        "targets": TARGETS,
        "rows": rows_out,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
