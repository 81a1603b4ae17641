"""Customer service: a question in, one of three bands out.

`FaqService` is what the assistant's skills use. It holds one immutable snapshot of FAQ, index and thresholds; an edit
builds the next snapshot beside it and swaps it whole.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from knowledge.bands import SHOWN, WORTH_SUGGESTING, Band, Calibration, read_calibration
from knowledge.confidence import Ranked, rank
from knowledge.corpus import Corpus, lay_out
from knowledge.encoder import Encoder
from knowledge.errors import FaqError
from knowledge.followup import followed_up
from knowledge.index import open_or_build
from knowledge.normalise import SYNONYMS, load_synonyms, match_key, normalise
from knowledge.retrieval import Retriever, TermCounts
from knowledge.store import Entry, faq_files, files_state, load_faq

log = logging.getLogger(__name__)

SHIPPED_CALIBRATION = Path(__file__).resolve().parent / "calibration.json"
MAX_QUERY = 200
"""Characters of a question that are looked at; what a longer one is about is said by then."""
MIN_SHARE = 0.005
"""A candidate less probable than this is not offered."""

State = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be meant; score: its probability among the candidates."""

    entry_id: str
    question: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """band "answer": `entry` is given as certain. "suggest": ask which of `candidates` is meant. "refuse": neither.

    confidence: probability that the first candidate is right, 0 to 1. related: entries to offer after an answer.
    """

    band: Band
    confidence: float
    entry: Entry | None
    candidates: tuple[Candidate, ...]
    related: tuple[Entry, ...]

    @property
    def suggestions(self) -> tuple[Candidate, ...]:
        """Candidates that are worth showing beside a refusal; none when the question is about something else."""
        return self.candidates if self.band == "refuse" and self.confidence >= WORTH_SUGGESTING else ()


@dataclass(frozen=True)
class _Snapshot:
    corpus: Corpus
    by_id: dict[str, Entry]
    by_question: dict[str, Entry]
    counts: TermCounts
    retriever: Retriever
    calibration: Calibration


def calibration_file(cache_dir: Path) -> Path:
    """The calibration in use: the operator's own where `wenyu faq calibrate` left one, else the shipped one."""
    own = cache_dir / "calibration.json"
    return own if own.is_file() else SHIPPED_CALIBRATION


