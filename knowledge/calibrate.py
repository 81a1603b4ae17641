"""Fit the fusion, the confidence and the three bands' thresholds on data, and print what they give.

In-scope questions: every question of the FAQ against the others (ten folds, so that it is never compared with itself), a
third of them also with a typing or hearing fault; and the paraphrases of a development set. Out of scope: that set's
questions that no entry answers, and the dialogue's out-of-scope and small-talk examples. What is judged was never part of
its own fit: weights and thresholds are cross-fitted.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from knowledge import noise
from knowledge.bands import Calibration, Curve, choose_thresholds
from knowledge.confidence import fit_logistic, fit_quadratic, rank
from knowledge.corpus import Corpus, lay_out
from knowledge.encoder import Encoder
from knowledge.errors import CalibrationError
from knowledge.fusion import FusionWeights, fit_fusion
from knowledge.index import StoredIndex, open_or_build
from knowledge.normalise import Synonyms, load_synonyms, normalise
from knowledge.retrieval import PARTS, Candidates, Retriever, TermCounts, fold_of_questions
from knowledge.store import load_faq

Floats = npt.NDArray[np.float32]

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT = ROOT / "knowledge" / "development.yml"
OUT_OF_SCOPE = (ROOT / "nlu_data" / "nlu" / "out_of_scope.yml", ROOT / "nlu_data" / "nlu" / "chitchat.yml")
FOLDS = 10
NOISY_SHARE = 3
CROSS_FITS = 5
ENOUGH_PARAPHRASES = 80
"""Paraphrases in the development set from which on they alone decide the thresholds: they are what users type, while
questions of one entry were written to differ from each other."""
OUTSIDE = -1
COUNTEREXAMPLE_GROUPS = ("unanswerable", "out_of_scope")


@dataclass
class Samples:
    """Judged questions: candidates, the right entry's number (OUTSIDE: none), group, and normalised text."""

    candidates: list[Candidates] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, group: str, text: str, target: int, candidates: Candidates) -> None:
        """Append one question."""
        self.candidates.append(candidates)
        self.targets.append(target)
        self.groups.append(group)
        self.texts.append(text)


@dataclass(frozen=True)
class Development:
    """paraphrases: (question, entry id); outside: questions by group that the FAQ does not answer."""

    paraphrases: tuple[tuple[str, str], ...]
    outside: dict[str, tuple[str, ...]]


