"""The shipped weights: whole, small enough, and as good as their cards say on the texts written for this project."""

from __future__ import annotations

import json

import pytest

from models.artefact import verify
from models.classifier import channels, evaluate, genres, polarity
from models.classifier.model import TASKS, WEIGHTS, TextClassifier

LARGEST = 10 * 2**20


@pytest.fixture(scope="module")
def shipped() -> dict[str, TextClassifier]:
    return {task: TextClassifier.load(WEIGHTS / task) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_it_is_whole_and_small_and_says_what_it_was_trained_on(task: str) -> None:
    manifest = verify(WEIGHTS / task)
    assert sum(path.stat().st_size for path in (WEIGHTS / task).iterdir()) <= LARGEST
    assert manifest["data"]
    assert manifest["commercial_use"] is False
    card = (WEIGHTS / task / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name, value in manifest["metrics"].items():
        assert f"| {name} | {value} |" in card


@pytest.mark.parametrize("task", TASKS)
def test_the_written_texts_give_the_figures_of_the_manifest(task: str, shipped: dict[str, TextClassifier]) -> None:
    metrics = json.loads((WEIGHTS / task / "manifest.json").read_text(encoding="utf-8"))["metrics"]
    samples = {"channel": channels.written, "polarity": polarity.written, "genre": genres.written}[task]("test")
    report = evaluate.multi_label if shipped[task].multi_label else evaluate.single_label
    for name, value in report(shipped[task], list(samples)).figures.items():
        assert value == pytest.approx(metrics[f"written_{name}"], abs=0.02), name


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("国足客场逼平对手，出线悬念留到末轮", "体育"),
        ("央行下调存款准备金率，释放长期资金", "财经"),
        ("这款混动轿车百公里油耗四升多，后排空间宽敞", "汽车"),
    ],
)
def test_plain_headlines(shipped: dict[str, TextClassifier], text: str, label: str) -> None:
    found = shipped["channel"].classify([text])[0]
    assert (found.best.label, found.sure) == (label, True)
    assert shipped["channel"].evidence(text, label)


def test_plain_reviews(shipped: dict[str, TextClassifier]) -> None:
    good, bad = shipped["polarity"].classify(["太好看了，强烈推荐，值得再看一遍", "难看，浪费时间，非常失望"])
    assert (good.best.label, bad.best.label) == ("正面", "负面")


def test_every_label_has_an_english_name(shipped: dict[str, TextClassifier]) -> None:
    for classifier in shipped.values():
        assert set(classifier.labels) <= set(classifier.english)
