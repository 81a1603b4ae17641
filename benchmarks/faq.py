"""FAQ retrieval side by side: TF-IDF, bm25s, the plain encoder, Wenyu, and Wenyu without each of its parts.

    python -m benchmarks.faq [--encoder var/encoder]

Judged on nlu_data/heldout/faq.yml, which nothing is trained or tuned on. Every row chooses its thresholds by the same rule on
the same development data. Columns: right entry first; among the first four; given as the answer or among the four that are
shown when asking back; the same or among those shown beside a refusal; answered right; answered wrong as certain (of the in-scope questions); out-of-scope questions refused, and answered; first place again
when 15 % of the characters are replaced by homophones.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer

from knowledge import calibrate, noise
from knowledge.bands import SHOWN, WORTH_SUGGESTING, Curve, choose_thresholds
from knowledge.confidence import rank
from knowledge.corpus import Corpus, lay_out
from knowledge.encoder import Encoder, load_encoder
from knowledge.index import open_or_build
from knowledge.lexical import word_terms
from knowledge.normalise import Synonyms, load_synonyms, normalise
from knowledge.retrieval import PARTS as ALL_PARTS
from knowledge.store import load_faq

ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = ROOT / "nlu_data" / "heldout" / "faq.yml"
RESULTS = ROOT / "benchmarks" / "results" / "faq.json"

PARTS: dict[str, tuple[str, ...]] = {
    "问法向量": ("dense_best", "dense_mean"),
    "答案向量": ("answer", "answer_part"),
    "全部向量": ("dense_best", "dense_mean", "answer", "answer_part"),
    "BM25": ("bm25",),
    "拼音": ("pinyin",),
    "覆盖度": ("coverage",),
    "反例": ("outside",),
}


@dataclass(frozen=True)
class Queries:
    """Held-out questions: clean, with homophones, and out of scope; right[i]: entries that answer the i-th clean one."""

    clean: list[str]
    faulty: list[str]
    outside: list[str]
    right: list[list[int]]


def read_queries(corpus: Corpus) -> Queries:
    """The held-out set, normalised."""
    content = yaml.safe_load(HELD_OUT.read_text(encoding="utf-8"))
    ids = {entry.id: i for i, entry in enumerate(corpus.entries)}
    also = content.get("also", {})
    pairs = [
        (t, [ids[e], *(ids[a] for a in also.get(t, ()))]) for e, texts in content["paraphrases"].items() for t in texts
    ]
    rng = random.Random(7)
    clean = [normalise(text) for text, _ in pairs]
    return Queries(
        clean,
        [normalise(noise.homophone(text, rng)) for text in clean],
        [normalise(t) for t in content["out_of_scope"]],
        [right for _, right in pairs],
    )


def row(
    name: str,
    place: npt.NDArray,
    bands: Sequence[str],
    outside: Sequence[str],
    faulty_first: float,
    suggested: npt.NDArray | None = None,
) -> dict:
    """One line of the table; place: position of the right entry, 0 first; suggested: whether a refusal shows candidates."""
    band = np.array(bands)
    answered, refused = band == "answer", band == "refuse"
    found = (~refused) & (((place < SHOWN) & (band == "suggest")) | ((place == 0) & answered))
    out = np.array(outside)
    return {
        "name": name,
        "right_first": float((place == 0).mean()),
        "right_in_candidates": float((place < SHOWN).mean()),
        "first_or_shown": float(found.mean()),
        "first_or_shown_or_suggested": float((found | (refused & suggested & (place < SHOWN))).mean())
        if suggested is not None
        else float(found.mean()),
        "answered_right": float((answered & (place == 0)).mean()),
        "answered_wrong": float((answered & (place != 0)).mean()),
        "asked_back": float((band == "suggest").mean()),
        "refused": float(refused.mean()),
        "outside_refused": float((out == "refuse").mean()),
        "outside_answered": float((out == "answer").mean()),
        "right_first_homophones": faulty_first,
    }


Scorer = Callable[[list[str]], npt.NDArray]


def places(scores: npt.NDArray, right: Sequence[Sequence[int]]) -> npt.NDArray:
    """Position of the best placed of the right entries, 0 first."""
    best = np.array([line[entries].max() for line, entries in zip(scores, map(list, right), strict=True)])
    return (scores > best[:, None]).sum(axis=1)


def simple(name: str, scorer: Scorer, queries: Queries, development: calibrate.Development, corpus: Corpus) -> dict:
    """A method with one score per entry [n, n_entries]: the score itself is its confidence."""
    ids = {entry.id: i for i, entry in enumerate(corpus.entries)}
    known = [(normalise(t), ids[e]) for t, e in development.paraphrases if e in ids]
    groups = ["paraphrase"] * len(known) + [g for g, texts in development.outside.items() for _ in texts]
    texts = [t for t, _ in known] + [normalise(t) for some in development.outside.values() for t in some]
    scores = scorer(texts)
    place = np.full(len(texts), 99)
    place[: len(known)] = places(scores[: len(known)], [[t] for _, t in known])
    best = scores.max(axis=1)
    thresholds = choose_thresholds(
        Curve(best, best, place, np.array(groups) != "paraphrase", np.array(groups)), "paraphrase"
    )
    clean, outside = scorer(queries.clean), scorer(queries.outside)
    return row(
        name,
        places(clean, queries.right),
        [thresholds.band(s, s) for s in clean.max(axis=1)],
        [thresholds.band(s, s) for s in outside.max(axis=1)],
        float((places(scorer(queries.faulty), queries.right) == 0).mean()),
    )


def best_per_entry(corpus: Corpus, scores: npt.NDArray) -> npt.NDArray:
    """Question scores [n, n_questions] to entry scores [n, n_entries]."""
    return np.maximum.reduceat(scores, corpus.question_starts[:-1], axis=1)


def tfidf(corpus: Corpus) -> Scorer:
    """Cosine of TF-IDF over character pairs and single characters."""
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    matrix = vectoriser.fit_transform(corpus.questions)
    return lambda texts: best_per_entry(corpus, (vectoriser.transform(texts) @ matrix.T).toarray())


def bm25s_words(corpus: Corpus) -> Scorer:
    """The bm25s package over jieba's words."""
    index = bm25s.BM25()
    index.index([word_terms(q) for q in corpus.questions], show_progress=False)

    def score(texts: list[str]) -> npt.NDArray:
        none = np.zeros(len(corpus.questions))
        return best_per_entry(
            corpus, np.stack([index.get_scores(terms) if (terms := word_terms(t)) else none for t in texts])
        )

    return score


