"""`wenyu classify` and `wenyu model train classifier`: labels for a whole catalogue, and a model of one's own labels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import get_settings

if TYPE_CHECKING:
    from models.classifier.catalogue import Columns, Labeller
    from models.classifier.fitting import Floats
    from models.classifier.training import Epoch

UNSURE = "看不准"


def classify(
    file: Annotated[Path, typer.Argument(help="CSV 文件，第一行是列名，其中一列叫 text、文本、标题、简介或评论")],
    output: Annotated[Path, typer.Option("-o", "--output", help="写入的 CSV 文件")],
    polarity: Annotated[bool, typer.Option("--polarity", help="加上好评差评（适合评论）")] = False,
    genre: Annotated[bool, typer.Option("--genre", help="加上题材（适合影片和书的简介）")] = False,
    labels: Annotated[Path | None, typer.Option(help="自己列的标签和说明（YAML），不用训练")] = None,
    model: Annotated[Path | None, typer.Option(help="用 wenyu model train classifier 训练的模型文件夹")] = None,
) -> None:
    """给一份目录里的文字分类、打标签，逐行处理；中断后再运行一次会接着做。"""
    from models.classifier.catalogue import label_catalogue

    columns, labeller = _labeller(polarity, genre, labels, model)
    report = label_catalogue(file, output, columns, labeller, _progress)
    _end_progress()
    before = f"（其中 {report.resumed:,} 行是上次做的）" if report.resumed else ""
    print(f"完成：{report.rows:,} 行{before}，写入 {output}。")
    if report.bad:
        print(f"{report.bad:,} 行没法分类，原因在最后一列：")
        for problem in report.problems:
            print(f"  {problem}")


def _labeller(polarity: bool, genre: bool, labels: Path | None, model: Path | None) -> tuple[list[str], Labeller]:
    from models.classifier.model import WEIGHTS, Classification, TextClassifier
    from models.classifier.tags import Tagger

    settings = get_settings()
    folders = {"类别": model} if model else {"频道": WEIGHTS / "channel"}
    folders |= {"情感": WEIGHTS / "polarity"} if polarity else {}
    folders |= {"题材": WEIGHTS / "genre"} if genre else {}
    classifiers = {
        name: TextClassifier.load(folder, commercial_use=settings.commercial_use) for name, folder in folders.items()
    }
    tagger = Tagger()
    zero_shot = None
    if labels is not None:
        from knowledge.encoder import load_encoder
        from models.classifier.zero_shot import ZeroShot

        zero_shot = ZeroShot.read(labels, load_encoder(settings.encoder, settings.var_dir / "encoder"))

    def said(result: Classification, several: bool) -> str:
        if not result.sure:
            return UNSURE
        return "、".join(score.label for score in result.labels) if several else result.best.label

    def label(texts: Sequence[str]) -> list[Columns]:
        rows: list[Columns] = [{} for _ in texts]
        for name, classifier in classifiers.items():
            for row, result in zip(rows, classifier.classify(texts), strict=True):
                row[name] = said(result, classifier.multi_label)
                row[f"{name}概率"] = f"{result.best.probability:.3f}"
        for row, text in zip(rows, texts, strict=True):
            row["标签"] = "、".join(tagger.tags(text[:2000]).all[:8])
        if zero_shot is not None:
            for row, found in zip(rows, zero_shot.label(texts), strict=True):
                row["自定标签"] = "、".join(score.label for score in found)
        return rows

    columns = [column for name in classifiers for column in (name, f"{name}概率")] + ["标签"]
    return columns + (["自定标签"] if zero_shot is not None else []), label


def train_classifier(
    data: Annotated[Path, typer.Option(help="CSV 文件，要有 text（文字）和 label（标签）两列；多个标签用 | 隔开")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="模型写到哪个文件夹；不写则 var/classifier/own")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=200, help="最多训练几轮；开发集不再变好会提前停")] = 30,
) -> None:
    """用自己的标签训练分类模型：坏行逐行列出，打印指标，画出混淆矩阵。"""
    from knowledge.encoder import load_encoder
    from knowledge.static_vectors import WordVectors
    from models.classifier.own import LISTED, read_table, train_own
    from models.classifier.vectors import VectorCache

    settings = get_settings()
    table = read_table(data)
    kind = "一段文字可以有几个标签" if table.multi_label else "一段文字一个标签"
    print(f"读入 {len(table.samples):,} 条可用的文字（{kind}）。")
    if table.problems:
        print(f"{len(table.problems):,} 行没有使用：")
        for problem in table.problems[:LISTED]:
            print(f"  {problem}")
        if len(table.problems) > LISTED:
            print(f"  ……另有 {len(table.problems) - LISTED:,} 行")
    built = settings.var_dir / "encoder"
    vectors = VectorCache(load_encoder(settings.encoder, built), settings.var_dir / "classifier")

    def encode(texts: Sequence[str]) -> Floats:
        return vectors(texts, _encoded)

    def report(epoch: Epoch) -> None:
        mark = " *" if epoch.best else ""
        print(f"第 {epoch.number} 轮：损失 {epoch.loss:.4f}，开发集 {epoch.score:.4f}{mark}", flush=True)

    folder = output or settings.var_dir / "classifier" / "own"
    own_start = WordVectors(built / "static") if settings.commercial_use else None
    result = train_own(table, folder, encode, source=data.name, epochs=epochs, report=report, token_vectors=own_start)
    learned, dev, test = result.counts
    print(f"完成：{learned:,} 条训练，{dev:,} 条开发，{test:,} 条留出。留出部分上：")
    for name, value in result.figures.items():
        print(f"  {name} = {value}")
    if result.picture:
        print(f"混淆矩阵：{result.picture}")
    print(f"使用：wenyu classify 目录.csv -o 结果.csv --model {folder}")


def _encoded(done: int, of: int) -> None:
    print(f"句向量 {done:,}/{of:,}", flush=True)


def _progress(rows: int) -> None:
    if sys.stdout.isatty():
        print(f"\r已完成 {rows:,} 行", end="", flush=True)


def _end_progress() -> None:
    if sys.stdout.isatty():
        print()
