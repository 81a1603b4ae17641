"""Learns the score from an operator's own works and scores, and says how well before it is accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy.stats import spearmanr

from models.appraisal.canvas import Floats
from models.appraisal.errors import AppraisalError
from models.appraisal.model import Learned
from models.appraisal.observation import Observation
from models.appraisal.ranking import ATTRIBUTE_SHARE, Ranker, attribute_mean
from models.errors import DataError
from models.publishing import data_section, metrics_section, publish, training_section
from models.recommender.csv_table import CsvTable, Problems, cell, number, place
from models.vision.backbone import Backbone

Say = Callable[[str], None]
LEAST_WORKS = 20
FOLDS = 5
PENALTY = 3.0
"""Of the ridge, for each input; few works against many inputs."""
LEAST_CORRELATION = 0.15
NAMES, SCORES = ("file", "filename", "图片", "文件", "文件名"), ("score", "分数", "得分", "评分")
COMMAND = "wenyu model train appraisal --data DIR"


def read_scores(folder: Path) -> list[tuple[Path, float]]:
    """Pictures with scores from ``scores.csv`` in ``folder``: a column file or 图片, a column score or 分数, 0 to 100.

    Raises:
        DataError: with every line that cannot be taken.
    """
    table = folder / "scores.csv"
    problems, found = Problems(table), []
    with CsvTable(table) as (header, rows):
        name, score = place(header, NAMES), place(header, SCORES)
        if name is None or score is None:
            raise DataError("scores.csv 的第一行要有“图片”和“分数”两列（或 file 和 score）。")
        for line, row in rows:
            path, value = folder / cell(row, name), number(cell(row, score))
            if value is None:
                problems.add(line, f"分数“{cell(row, score)}”不是数字")
            elif not 0 <= value <= 100:
                problems.add(line, f"分数 {value:g} 不在 0 到 100 之间")
            elif not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
                problems.add(line, f"找不到图片 {cell(row, name)}")
            else:
                found.append((path, value))
    problems.check()
    if len(found) < LEAST_WORKS:
        raise DataError(f"只有 {len(found)} 幅有分数的作品，至少要 {LEAST_WORKS} 幅。")
    return found


def ridge(x: Floats, y: Floats) -> tuple[Floats, float]:
    """Weights [inputs] and intercept of a ridge regression, in its dual form: few rows, many columns."""
    centre = float(y.mean())
    gram = x @ x.T + PENALTY * x.shape[1] * np.eye(len(x), dtype=np.float32)
    return np.asarray(x.T @ np.linalg.solve(gram, y - centre), np.float32), centre


def cross_validated(x: Floats, y: Floats, seed: int = 0) -> Floats:
    """Prediction for every work by a model that has not seen it."""
    order = np.random.default_rng(seed).permutation(len(y))
    out = np.empty(len(y), np.float32)
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        weights, centre = ridge(x[train], y[train])
        out[test] = x[test] @ weights + centre
    return out


def train_own(folder: Path, backbone: Path, base: Learned, target: Path, say: Say = print) -> Mapping[str, float]:
    """Learn from ``folder``, print the cross-validated rank correlation, and write ``target`` when it is worth having.

    Raises:
        DataError: the table cannot be taken; AppraisalError: nothing was learned, and nothing was written.
    """
    listed = read_scores(folder)
    network = Backbone(backbone)
    seen = []
    for path, _ in listed:
        try:
            with Image.open(path) as file:
                seen.append(Observation.of(file.convert("RGB"), network).vector)
        except (OSError, ValueError, UnidentifiedImageError) as error:
            raise DataError("有图片打不开，没有训练。", (path.name,)) from error
    vectors, scores = np.stack(seen).astype(np.float32), np.array([s for _, s in listed], np.float32)
    ranker = base.ranker
    x = np.clip((vectors - ranker.mean) / ranker.scale, -6, 6)
    correlation = float(spearmanr(cross_validated(x, scores), scores).statistic)
    before = float(spearmanr(ranker.points(vectors)[0], scores).statistic)
    say(f"{len(listed)} 幅；交叉验证的等级相关 {correlation:.2f}（原来的模型 {before:.2f}）")
    if not correlation >= max(LEAST_CORRELATION, before):
        raise AppraisalError(
            f"没有采用：等级相关 {correlation:.2f} 不比原来的模型 {before:.2f} 好，或者低于 {LEAST_CORRELATION}。",
            hint="作品再多一些，或者检查分数是否一致",
            code="not_learned",
        )
    own = _as_ranker(ranker, x, vectors, scores)
    points = own.points(vectors)[0]
    learned = replace(
        base,
        ranker=own,
        reference=f"本站的 {len(listed)} 幅作品",
        quantiles=tuple(np.quantile(points, np.linspace(0, 1, 101)).tolist()),
        jitter=float((cross_validated(x, scores) - scores).std()),
    )
    learned.save(target)
    metrics = {"works": float(len(listed)), "cross_validated_rank_correlation": round(correlation, 3),
               "rank_correlation_before": round(before, 3)}  # fmt: skip
    data = [{"name": "本站的作品和评分", "source": folder.name, "terms": "运营者自有"}]
    publish(
        target,
        "\n".join(["# 本站的鉴赏模型", "", *data_section(data, False), *metrics_section("交叉验证", metrics), *training_section(COMMAND)]),
        name="appraisal", version="1", data=data, commercial_use=False, metrics=metrics, command=COMMAND,
    )  # fmt: skip
    return metrics


def _as_ranker(base: Ranker, x: Floats, vectors: Floats, scores: Floats) -> Ranker:
    """The ridge regression in the ranker's form: a linear map as the difference of two rectified ones."""
    weights, centre = ridge(x, scores)
    deviation = float((x @ weights).std()) or 1.0
    a = ATTRIBUTE_SHARE * (attribute_mean(vectors) - base.attributes[0]) / base.attributes[1]
    # What the attributes say already is part of the total; the network adds the rest of the prediction.
    slope, _ = ridge(x, np.asarray((x @ weights) / deviation - (a - a.mean()), np.float32))
    first = np.stack([slope, -slope], 1)[None]
    bias, second = np.zeros((1, 2), np.float32), np.array([[1.0, -1.0]], np.float32)
    made = replace(base, first=np.asarray(first, np.float32), bias=bias, second=second)
    t = made.members(vectors).mean(0)
    return replace(made, total=(float(t.mean()), float(t.std())), target=(centre, max(8.0, float(scores.std()))))
