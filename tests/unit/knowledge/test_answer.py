"""The service: bands, exact questions, follow-ups, edits; and the calibration it stands on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from knowledge.answer import FaqService
from knowledge.bands import Curve, Thresholds, choose_thresholds, read_calibration
from knowledge.calibrate import calibrate
from knowledge.corpus import lay_out
from knowledge.errors import CalibrationError
from knowledge.followup import FollowUp, followed_up, subject_of
from knowledge.lexical import word_terms
from knowledge.normalise import Synonyms, normalise
from knowledge.retrieval import ANALYSERS, Retriever, TermCounts
from knowledge.store import load_faq
from tests.unit.knowledge.conftest import CharacterEncoder


@pytest.fixture
def service(faq_dir: Path, tmp_path: Path, encoder: CharacterEncoder, development: Path) -> FaqService:
    cache = tmp_path / "index"
    cache.mkdir()
    calibrate(faq_dir, cache, encoder, development=development, outside=(), say=lambda line: None)
    return FaqService.open(faq_dir, cache, encoder)


def test_a_stored_question_is_answered_for_certain(service: FaqService) -> None:
    answer = service.answer("博物馆怎么预约？！")
    assert answer.band == "answer"
    assert answer.confidence == pytest.approx(1.0)
    assert answer.entry is not None
    assert answer.entry.id == "museum-booking"


def test_related_entries_come_with_an_answer(service: FaqService) -> None:
    answer = service.answer("月卡可以退款吗")
    assert [entry.id for entry in answer.related] == ["membership-yearly-refund"]


@pytest.mark.parametrize("query", ["", "  ", "？？？", "\u0000", "\ud800"])
def test_nothing_to_look_for_is_refused(service: FaqService, query: str) -> None:
    assert service.answer(query).band == "refuse"


def test_a_very_long_question_is_cut(service: FaqService, encoder: CharacterEncoder) -> None:
    service.answer("退款" * 5000)
    assert max(map(len, encoder.encoded)) <= 200


def test_candidates_are_ranked_and_at_most_four(service: FaqService) -> None:
    answer = service.answer("会员卡想退款")
    scores = [candidate.score for candidate in answer.candidates]
    assert scores == sorted(scores, reverse=True)
    assert 1 <= len(scores) <= 4
    assert {c.entry_id for c in answer.candidates[:2]} == {"membership-monthly-refund", "membership-yearly-refund"}


def test_an_edit_is_served_after_refresh(service: FaqService, faq_dir: Path) -> None:
    assert service.refresh() is False
    path = faq_dir / "all.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("如何预约参观博物馆？", "科技馆怎么约？"), encoding="utf-8"
    )
    assert service.answer("科技馆怎么约").confidence < 1.0
    assert service.refresh() is True
    assert service.answer("科技馆怎么约").confidence == 1.0


def test_a_broken_edit_leaves_the_last_good_faq(service: FaqService, faq_dir: Path) -> None:
    path = faq_dir / "all.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("source: 播放手册", "source: ''"), encoding="utf-8")
    assert service.refresh() is False
    assert service.answer("看剧老是卡").band == "answer"
    assert service.refresh() is False


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("那年卡呢", "年卡"),
        ("年卡呢？", "年卡"),
        ("那学生呢", "学生"),
        ("如果是年卡怎么办", "年卡"),
        ("换成电视呢", "电视"),
        ("怎么退款呢", None),
        ("为什么还不到账呢", None),
        ("那怎么办呢", None),
        ("年卡可以退款吗", None),
        ("谢谢", None),
    ],
)
def test_bare_follow_ups_are_recognised(text: str, subject: str | None) -> None:
    assert subject_of(text) == subject


def test_a_follow_up_keeps_what_was_asked(encoder: CharacterEncoder) -> None:
    assert followed_up("那年卡呢", "月卡可以退款吗？", encoder) == FollowUp("年卡可以退款吗?", sure=True)
    assert followed_up("年卡怎么退", "月卡可以退款吗？", encoder) is None


def test_context_gives_a_follow_up_its_meaning(service: FaqService) -> None:
    answer = service.answer("那年卡呢", context="membership-monthly-refund")
    assert answer.candidates[0].entry_id == "membership-yearly-refund"
    assert service.answer("那年卡呢", context="no-such-entry").band in ("suggest", "refuse", "answer")


def curve() -> Curve:
    """Ten right answers above 0.5, one wrong at 0.45, and outside questions with in_scope below 0.3."""
    right = np.array([0.9] * 5 + [0.6] * 5 + [0.45] + [0.2] * 20)
    in_scope = np.array([0.9] * 11 + list(np.linspace(0.0, 0.3, 20)))
    place = np.array([0] * 10 + [1] + [99] * 20)
    outside = np.array([False] * 11 + [True] * 20)
    return Curve(right, in_scope, place, outside, np.array(["faq"] * 11 + ["outside"] * 20))


def test_thresholds_keep_their_promises() -> None:
    judged = curve()
    thresholds = choose_thresholds(judged, "faq")
    inside, outside = judged.shares(thresholds, "faq"), judged.shares(thresholds, "outside")
    assert inside["answered_wrong"] == 0.0
    assert inside["answered_right"] == pytest.approx(10 / 11)
    assert outside["refused"] >= 0.94
    assert thresholds.in_scope < 0.9


def test_bands() -> None:
    thresholds = Thresholds(right=0.7, in_scope=0.4)
    assert thresholds.band(0.9, 0.9) == "answer"
    assert thresholds.band(0.5, 0.9) == "suggest"
    assert thresholds.band(0.9, 0.1) == "answer"
    assert thresholds.band(0.5, 0.1) == "refuse"


def test_a_calibration_names_its_encoder_and_reads_back(service: FaqService, tmp_path: Path) -> None:
    path = tmp_path / "index" / "calibration.json"
    assert json.loads(path.read_text(encoding="utf-8"))["encoder"] == "characters-1"
    read = read_calibration(path)
    assert json.loads(json.dumps(read.to_json())) == json.loads(path.read_text(encoding="utf-8"))
    path.write_text('{"encoder": "x"}', encoding="utf-8")
    with pytest.raises(CalibrationError, match="无法使用"):
        read_calibration(path)


def test_too_little_data_is_said(tmp_path: Path, encoder: CharacterEncoder) -> None:
    (tmp_path / "a.yml").write_text(
        "category: a\ntitle: a\nentries:\n  - {id: one, questions: [甲], answer: 乙, related: [], source: s, date: 2026-01-01}\n",
        encoding="utf-8",
    )
    with pytest.raises(CalibrationError, match="数据太少"):
        calibrate(tmp_path, tmp_path / "index", encoder, say=lambda line: None)


def test_questions_from_outside_are_held_against_what_is_like_them(faq_dir: Path, encoder: CharacterEncoder) -> None:
    entries = load_faq(faq_dir)
    corpus = lay_out(entries, ["红烧肉怎么做", "看剧老是卡"])
    stored = encoder.encode(corpus.texts)
    retriever = Retriever(corpus, stored, TermCounts(corpus, Synonyms({})), Synonyms({}), None)
    near = retriever.candidates("红烧肉怎样做", encoder.encode(["红烧肉怎样做"])[0])
    far = retriever.candidates("展览预约入口", encoder.encode(["展览预约入口"])[0])
    assert near.outside[0] > 0.6 > far.outside[0]
    # The second is one of the FAQ's own questions by now, so it is no longer held against anything.
    own = retriever.candidates("看剧老是卡", encoder.encode(["看剧老是卡"])[0])
    assert own.outside[0] < 0.6
    hidden = retriever.candidates("红烧肉怎样做", encoder.encode(["红烧肉怎样做"])[0], np.array([False, True]))
    assert hidden.outside[0] == 0.0


def test_terms_that_were_counted_before_are_taken_over(
    faq_dir: Path, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = load_faq(faq_dir)
    before = TermCounts(lay_out(entries[1:], []), Synonyms({}))
    counted: list[str] = []

    def counting(text: str) -> list[str]:
        counted.append(text)
        return word_terms(text)

    monkeypatch.setitem(ANALYSERS, "bm25", counting)
    corpus = lay_out(entries, [])
    rows = np.arange(len(corpus.questions))
    after = TermCounts(corpus, Synonyms({}), before)
    assert set(counted) == {normalise(text) for text in (*entries[0].questions, entries[0].answer)}
    anew = TermCounts(corpus, Synonyms({}))
    for name in ANALYSERS:
        assert after.documents(name, corpus.question_owner, rows) == anew.documents(name, corpus.question_owner, rows)