def read_development(path: Path, nlu_files: Sequence[Path]) -> Development:
    """The development set, and the dialogue's examples where those files exist."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    paraphrases = [(text, entry) for entry, texts in content.get("paraphrases", {}).items() for text in texts]
    outside = {"unanswerable": tuple(content.get("unanswerable", ()))}
    for file in nlu_files:
        if not file.is_file():
            continue
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            lines = (line.strip().removeprefix("- ").strip() for line in block["examples"].splitlines())
            outside[block["intent"]] = tuple(line for line in lines if line and "[" not in line)
    return Development(tuple(paraphrases), {name: texts for name, texts in outside.items() if texts})


def counterexamples(development: Development) -> list[str]:
    """Questions from outside that every question is compared with when served.

    Small talk is not among them: it has answers of its own, which the same code serves.
    """
    return [text for name in COUNTEREXAMPLE_GROUPS for text in development.outside.get(name, ())]


def full_retriever(corpus: Corpus, stored: StoredIndex, synonyms: Synonyms, encoder: Encoder) -> Retriever:
    """The retriever that serves."""
    counts = TermCounts(corpus, synonyms)
    return Retriever(corpus, stored.vectors, counts, synonyms, encoder.words, question_index=stored.index)


def gather(
    corpus: Corpus, stored: StoredIndex, synonyms: Synonyms, encoder: Encoder, development: Development, seed: int = 0
) -> Samples:
    """Candidates for every judged question, which sees four fifths of the counterexamples, never itself."""
    n = len(corpus.questions)
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    counts = TermCounts(corpus, synonyms)
    fold = fold_of_questions(corpus, FOLDS, generator)
    faulty = {row: normalise(noise.noisy(corpus.questions[row], rng)) for row in range(0, n, NOISY_SHARE)}
    faulty_vectors = dict(zip(faulty, encoder.encode(list(faulty.values())), strict=True))
    part_of = {text: int(generator.integers(CROSS_FITS)) for text in corpus.outside}
    parts = np.array([part_of[text] for text in corpus.outside], dtype=np.int64)

    def seen(text: str) -> npt.NDArray[np.bool_]:
        own = part_of.get(text, len(text) % CROSS_FITS)
        return np.array(parts != own, dtype=np.bool_)

    samples = Samples()
    for number in range(FOLDS):
        kept = np.flatnonzero(fold != number)
        part = Retriever(corpus, stored.vectors, counts, synonyms, encoder.words, rows=kept)
        for row in np.flatnonzero(fold == number).tolist():
            target = int(corpus.question_owner[row])
            text = corpus.questions[row]
            samples.add("faq", text, target, part.candidates(text, stored.vectors[row], seen(text)))
            if row in faulty:
                found = part.candidates(faulty[row], faulty_vectors[row], seen(text))
                samples.add("faq, faulty", faulty[row], target, found)
    whole = full_retriever(corpus, stored, synonyms, encoder)
    ids = {entry.id: i for i, entry in enumerate(corpus.entries)}
    known = [(normalise(text), ids[entry]) for text, entry in development.paraphrases if entry in ids]
    judged = [("paraphrase", text, target) for text, target in known]
    judged += [("paraphrase, faulty", normalise(noise.homophone(text, rng)), target) for text, target in known]
    judged += [(name, normalise(t), OUTSIDE) for name, texts in development.outside.items() for t in texts]
    vectors = encoder.encode([text for _, text, _ in judged])
    for (group, text, target), vector in zip(judged, vectors, strict=True):
        samples.add(group, text, target, whole.candidates(text, vector, seen(text)))
    return samples


IMPORTANCE = {"faq": 0.5, "faq, faulty": 0.25, "paraphrase": 1.0, "paraphrase, faulty": 0.25}
"""What each in-scope group weighs, as a whole, when the ranking is learned; the others share a weight of 1."""
IMPORTANCE_WITH_PARAPHRASES = {**IMPORTANCE, "faq": 0.05, "faq, faulty": 0.05}
"""The same when the confidence is learned and there are paraphrases enough: how often the first is right among the FAQ's
own questions, a third of which ask for what no other wording mentions, says little of what users will see."""


def importance(groups: Sequence[str], shares: dict[str, float]) -> npt.NDArray[np.float64]:
    """Weight of every sample, such that each group weighs what `shares` says whatever its size."""
    names, index, counts = np.unique(np.array(groups), return_inverse=True, return_counts=True)
    outside = sum(name not in shares for name in names)
    weight = np.array([shares.get(name, 1.0 / max(outside, 1)) for name in names]) / counts
    result: npt.NDArray[np.float64] = weight[index]
    return result


@dataclass(frozen=True)
class Fitted:
    """Fusion, probabilities of right and in scope, all fitted on the same samples."""

    fusion: FusionWeights
    right: Any
    in_scope: Any


def fit(samples: Samples, chosen: npt.NDArray[np.int64], used: Sequence[str] = PARTS) -> Fitted:
    """Fit on the chosen samples; `used` restricts the features (for ablations)."""
    groups = [samples.groups[i] for i in chosen]
    weight = importance(groups, IMPORTANCE)
    inside = [j for j, i in enumerate(chosen) if samples.targets[i] != OUTSIDE]
    fusion = fit_fusion(
        [samples.candidates[chosen[j]] for j in inside],
        [samples.targets[chosen[j]] for j in inside],
        weight[inside].tolist(),
        used,
    )
    ranked = [rank(fusion, samples.candidates[i], samples.texts[i], used) for i in chosen]
    evidence = np.stack([r.evidence for r in ranked])
    targets = [samples.targets[i] for i in chosen]
    right = [int(r.entries[0]) == target for r, target in zip(ranked, targets, strict=True)]
    inside_truth = [target != OUTSIDE for target in targets]
    if _has_paraphrases(groups):
        weight = importance(groups, IMPORTANCE_WITH_PARAPHRASES)
    return Fitted(fusion, fit_quadratic(evidence, right, weight), fit_logistic(evidence, inside_truth, weight))


def _has_paraphrases(groups: Sequence[str]) -> bool:
    return groups.count("paraphrase") >= ENOUGH_PARAPHRASES


def cross_fitted_curve(samples: Samples, used: Sequence[str] = PARTS) -> Curve:
    """What models that never saw a question's entry (or the question) say of it."""
    targets = np.array(samples.targets)
    lottery = np.random.default_rng(1)
    part = np.where(targets == OUTSIDE, lottery.integers(0, CROSS_FITS, len(targets)), targets % CROSS_FITS)
    right = np.zeros(len(targets))
    in_scope = np.zeros(len(targets))
    place = np.full(len(targets), 99)
    for number in range(CROSS_FITS):
        fitted = fit(samples, np.flatnonzero(part != number), used)
        for i in np.flatnonzero(part == number).tolist():
            ranked = rank(fitted.fusion, samples.candidates[i], samples.texts[i], used)
            right[i] = fitted.right.probability(ranked.evidence)
            in_scope[i] = fitted.in_scope.probability(ranked.evidence)
            hit = np.flatnonzero(ranked.entries == targets[i])
            place[i] = int(hit[0]) if len(hit) else 99
    return Curve(right, in_scope, place, targets == OUTSIDE, np.array(samples.groups))


