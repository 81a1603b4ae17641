"""The classifier beside its peers on the same texts: accuracy, macro-F1, calibration, speed.

    python -m benchmarks.classifier --corpora FOLDER [--peers /path/to/bench-venv/bin/python] [--only thucnews10,tnews,…]

Every method learns from the same train part and is tuned on the same dev part; the test part is only measured on. fastText
runs in an environment of its own (requirements/bench.in). Prints every table and writes benchmarks/results/classifier.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from sklearn.metrics import f1_score

from models.classifier import evaluate, fitting
from models.classifier.calibration import fit_single, softmax
from models.classifier.config import TrainingConfig
from models.classifier.corpora import Corpus, Sample
from models.classifier.model import TASKS, WEIGHTS, TextClassifier
from models.classifier.network import TextCNN
from models.classifier.teacher import EncoderRegression, LinearSVM
from models.classifier.train import Workshop, config_of, corpus_of
from models.classifier.vocabulary import FIRST, cut
from models.classifier.written import turns

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "classifier.json"
PEER_PROGRAM = ROOT / "benchmarks" / "classifier_peers.py"
COLUMNS = ["方法", "准确率", "macro-F1", "ECE（温度校准后）", "选定的设置"]
PUBLISHED = {
    "thucnews10": "公开数字（18 万条训练）：TextCNN 91.22 %，fastText 92.23 %",
    "tnews": "公开数字（不用关键词，5.3 万条训练）：TextCNN 49.3 %",
}
Row = list[Any]


class Bench:
    """The data, the peers' interpreter and the tables."""

    def __init__(self, shop: Workshop, peers: str, folder: Path) -> None:
        self.shop, self.peers, self.folder = shop, peers, folder

    def table(self, title: str, columns: list[str], rows: list[Row]) -> None:
        """Print a table and keep it at once: a run of everything takes an hour."""
        print(f"\n{title}")
        for row in [columns, *rows]:
            print("  ".join(str(cell) for cell in row), flush=True)
        RESULTS.parent.mkdir(exist_ok=True)
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else []
        tables = [table for table in kept if table["title"] != title]
        tables.append({"title": title, "columns": columns, "rows": rows})
        RESULTS.write_text(json.dumps({"tables": tables}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def codes_of(labels: Sequence[str], samples: Sequence[Sample]) -> np.ndarray:
    """int64 [n]."""
    place = {label: i for i, label in enumerate(labels)}
    return np.array([place[s.labels[0]] for s in samples])


def tuned(
    name: str,
    grid: Sequence[Any],
    fitted: Callable[[Any], Callable[[Sequence[Sample]], np.ndarray]],
    corpus: Corpus,
    labels: Sequence[str],
) -> Row:
    """The row of a peer with the setting that is best on dev; ``fitted(setting)(samples)`` gives logits."""
    best: tuple[float, Any, np.ndarray, np.ndarray] | None = None
    truth = codes_of(labels, corpus.dev)
    for setting in grid:
        logits = fitted(setting)
        dev, test = logits(corpus.dev), logits(corpus.test)
        accuracy = float((dev.argmax(1) == truth).mean())
        if best is None or accuracy > best[0]:
            best = (accuracy, setting, dev, test)
    assert best is not None
    return row_of(name, best[2], best[3], corpus, labels, str(best[1]))


def row_of(name: str, dev: np.ndarray, test: np.ndarray, corpus: Corpus, labels: Sequence[str], setting: str) -> Row:
    """Accuracy and macro-F1 on test, and its calibration error after temperature scaling on dev."""
    temperature = fit_single(dev, codes_of(labels, corpus.dev), 0.85).temperature
    found = evaluate.score_single(softmax(test, temperature), codes_of(labels, corpus.test), 0.0)
    return [name, f"{found.accuracy:.4f}", f"{found.macro_f1:.4f}", f"{found.ece:.4f}", setting]


def svm(corpus: Corpus, labels: Sequence[str]) -> Row:
    """Characters' 1- to 3-grams, linear SVM."""
    texts, codes = [s.text for s in corpus.train], codes_of(labels, corpus.train)

    def fitted(inverse_reg: float) -> Callable[[Sequence[Sample]], np.ndarray]:
        machine = LinearSVM(inverse_reg).fit(texts, codes)
        return lambda samples: machine.margins([s.text for s in samples], len(labels))

    return tuned("字符 n 元线性 SVM", (0.1, 0.3, 0.5, 1.0, 2.0), fitted, corpus, labels)


def encoder_regression(bench: Bench, corpus: Corpus, labels: Sequence[str]) -> Row:
    """The sentence encoder with logistic regression."""
    vectors, codes = bench.shop.encode([s.text for s in corpus.train]), codes_of(labels, corpus.train)

    def fitted(inverse_reg: float) -> Callable[[Sequence[Sample]], np.ndarray]:
        model = EncoderRegression(inverse_reg).fit(vectors, codes)
        return lambda samples: model.log_probabilities(bench.shop.encode([s.text for s in samples]), len(labels))

    return tuned("编码器 + 逻辑回归", (0.5, 1.0, 2.0, 4.0, 10.0, 40.0), fitted, corpus, labels)


def fasttext(bench: Bench, corpus: Corpus, labels: Sequence[str]) -> Row:
    """fastText on words and word n-grams; its setting is chosen on dev in the peer program."""
    if not bench.peers:
        return ["fastText", "没有运行", "", "", "用 --peers 指定环境"]
    job = {
        "train": [
            [" ".join(cut(s.text)), int(c)] for s, c in zip(corpus.train, codes_of(labels, corpus.train), strict=True)
        ],
        "dev": [[" ".join(cut(s.text)), int(c)] for s, c in zip(corpus.dev, codes_of(labels, corpus.dev), strict=True)],
        "test": [" ".join(cut(s.text)) for s in corpus.test],
        "labels": len(labels),
    }
    source, target = bench.folder / "job.json", bench.folder / "out.json"
    source.write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [bench.peers, str(PEER_PROGRAM), str(source), str(target)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return ["fastText", "没有跑起来", "", "", (done.stderr.strip().splitlines() or ["没有输出"])[-1][:80]]
    out = json.loads(target.read_text(encoding="utf-8"))
    dev, test = np.array(out["dev"], np.float32), np.array(out["test"], np.float32)
    return row_of("fastText", np.log(dev + 1e-9), np.log(test + 1e-9), corpus, labels, out["setting"])


def text_cnn(bench: Bench, corpus: Corpus, labels: Sequence[str], *, random: bool) -> Row:
    """The project's network; ``random``: from random embeddings, without teachers, as a textbook has it."""
    shop, config = bench.shop, config_of("channel")
    taught = TrainingConfig(epochs=5, batch_size=128, learning_rate=2e-3, soft_weight=0.8)
    config = replace(config, training=taught)
    start = shop.start(config)
    if random:
        torch.manual_seed(0)
        config = replace(
            config,
            network=replace(config.network, mean_pooling=False, ngram_buckets=0),
            training=replace(config.training, soft_weight=0.0, epochs=8, batch_size=64, learning_rate=1e-3),
        )
        start = TextCNN(
            FIRST + len(shop.vocabulary.characters), FIRST + len(shop.vocabulary.words), len(labels), config.network
        )
        corpus = replace(corpus, train=tuple(replace(s, hint="") for s in corpus.train))
    classifier = fitting.fit(
        corpus.name, labels, corpus.train, corpus.dev, multi_label=False, vocabulary=shop.vocabulary, start=start,
        encode=shop.encode, config=config, report=shop.report,
    )  # fmt: skip
    found = evaluate.single_label(classifier, corpus.test)
    name = "TextCNN，随机词嵌入" if random else "Wenyu TextCNN"
    setting = "" if random else f"看不准以外 {found.answered:.1%}，其中对 {found.answered_accuracy:.1%}"
    return [name, f"{found.accuracy:.4f}", f"{found.macro_f1:.4f}", f"{found.ece:.4f}", setting]


def headlines(bench: Bench, corpus: Corpus) -> None:
    """All methods on one corpus."""
    labels = corpus.labels
    sizes = f"{len(corpus.train):,} 训练 / {len(corpus.dev):,} 开发 / {len(corpus.test):,} 测试"
    rows = [svm(corpus, labels), fasttext(bench, corpus, labels), encoder_regression(bench, corpus, labels)]
    title = f"{corpus.name}，{sizes}。{PUBLISHED[corpus.name]}"
    for random in (False, True):
        rows.append(text_cnn(bench, corpus, labels, random=random))
        bench.table(title, COLUMNS, rows)


def shipped(bench: Bench) -> None:
    """The shipped weights on their test parts, with an SVM and encoder + regression that learned from the same."""
    for task in TASKS:
        turn = turns(task)[-1]
        corpus = replace(corpus_of(task, bench.shop, turn.learned), dev=turn.judged)
        classifier = TextClassifier.load(WEIGHTS / task)
        labels = classifier.labels
        if classifier.multi_label:
            genres(bench, corpus, classifier)
            continue
        rows = [svm(corpus, labels)]
        if task == "channel":
            rows.append(encoder_regression(bench, corpus, labels))
        found = evaluate.single_label(classifier, corpus.test)
        note = f"看不准以外 {found.answered:.1%}，其中对 {found.answered_accuracy:.1%}"
        rows.append(["Wenyu TextCNN", f"{found.accuracy:.4f}", f"{found.macro_f1:.4f}", f"{found.ece:.4f}", note])
        bench.table(f"随库模型 {task}，{len(corpus.test):,} 条留出", COLUMNS, rows)


def genres(bench: Bench, corpus: Corpus, classifier: TextClassifier) -> None:
    """The multi-label task, with one encoder regression a label and with always naming the two commonest genres."""
    from models.classifier.calibration import fit_multi, sigmoid
    from models.classifier.teacher import taught_multi

    labels = classifier.labels
    truth = fitting.truth_of(labels, corpus.test)
    encode = bench.shop.encode
    learned = encode([s.text for s in corpus.train]), fitting.truth_of(labels, corpus.train)

    def logit(samples: Sequence[Sample]) -> np.ndarray:
        p = np.clip(taught_multi(*learned, encode([s.text for s in samples])), 1e-4, 1 - 1e-4)
        logits: np.ndarray = np.log(p / (1 - p))
        return logits

    calibration = fit_multi(logit(corpus.dev), fitting.truth_of(labels, corpus.dev), classifier.config.precision)
    said = sigmoid(logit(corpus.test), calibration.temperature) >= np.array(calibration.thresholds)
    common = np.zeros_like(truth, dtype=bool)
    common[:, np.argsort(-learned[1].sum(axis=0))[:2]] = True
    rows: list[Row] = []
    for name, guess in (("总说最常见的两个", common), ("编码器 + 逻辑回归（每个标签一个）", said)):
        micro = f1_score(truth, guess, average="micro")
        macro = f1_score(truth, guess, average="macro", zero_division=0)
        rows.append([name, f"{micro:.4f}", f"{macro:.4f}", ""])
    found = evaluate.multi_label(classifier, corpus.test)
    rows.append(["Wenyu TextCNN", f"{found.micro_f1:.4f}", f"{found.macro_f1:.4f}", f"{found.first_right:.4f}"])
    bench.table(
        f"随库模型 genre（多标签），{len(corpus.test):,} 条留出", ["方法", "micro-F1", "macro-F1", "首个标签对"], rows
    )


def speed(bench: Bench) -> None:
    """CPU time of the shipped channel model on one thread, cutting into words included; loading and memory."""
    texts = [s.text for s in (*bench.shop.thucnews.test, *bench.shop.tnews.test)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    classifier = TextClassifier.load(WEIGHTS / "channel")
    loading = time.process_time() - began
    classifier.classify(texts[:256])
    began = time.process_time()
    for start in range(0, len(texts), 1024):
        classifier.classify(texts[start : start + 1024])
    batch = len(texts) / (time.process_time() - began)
    single, evidence = [], []
    for text in texts[:500]:
        began = time.process_time()
        label = classifier.classify([text])[0].best.label
        single.append(time.process_time() - began)
        began = time.process_time()
        classifier.evidence(text, label)
        evidence.append(time.process_time() - began)
    size = sum(p.stat().st_size for p in (WEIGHTS / "channel").iterdir()) / 2**20
    rows: list[Row] = [
        ["成批，每秒条数", f"{batch:,.0f}"],
        [
            "一条，毫秒（中位数 / 95 百分位）",
            f"{1000 * np.median(single):.2f} / {1000 * np.quantile(single, 0.95):.2f}",
        ],
        ["一条的依据，毫秒", f"{1000 * np.median(evidence):.2f}"],
        ["载入，秒", f"{loading:.2f}"],
        ["文件，MiB", f"{size:.1f}"],
        [
            "载入前后常驻内存峰值之差，MiB",
            f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f}",
        ],
    ]
    bench.table("速度（单线程 CPU 时间，含分词），随库频道模型", ["项目", "值"], rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="分类模型与同类比较")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--var", type=Path, default=ROOT / "var")
    parser.add_argument("--peers", default="", help="装了 requirements/bench.in 的解释器")
    parser.add_argument("--only", default="speed,shipped,thucnews10,tnews")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(options.corpora, options.var, lambda line: print(line, flush=True))
        bench = Bench(shop, options.peers, Path(folder))
        parts: dict[str, Callable[[], None]] = {
            "speed": lambda: speed(bench),
            "shipped": lambda: shipped(bench),
            "thucnews10": lambda: headlines(bench, shop.thucnews),
            "tnews": lambda: headlines(bench, shop.tnews),
        }
        for name in options.only.split(","):
            parts[name]()


if __name__ == "__main__":
    main()
