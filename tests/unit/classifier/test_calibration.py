"""Calibration on logits whose truth is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from models.classifier.calibration import (
    expected_calibration_error,
    fit_multi,
    fit_single,
    sigmoid,
    softmax,
)


def drawn(n: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``scale`` times too large for labels drawn from their softmax."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 5)).astype(np.float32)
    p = softmax(logits)
    codes = np.array([rng.choice(5, p=row / row.sum()) for row in p.astype(np.float64)])
    return logits * scale, codes


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_the_scale(scale: float) -> None:
    logits, codes = drawn(4000, scale)
    fitted = fit_single(logits, codes, 0.9)
    assert fitted.temperature == pytest.approx(scale, rel=0.12)
    p = softmax(logits, fitted.temperature)
    assert expected_calibration_error(p.max(1), p.argmax(1) == codes) < 0.03


def test_overconfidence_is_an_error() -> None:
    assert expected_calibration_error(np.full(100, 0.95, np.float32), np.arange(100) < 50) == pytest.approx(0.45)
    assert expected_calibration_error(np.full(100, 0.5, np.float32), np.arange(100) < 50) == pytest.approx(0, abs=1e-6)


def test_what_is_answered_is_right_as_often_as_asked() -> None:
    logits, codes = drawn(4000, 1.0)
    fitted = fit_single(logits, codes, 0.9)
    p = softmax(logits, fitted.temperature)
    answered = p.max(1) >= fitted.threshold
    assert (p.argmax(1) == codes)[answered].mean() == pytest.approx(0.9, abs=0.01)
    assert 0.1 < answered.mean() < 0.9


def test_where_nothing_is_known_nothing_is_answered() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (400, 5)).astype(np.float32)
    fitted = fit_single(logits, rng.integers(0, 5, 400), 0.9)
    assert (softmax(logits, fitted.temperature).max(1) >= fitted.threshold).mean() < 0.05


def test_multi_label_thresholds_find_the_labels() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((500, 3)) < (0.5, 0.2, 0.05)).astype(np.float32)
    logits = (4 * truth - 2 + rng.normal(0, 0.5, truth.shape)).astype(np.float32)
    fitted = fit_multi(logits, truth, 0.9)
    said = sigmoid(logits, fitted.temperature) >= np.array(fitted.thresholds)
    assert (said == truth.astype(bool)).mean() > 0.99
