"""Vectors: exact and compressed search agree, edits encode only what changed, three indexes are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from knowledge import index as index_module
from knowledge.corpus import lay_out
from knowledge.index import LargeIndexConfig, build_vector_index, open_or_build
from knowledge.store import load_faq
from tests.unit.knowledge.conftest import CharacterEncoder


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_exact_search_is_the_dot_product() -> None:
    rng = np.random.default_rng(0)
    vectors, queries = unit(rng.normal(size=(200, 16))), unit(rng.normal(size=(5, 16)))
    cosines, rows = build_vector_index(vectors).search(queries, 3)
    expected = np.argsort(-(queries @ vectors.T), axis=1)[:, :3]
    assert (rows == expected).all()
    assert np.allclose(cosines[:, 0], (queries @ vectors.T).max(axis=1), atol=1e-5)


def test_the_compressed_index_finds_what_the_exact_one_finds() -> None:
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(40, 32)))
    vectors = unit(np.repeat(centres, 60, axis=0) + 0.1 * rng.normal(size=(2400, 32)))
    exact = build_vector_index(vectors)
    large = build_vector_index(vectors, LargeIndexConfig(cells=32, probes=8))
    queries = vectors[::100]
    wanted, found = exact.search(queries, 10)[1], large.search(queries, 10)[1]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(wanted, found, strict=True)])
    assert recall >= 0.95


def test_an_edit_encodes_only_what_changed(tmp_path: Path, encoder: CharacterEncoder) -> None:
    first = open_or_build(tmp_path, ["退款", "下载", "登录"], 3, encoder)
    assert encoder.encoded == ["退款", "下载", "登录"]
    second = open_or_build(tmp_path, ["下载", "退款", "投屏"], 2, encoder)
    assert encoder.encoded[3:] == ["投屏"]
    assert np.array_equal(second.vectors[1], first.vectors[0])
    assert second.index.size == 2
    open_or_build(tmp_path, ["下载", "退款", "投屏"], 2, encoder)
    assert len(encoder.encoded) == 4


def test_another_encoder_shares_nothing(tmp_path: Path, encoder: CharacterEncoder) -> None:
    open_or_build(tmp_path, ["退款"], 1, encoder)
    other = CharacterEncoder("characters-2")
    open_or_build(tmp_path, ["退款"], 1, other)
    assert other.encoded == ["退款"]


def test_the_last_three_are_kept(tmp_path: Path, encoder: CharacterEncoder) -> None:
    for text in "甲乙丙丁":
        last = open_or_build(tmp_path, [text], 1, encoder).folder
    assert len(list(tmp_path.iterdir())) == index_module.KEPT
    assert last.is_dir()


def test_answers_are_laid_out_whole_and_by_sentence(faq_dir: Path) -> None:
    corpus = lay_out(load_faq(faq_dir))
    assert corpus.question_starts.tolist() == [0, 5, 10, 15, 20]
    assert corpus.parts[corpus.whole[0]].startswith("月卡开通七天内")
    assert (corpus.part_owner[corpus.whole] == np.arange(4)).all()
