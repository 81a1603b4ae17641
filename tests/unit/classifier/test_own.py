"""An operator's labels: from a file to a model with a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.classifier.corpora import Sample
from models.classifier.errors import LabelledDataError
from models.classifier.model import TextClassifier
from models.classifier.own import LabelledTable, train_own
from models.classifier.training import Epoch
from models.classifier.zero_shot import ZeroShot
from tests.unit.classifier import toys

ROOT = Path(__file__).resolve().parents[3]


class HashedWords:
    """Token vectors without an encoder: of a word, what its characters' codes give."""

    dim = 128

    def of(self, word: str) -> Any:
        import numpy as np

        return np.random.default_rng([ord(c) for c in word]).normal(size=self.dim).astype(np.float32)


@pytest.mark.parametrize("commercial", [False, True])
def test_a_model_of_ones_own(tmp_path: Path, commercial: bool) -> None:
    epochs: list[Epoch] = []
    result = train_own(
        LabelledTable(tuple(toys.samples(120)), (), False),
        tmp_path,
        toys.encode,
        source="标注.csv",
        epochs=6,
        report=epochs.append,
        token_vectors=HashedWords() if commercial else None,  # type: ignore[arg-type]
    )
    assert 1 <= len(epochs) <= 6
    assert sum(result.counts) == 120
    # Without the shipped weights, and with token vectors that mean nothing, a few passes teach less.
    assert result.figures["accuracy"] > (0.5 if commercial else 0.9)
    assert result.picture is not None
    picture = result.picture.read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert all(label in picture for label in toys.WORDS)
    loaded = TextClassifier.load(tmp_path, commercial_use=commercial)
    assert commercial or loaded.classify(["大家听说导演来了"])[0].best.label == "影视"


def test_several_labels_at_once(tmp_path: Path) -> None:
    both = [Sample(f"导演请歌手来唱{n}", ("影视", "音乐")) for n in "一二三四五六七八九十"]
    table = LabelledTable(tuple([*toys.samples(90), *both]), (), True)
    result = train_own(table, tmp_path, toys.encode, source="a.csv", epochs=4, report=lambda epoch: None)
    assert result.picture is None
    assert result.figures["micro_f1"] > 0.6
    assert TextClassifier.load(tmp_path).multi_label


def test_four_texts_a_label_are_enough_to_run(tmp_path: Path) -> None:
    few = toys.samples(21)
    result = train_own(
        LabelledTable(tuple(few), (), False), tmp_path, toys.encode, source="a.csv", epochs=1, report=lambda epoch: None
    )
    assert min(result.counts) >= 3


def test_a_label_file_must_not_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError):
        ZeroShot.read(tmp_path, None)  # type: ignore[arg-type]
