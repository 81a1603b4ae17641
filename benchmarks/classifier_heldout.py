"""The shipped classifiers on texts that another person wrote without having seen the training texts.

    python -m benchmarks.classifier_heldout

Prints accuracy and macro-F1 (micro-F1 for the genres), and for tasks of one label the accuracy of the answers that are
given as certain. ``models/classifier/heldout`` is only measured on.
"""

from __future__ import annotations

import json
from pathlib import Path

from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from models.classifier.model import TASKS, WEIGHTS, TextClassifier
from models.tsv import read_rows

HELD_OUT = WEIGHTS.parent / "heldout"
RESULTS = Path(__file__).parent / "results" / "classifier_heldout.json"


def measure(task: str) -> dict[str, float]:
    """Figures of one task."""
    model = TextClassifier.load(WEIGHTS / task)
    rows = list(read_rows(HELD_OUT / f"{task}.tsv"))
    found = model.classify([row["text"] for row in rows])
    if task == "genre":
        truth = [row["labels"].split(",") for row in rows]
        said = [[score.label for score in one.labels] for one in found]
        binarizer = MultiLabelBinarizer().fit([*truth, *said])
        pair = binarizer.transform(truth), binarizer.transform(said)
        averages = {name: float(f1_score(*pair, average=name, zero_division=0)) for name in ("micro", "macro")}
        return {"texts": len(rows), "micro_f1": averages["micro"], "macro_f1": averages["macro"]}
    truth_of = [row["labels"] for row in rows]
    best = [one.best.label for one in found]
    sure = [n for n, one in enumerate(found) if one.sure]
    return {
        "texts": len(rows),
        "accuracy": float(accuracy_score(truth_of, best)),
        "macro_f1": float(f1_score(truth_of, best, average="macro", zero_division=0)),
        "given_as_certain": len(sure) / len(rows),
        "accuracy_of_those": sum(truth_of[n] == best[n] for n in sure) / len(sure) if sure else 0.0,
    }


def main() -> None:
    """Print every task and write the result."""
    results = {task: measure(task) for task in TASKS}
    for task, figures in results.items():
        print(f"{task:10s}" + "  ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