def calibrate(
    faq_dir: Path,
    index_dir: Path,
    encoder: Encoder,
    *,
    out: Path | None = None,
    development: Path = DEVELOPMENT,
    outside: Sequence[Path] = OUT_OF_SCOPE,
    say: Callable[[str], None] = print,
) -> Calibration:
    """Refit everything for the FAQ in `faq_dir`, print the curve, and write it.

    Args:
        faq_dir: the FAQ's files.
        index_dir: where its index is kept; the result goes to `calibration.json` there unless `out` is given.
        encoder: the encoder that will serve.
        out: file to write instead.
        outside: NLU training files whose examples the FAQ does not answer.
        development: YAML with `paraphrases: {entry_id: [texts]}` and `unanswerable: [texts]`; may be absent.
        say: receives the lines.

    Raises:
        FaqError: the FAQ has faults. CalibrationError: there is too little to fit on.
    """
    known = read_development(development, outside)
    corpus = lay_out(load_faq(faq_dir), counterexamples(known))
    synonyms = load_synonyms()
    if len(corpus.entries) < 2 or not known.outside or max(np.bincount(corpus.question_owner)) < 2:
        raise CalibrationError(
            "数据太少，无法校准。", hint="至少要有两个条目、其中有条目含两种以上问法，以及一些超出范围的问题。"
        )
    say(f"校准：{len(corpus.entries)} 个条目，{len(corpus.questions)} 个问法")
    stored = open_or_build(index_dir, corpus.texts, len(corpus.questions), encoder)
    samples = gather(corpus, stored, synonyms, encoder, known)
    curve = cross_fitted_curve(samples)
    deciding = "paraphrase" if _has_paraphrases(samples.groups) else "faq"
    thresholds = choose_thresholds(curve, deciding)
    for line in curve.table(thresholds, deciding):
        say(line)
    fitted = fit(samples, np.arange(len(samples.targets)))
    result = Calibration(
        encoder=encoder.fingerprint,
        fusion=fitted.fusion,
        right=fitted.right,
        in_scope=fitted.in_scope,
        thresholds=thresholds,
        report=curve.report(thresholds),
        counterexamples=tuple(counterexamples(known)),
    )
    path = out or index_dir / "calibration.json"
    path.write_text(json.dumps(result.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    say(f"已写入 {path}")
    return result