def plain_encoder(corpus: Corpus, vectors: npt.NDArray, encoder: Encoder) -> Scorer:
    """Nearest question by cosine, nothing else."""
    questions = vectors[: len(corpus.questions)]
    return lambda texts: best_per_entry(corpus, encoder.encode(texts) @ questions.T)


class Wenyu:
    """Everything fitted on the development data once, then judged with any part of the features."""

    def __init__(self, corpus: Corpus, encoder: Encoder, synonyms: Synonyms, queries: Queries, cache: Path) -> None:
        self.development = calibrate.read_development(calibrate.DEVELOPMENT, calibrate.OUT_OF_SCOPE)
        corpus = lay_out(corpus.entries, calibrate.counterexamples(self.development))
        self.stored = open_or_build(cache, corpus.texts, len(corpus.questions), encoder)
        self.samples = calibrate.gather(corpus, self.stored, synonyms, encoder, self.development)
        self.queries = queries
        retriever = calibrate.full_retriever(corpus, self.stored, synonyms, encoder)
        self.found = {
            kind: [retriever.candidates(t, v) for t, v in zip(texts, encoder.encode(texts), strict=True)]
            for kind, texts in (("clean", queries.clean), ("faulty", queries.faulty), ("outside", queries.outside))
        }

    def judge(self, name: str, used: Sequence[str] = ALL_PARTS) -> dict:
        """Fit with the parts in `used` and judge on the held-out set."""
        thresholds = choose_thresholds(calibrate.cross_fitted_curve(self.samples, used), "paraphrase")
        fitted = calibrate.fit(self.samples, np.arange(len(self.samples.targets)), used)

        def run(kind: str, texts: list[str]) -> tuple[npt.NDArray, list[str], npt.NDArray]:
            place, bands, suggested = [], [], []
            right_entries = self.queries.right if kind != "outside" else [[] for _ in texts]
            for candidates, text, entries in zip(self.found[kind], texts, right_entries, strict=True):
                ranked = rank(fitted.fusion, candidates, text, used)
                hit = np.flatnonzero(np.isin(ranked.entries, entries))
                place.append(int(hit[0]) if len(hit) else 99)
                right = float(fitted.right.probability(ranked.evidence))
                suggested.append(right >= WORTH_SUGGESTING)
                bands.append(thresholds.band(right, float(fitted.in_scope.probability(ranked.evidence))))
            return np.array(place), bands, np.array(suggested)

        place, bands, suggested = run("clean", self.queries.clean)
        faulty, _, _ = run("faulty", self.queries.faulty)
        _, outside, _ = run("outside", self.queries.outside)
        return row(name, place, bands, outside, float((faulty == 0).mean()), suggested)


