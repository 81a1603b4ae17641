"""Training in torch and serving in numpy are the same network; what it learns is what decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.artefact import ArtefactError, write_manifest
from models.classifier import fitting, inference
from models.classifier.errors import ClassifierError
from models.classifier.model import TextClassifier
from models.classifier.training import predict
from models.classifier.vocabulary import PADDING
from tests.unit.classifier import toys


def test_numpy_says_what_torch_says() -> None:
    vocab = toys.vocabulary()
    network = fitting.with_outputs(toys.start(vocab), 3, toys.SHAPE, 0).eval()
    with torch.no_grad():
        network.output.bias.copy_(torch.tensor([0.3, -0.2, 0.1]))
        network.ngram_table[1:] = 0.1 * torch.randn(len(network.ngram_table) - 1, 3)
    encoded = [vocab.encode(s.text) for s in toys.samples(20)] + [vocab.encode("一"), vocab.encode(" ")]
    expected = predict(network, encoded)
    served = fitting.to_numpy(network)
    np.testing.assert_allclose(served.logits(encoded), expected, atol=0.03)
    back = fitting.to_torch(served, toys.SHAPE).eval()
    np.testing.assert_allclose(predict(back, encoded), served.logits(encoded), atol=1e-4)


def test_a_text_gets_the_same_logits_alone_and_among_longer_ones(toy: TextClassifier) -> None:
    short, long = toy.vocabulary.encode("电影"), toy.vocabulary.encode("今天球队" * 9)
    alone = toy.network.logits([short])
    np.testing.assert_allclose(toy.network.logits([short, long])[0], alone[0], atol=1e-5)


def test_quantised_rows_are_close_and_padding_is_zero() -> None:
    values = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    table = inference.Table.quantised(values)
    got = table(np.arange(50, dtype=np.int32))
    assert not got[PADDING].any()
    np.testing.assert_allclose(got[1:], values[1:], atol=np.abs(values).max() / 127)


def test_it_learns_and_knows_what_it_does_not_know(toy: TextClassifier) -> None:
    test = toys.samples(90, seed=2)
    said = toy.classify([s.text for s in test])
    right = [r.best.label == s.labels[0] for r, s in zip(said, test, strict=True)]
    assert np.mean(right) > 0.97
    assert toy.probabilities(["今天电影大家"]).sum() == pytest.approx(1, abs=1e-4)


def test_the_word_that_decides_is_the_first_evidence(toy: TextClassifier) -> None:
    for text, word in (("大家听说导演昨天", "导演"), ("我们的球队今天", "球队"), ("真的，有人听演唱会", "演唱会")):
        label = toy.classify([text])[0].best.label
        first = toy.evidence(text, label)[0]
        assert first.text == word
        assert text[first.start : first.end] == word
        assert first.weight == 1


def test_evidence_of_a_long_text_points_into_it(toy: TextClassifier) -> None:
    text = "今天大家都在这里。" * 12 + "听说导演昨天来了。"
    found = toy.evidence(text, "影视")
    assert found
    for each in found:
        assert text[each.start : each.end] == each.text


def test_an_unknown_label_has_no_evidence(toy: TextClassifier) -> None:
    with pytest.raises(ClassifierError, match="没有“军事”"):
        toy.evidence("电影", "军事")


def test_a_text_without_content_is_never_sure(toy: TextClassifier) -> None:
    assert not any(r.sure for r in toy.classify(["", "？", "1"]))
    assert toy.classify([]) == []


def published(toy: TextClassifier, folder: Path, commercial_use: bool = False) -> Path:
    toy.save(folder)
    write_manifest(
        folder, name="toy", version="1", data=[], commercial_use=commercial_use, metrics={}, command="", commit=""
    )
    return folder


def test_what_is_loaded_says_the_same(toy: TextClassifier, tmp_path: Path) -> None:
    loaded = TextClassifier.load(published(toy, tmp_path))
    texts = [s.text for s in toys.samples(30, seed=3)]
    np.testing.assert_allclose(loaded.probabilities(texts), toy.probabilities(texts), atol=1e-3)
    assert (loaded.labels, loaded.calibration, loaded.english) == (toy.labels, toy.calibration, toy.english)


def test_a_changed_file_is_refused_before_it_is_read(toy: TextClassifier, tmp_path: Path) -> None:
    folder = published(toy, tmp_path)
    (folder / "vocabulary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ArtefactError):
        TextClassifier.load(folder)


def test_commercial_use_switches_off_what_forbids_it(toy: TextClassifier, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="商业"):
        TextClassifier.load(published(toy, tmp_path / "a"), commercial_use=True)
    TextClassifier.load(published(toy, tmp_path / "b", commercial_use=True), commercial_use=True)
