"""An operator's own labels: from a CSV file to a classifier with a report, on what was learned from the corpora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.normalise import match_key, normalise
from knowledge.static_vectors import WordVectors
from models.classifier import evaluate, fitting
from models.classifier.config import ClassifierConfig
from models.classifier.confusion import confusion_svg
from models.classifier.corpora import Corpus, Sample, split
from models.classifier.errors import LabelledDataError
from models.classifier.model import WEIGHTS, TextClassifier, classifiable
from models.classifier.publish import Origin, publish
from models.classifier.tables import LABEL_COLUMNS, TEXT_COLUMNS, TextTable
from models.classifier.training import Epoch
from models.classifier.vocabulary import Vocabulary

LONGEST = 2000
FEWEST_TEXTS, FEWEST_OF_LABEL = 20, 4
MOST_LABELS = 200
LISTED = 50
N_DICTIONARY = 24_000
SHIPPED = {"name": "起点：随库的频道模型", "source": "models/classifier/weights/channel", "terms": "仅限非商业用途"}
SEPARATORS = ("|", ";", "；")
MULTI_SHARE = 0.02
"""A table is multi-label when at least this share of its rows has several labels."""


@dataclass(frozen=True)
class LabelledTable:
    """What was read: the good samples, one line for every bad row, and whether a text may have several labels."""

    samples: tuple[Sample, ...]
    problems: tuple[str, ...]
    multi_label: bool


def read_table(path: Path) -> LabelledTable:
    """The labelled texts of a CSV file; bad rows are listed by line and left out.

    A text with two different labels says nothing: all its rows are left out and listed.

    Raises:
        LabelledDataError: there is no column for text or label, one label only, or too few good rows.
    """
    table = TextTable(path)
    text_at, label_at = table.column(TEXT_COLUMNS), table.column(LABEL_COLUMNS)
    missing = [name for name, at in (("text（文字）", text_at), ("label（标签）", label_at)) if at is None]
    if text_at is None or label_at is None:
        raise LabelledDataError(f"{path.name} 缺少{'和'.join(missing)}一列。", hint="第一行写列名，例如：text,label")
    problems: list[tuple[int, str]] = []
    found: dict[str, tuple[int, Sample]] = {}
    contradicted: dict[str, list[int]] = {}
    for row in table:
        problem = row.problem or _problem(row.cells[text_at], row.cells[label_at])
        if problem:
            problems.append((row.line, problem))
            continue
        sample = Sample(normalise(row.cells[text_at]), _labels(row.cells[label_at]))
        key = match_key(sample.text)
        line, earlier = found.setdefault(key, (row.line, sample))
        if set(earlier.labels) != set(sample.labels):
            contradicted.setdefault(key, [line]).append(row.line)
    for key, lines in contradicted.items():
        del found[key]
        problems += [(line, f"同一段文字有不同的标签（第 {'、'.join(map(str, lines))} 行）") for line in lines]
    samples = [sample for _, sample in found.values()]
    counts = Counter(label for sample in samples for label in sample.labels)
    rare = {label for label, n in counts.items() if n < FEWEST_OF_LABEL}
    for line, sample in found.values():
        if rare & set(sample.labels):
            problems.append((line, f"标签“{sample.labels[0]}”不到 {FEWEST_OF_LABEL} 条，没有使用"))
    samples = [sample for sample in samples if not rare & set(sample.labels)]
    listed = tuple(f"{path.name} 第 {line} 行：{what}" for line, what in sorted(problems))
    labels = {label for sample in samples for label in sample.labels}
    if len(labels) < 2:
        only = f"只有一个标签“{next(iter(labels))}”" if labels else "没有可以用的行"
        raise LabelledDataError(
            f"{path.name} {only}，没法学会区分。", listed[:LISTED], hint="至少两个标签，每个至少四条"
        )
    if len(labels) > MOST_LABELS:
        raise LabelledDataError(
            f"{path.name} 有 {len(labels)} 个标签，太多了。", hint=f"最多 {MOST_LABELS} 个；是不是列选错了"
        )
    if len(samples) < FEWEST_TEXTS:
        raise LabelledDataError(
            f"{path.name} 只有 {len(samples)} 条能用，至少要 {FEWEST_TEXTS} 条。",
            listed[:LISTED],
            hint="每个标签几十条起",
        )
    several = sum(len(sample.labels) > 1 for sample in samples)
    return LabelledTable(tuple(samples), listed, several >= MULTI_SHARE * len(samples) and several > 0)


def _labels(cell: str) -> tuple[str, ...]:
    for mark in SEPARATORS[1:]:
        cell = cell.replace(mark, SEPARATORS[0])
    return tuple(dict.fromkeys(part.strip() for part in cell.split(SEPARATORS[0]) if part.strip()))


def _problem(text: str, label: str) -> str:
    if not text.strip():
        return "文字是空的"
    if not classifiable(text):
        return "文字太短，或者只有标点和数字"
    if len(text) > LONGEST:
        return f"文字有 {len(text):,} 个字，最多 {LONGEST:,} 个"
    labels = _labels(label)
    if not labels:
        return "标签是空的"
    return "标签太长" if max(map(len, labels)) > 40 else ""


@dataclass(frozen=True)
class OwnResult:
    """A trained model: its figures on the part of the table kept out of training, and where the picture is."""

    figures: dict[str, float]
    labels: tuple[str, ...]
    counts: tuple[int, int, int]
    picture: Path | None


def train_own(
    table: LabelledTable,
    folder: Path,
    encode: fitting.Encode,
    *,
    source: str,
    epochs: int,
    report: Callable[[Epoch], None],
    token_vectors: WordVectors | None = None,
) -> OwnResult:
    """Train on the table and write the model into ``folder``, with ``confusion.svg`` for single labels.

    Args:
        table: good rows. encode: the sentence encoder. source: name of the file, for the card.
        epochs: most passes; training stops earlier when the dev part gets no better.
        token_vectors: given for commercial use: the network begins with them instead of with the shipped weights, whose
            data forbids that; with a few hundred texts it learns less.
    """
    corpus = split("own", table.samples, 0.2, 0.2)
    labels = tuple(dict.fromkeys(sorted(label for s in corpus.train for label in s.labels)))
    corpus = Corpus(corpus.name, corpus.train, _known(corpus.dev, labels), _known(corpus.test, labels))
    config = ClassifierConfig(piece=200)
    # A few hundred texts are few steps a pass: the passes are smaller and more.
    config = replace(config, training=replace(config.training, epochs=epochs, batch_size=32, patience=4))
    if token_vectors is None:
        shipped = TextClassifier.load(WEIGHTS / "channel")
        vocabulary, start = shipped.vocabulary, fitting.to_torch(shipped.network, shipped.config.network)
    else:
        vocabulary = Vocabulary.build((s.text for s in corpus.train), n_dictionary=N_DICTIONARY)
        start = fitting.from_token_vectors(vocabulary, token_vectors, config.network, len(labels))
    classifier = fitting.fit(
        "own",
        labels,
        corpus.train,
        corpus.dev,
        multi_label=table.multi_label,
        vocabulary=vocabulary,
        start=start,
        encode=encode,
        config=config,
        report=report,
    )
    picture = None
    if table.multi_label:
        figures = evaluate.multi_label(classifier, corpus.test).figures
    else:
        held_out = evaluate.single_label(classifier, corpus.test)
        figures = held_out.figures
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / "confusion.svg"
        picture.write_text(confusion_svg(labels, held_out.confusion), encoding="utf-8")
    origin = Origin(
        data=(
            {"name": f"自有数据 {source}", "source": "运营者", "terms": "由运营者负责"},
            *(() if token_vectors else (SHIPPED,)),
        ),
        commercial_use=token_vectors is not None,
        command=f"wenyu model train classifier --data {source}",
    )
    publish(classifier, folder, origin, figures)
    return OwnResult(figures, labels, (len(corpus.train), len(corpus.dev), len(corpus.test)), picture)


def _known(samples: Sequence[Sample], labels: Sequence[str]) -> tuple[Sample, ...]:
    return tuple(s for s in samples if set(s.labels) <= set(labels))