COLUMNS = {
    "right_first": "首位",
    "right_in_candidates": "前四",
    "first_or_shown": "首位或候选",
    "first_or_shown_or_suggested": "含拒答时的建议",
    "answered_right": "答对",
    "answered_wrong": "错答",
    "outside_refused": "域外拒答",
    "outside_answered": "域外误答",
    "right_first_homophones": "同音错字首位",
}


def main() -> None:
    """Print the table and write benchmarks/results/faq.json."""
    parser = argparse.ArgumentParser(description="FAQ 检索对比")
    parser.add_argument("--encoder", type=Path, default=ROOT / "var" / "encoder")
    parser.add_argument("--cache", type=Path, default=ROOT / "var" / "index" / "benchmark")
    arguments = parser.parse_args()
    corpus = lay_out(load_faq(ROOT / "knowledge" / "faq"))
    queries = read_queries(corpus)
    encoder = load_encoder("", arguments.encoder, threads=2)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    print(
        f"{len(corpus.entries)} 个条目，{len(corpus.questions)} 个问法；"
        f"留出 {len(queries.clean)} 个改写，{len(queries.outside)} 个域外问题\n"
    )
    print("  ".join([*COLUMNS.values(), "方法"]))
    rows: list[dict] = []

    def show(result: dict) -> None:
        rows.append(result)
        print("  ".join([f"{result[c]:6.1%}" for c in COLUMNS] + [result["name"]]), flush=True)

    whole = Wenyu(corpus, encoder, load_synonyms(), queries, arguments.cache)
    show(simple("TF-IDF（字 1–2 元）", tfidf(corpus), queries, whole.development, corpus))
    show(simple("bm25s（jieba 词）", bm25s_words(corpus), queries, whole.development, corpus))
    show(simple("仅编码器", plain_encoder(corpus, whole.stored.vectors, encoder), queries, whole.development, corpus))
    show(whole.judge("Wenyu"))
    for part, features in PARTS.items():
        show(whole.judge(f"Wenyu，去掉{part}", [f for f in ALL_PARTS if f not in features]))
    show(Wenyu(corpus, encoder, Synonyms({}), queries, arguments.cache).judge("Wenyu，去掉同义词"))
    RESULTS.parent.mkdir(exist_ok=True)
    content = {
        "entries": len(corpus.entries),
        "questions": len(corpus.questions),
        "held_out": {"paraphrases": len(queries.clean), "out_of_scope": len(queries.outside)},
        "encoder": encoder.fingerprint,
        "date": time.strftime("%Y-%m-%d"),
        "rows": [{k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows],
    }
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
