"""The shipped weights: whole, small enough, and as good as their cards say on the texts written for this project."""

from __future__ import annotations

import json

import pytest

from knowledge.normalise import match_key, normalise
from models.artefact import verify
from models.classifier import evaluate
from models.classifier.model import TASKS, WEIGHTS, TextClassifier
from models.classifier.written import by_writer, turns
from models.tsv import read_rows

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


@pytest.mark.parametrize("task", ["channel", "genre"])
def test_texts_that_were_not_learned_from_give_the_figures_of_the_manifest(
    task: str, shipped: dict[str, TextClassifier]
) -> None:
    metrics = json.loads((WEIGHTS / task / "manifest.json").read_text(encoding="utf-8"))["metrics"]
    report = evaluate.multi_label if shipped[task].multi_label else evaluate.single_label
    for name, value in report(shipped[task], turns(task)[0].judged).figures.items():
        assert value == pytest.approx(metrics[f"writer_{name}"], abs=0.03), name


@pytest.mark.parametrize("task", TASKS)
def test_no_held_out_text_is_learned_from(task: str) -> None:
    held_out = {match_key(normalise(row["text"])) for row in read_rows(WEIGHTS.parent / "heldout" / f"{task}.tsv")}
    written = [match_key(sample.text) for samples in by_writer(task).values() for sample in samples]
    assert len(held_out) > 100
    assert len(set(written)) == len(written), "a text is given twice"
    assert sum(key in held_out for key in written) == 0


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