class FaqService:
    """Answers questions from one FAQ; every method may be called from any thread."""

    def __init__(self, faq_dir: Path, cache_dir: Path, encoder: Encoder) -> None:
        """Use `open`, which says what it does."""
        self._faq_dir = faq_dir
        self._cache_dir = cache_dir
        self._encoder = encoder
        self._building = threading.Lock()
        self._state = self._files()
        self._snapshot = self._build(None)

    @classmethod
    def open(cls, faq_dir: Path, cache_dir: Path, encoder: Encoder) -> FaqService:
        """Load the FAQ in `faq_dir` with its index from `cache_dir`, building what is missing there.

        Raises FaqError when the FAQ has faults, CalibrationError when the thresholds cannot be read.
        """
        return cls(faq_dir, cache_dir, encoder)

    def refresh(self) -> bool:
        """Take over edits of the FAQ, the synonyms and the calibration; True when something new is served.

        Costs a look at the files when nothing has changed. A FAQ with faults is not taken over: the last good one stays.
        """
        with self._building:
            state = self._files()
            if state == self._state:
                return False
            self._state = state
            started = time.monotonic()
            try:
                self._snapshot = self._build(self._snapshot.counts)
            except FaqError as error:
                log.warning("faq_rejected problems=%d file_hint=%s", len(error.problems), error.hint)
                return False
            log.info("faq_reloaded seconds=%.1f", time.monotonic() - started)
            return True

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is served now."""
        return self._snapshot.corpus.entries

    def answer(self, query: str, *, context: str | None = None) -> Answer:
        """The answer to a question.

        Args:
            query: what the user typed.
            context: id of the entry answered last; it gives a bare “那年卡呢” its meaning.
        """
        snapshot = self._snapshot
        text = normalise(query)[:MAX_QUERY]
        key = match_key(text)
        if not key:
            return Answer("refuse", 0.0, None, (), ())
        if (known := snapshot.by_question.get(key)) is not None:
            return self._answered(snapshot, known, 1.0, (Candidate(known.id, known.questions[0], 1.0),))
        before = snapshot.by_id.get(context) if context else None
        if before is not None and (resolved := followed_up(text, before.questions[0], self._encoder)) is not None:
            found = self._search(snapshot, resolved.question, but_not=before.id)
            away = found.entry is not None and found.entry.category != before.category
            if found.band == "answer" and (away or not resolved.sure):
                # A follow-up stays with its subject; a guess that leaves it is worth a question, not an answer.
                return Answer("suggest", found.confidence, None, found.candidates, ())
            if found.band != "refuse":
                return found
        return self._search(snapshot, text)

    def _search(self, snapshot: _Snapshot, text: str, *, but_not: str | None = None) -> Answer:
        """The answer to a whole question; `but_not` is the entry answered last, which a follow-up asks away from."""
        vector = self._encoder.encode([text])[0]
        candidates = snapshot.retriever.candidates(text, vector)
        if but_not is not None:
            entries = snapshot.corpus.entries
            others = np.array([entries[i].id != but_not for i in candidates.entries.tolist()])
            candidates = replace(candidates, entries=candidates.entries[others], features=candidates.features[others])
        calibration = snapshot.calibration
        ranked = rank(calibration.fusion, candidates, text)
        right = float(calibration.right.probability(ranked.evidence))
        in_scope = float(calibration.in_scope.probability(ranked.evidence))
        band = calibration.thresholds.band(right, in_scope)
        shown = self._shown(snapshot, ranked)
        if band == "answer":
            return self._answered(snapshot, snapshot.corpus.entries[int(ranked.entries[0])], right, shown)
        return Answer(band, right, None, shown, ())

    def _answered(
        self, snapshot: _Snapshot, entry: Entry, confidence: float, candidates: tuple[Candidate, ...]
    ) -> Answer:
        related = tuple(snapshot.by_id[i] for i in entry.related if i in snapshot.by_id)
        return Answer("answer", confidence, entry, candidates, related)

    def _shown(self, snapshot: _Snapshot, ranked: Ranked) -> tuple[Candidate, ...]:
        pairs = list(zip(ranked.entries.tolist(), ranked.probabilities.tolist(), strict=True))[:SHOWN]
        entries = snapshot.corpus.entries
        return tuple(Candidate(entries[i].id, entries[i].questions[0], p) for i, p in pairs if p >= MIN_SHARE)

    def _files(self) -> State:
        paths = [*faq_files(self._faq_dir), SYNONYMS, calibration_file(self._cache_dir)]
        return files_state(paths)

    def _build(self, before: TermCounts | None) -> _Snapshot:
        entries = load_faq(self._faq_dir)
        calibration = read_calibration(calibration_file(self._cache_dir))
        if calibration.encoder != self._encoder.fingerprint:
            log.warning("calibration_for_other_encoder hint=运行 wenyu faq calibrate 重新校准")
        corpus = lay_out(entries, calibration.counterexamples)
        synonyms = load_synonyms()
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        stored = open_or_build(self._cache_dir, corpus.texts, len(corpus.questions), self._encoder)
        counts = TermCounts(corpus, synonyms, before)
        retriever = Retriever(
            corpus, stored.vectors, counts, synonyms, self._encoder.words, question_index=stored.index
        )
        by_question = {match_key(q): entry for entry in reversed(entries) for q in entry.questions}
        return _Snapshot(corpus, {entry.id: entry for entry in entries}, by_question, counts, retriever, calibration)
