"""fastText, run by benchmarks/classifier.py in the environment of requirements/bench.in: JOB.json in, OUT.json out."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import fasttext

GRID = [(lr, epoch, n) for lr in (0.3, 0.8) for epoch in (15, 40) for n in (1, 2)]


def probabilities(model: fasttext.FastText, texts: list[str], n_labels: int) -> list[list[float]]:
    """[texts][labels]."""
    out = []
    for text in texts:
        row = [0.0] * n_labels
        # The bare binding: the wrapper around it does not work with NumPy 2.
        for probability, label in model.f.predict(text + "\n", n_labels, 0.0, "strict"):
            row[int(label.removeprefix("__label__"))] = min(1.0, probability)
        out.append(row)
    return out


def main(source: str, target: str) -> None:
    """Choose the setting with the best accuracy on dev; write its probabilities of dev and test."""
    job = json.loads(Path(source).read_text(encoding="utf-8"))
    dev = [text for text, _ in job["dev"]]
    best: tuple[float, str, fasttext.FastText] | None = None
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"__label__{code} {text}\n" for text, code in job["train"])
        file.flush()
        for lr, epoch, n in GRID:
            model = fasttext.train_supervised(
                file.name,
                lr=lr,
                epoch=epoch,
                wordNgrams=n,
                dim=100,
                minCount=1,
                bucket=200_000,
                thread=1,
                verbose=0,
                seed=0,
            )
            rows = probabilities(model, dev, job["labels"])
            right = sum(
                max(range(len(p)), key=p.__getitem__) == code for p, (_, code) in zip(rows, job["dev"], strict=True)
            )
            if best is None or right > best[0]:
                best = (right, f"lr={lr} epoch={epoch} wordNgrams={n}", model)
    assert best is not None
    _, setting, model = best
    out = {
        "setting": setting,
        "dev": probabilities(model, dev, job["labels"]),
        "test": probabilities(model, job["test"], job["labels"]),
    }
    Path(target).write_text(json.dumps(out), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
