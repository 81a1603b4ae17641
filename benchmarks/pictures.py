"""The picture and video classifier measured: the kinds beside simple baselines, and how long a video takes.

python -m benchmarks.pictures --pictures FOLDER [--only kinds,video]

FOLDER as for models.pictures.train. The kinds are measured over folds of neighbouring files (models/pictures/train.py).
The video is 60 seconds of 1280 x 720 at 25 frames a second with a cut every 5 seconds, made of those pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bot.gateway.video_decoder import VideoDecoder
from models.pictures.classifier import PictureClassifier, open_picture
from models.pictures.few_shot import examples
from models.pictures.train import features, fit_kinds
from models.pictures.video import watch
from models.vision.backbone import Backbone

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "pictures.json"
SECONDS, RATE, SHOT_S, SIZE = 60, 25, 5, (1280, 720)


def table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table and keep it."""
    print(f"\n{title}")
    for row in [columns, *rows]:
        print("  ".join(str(cell) for cell in row), flush=True)
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else []
    tables = [t for t in kept if t["title"].split("，")[0] != title.split("，", maxsplit=1)[0]]
    tables.append({"title": title, "columns": columns, "rows": rows})
    RESULTS.write_text(json.dumps({"tables": tables}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def kinds(folder: Path, var: Path) -> None:
    """The head on both kinds of features, on either alone, and on colours alone."""
    found = examples(folder)
    codes = np.array(found.codes)
    rows = features(Backbone(var / "vision", threads=1), found.paths)
    colours = np.stack([np.asarray(open_picture(p).resize((8, 8)), np.float32).ravel() / 255 for p in found.paths])
    largest = np.bincount(codes).max() / len(codes)
    out: list[list[Any]] = [["总说最多的一种", f"{largest:.4f}", "", ""]]
    for name, given in (
        ("8×8 颜色 + 逻辑回归", colours),
        ("只用末层特征", rows[:, :1280]),
        ("只用质感特征", rows[:, 1280:]),
        ("两种特征（随库）", rows),
    ):
        _, figures = fit_kinds(given, codes, found.labels)
        answered = f"{figures['answered']:.1%}，其中对 {figures['answered_accuracy']:.1%}"
        out.append([name, f"{figures['accuracy']:.4f}", f"{figures['ece']:.4f}", answered])
    sizes = "、".join(f"{label} {int((codes == c).sum())}" for c, label in enumerate(found.labels))
    table(f"哪一种图，十折（{sizes}）", ["方法", "准确率", "ECE", "看不准以外"], out)


def clip(pictures: list[Path], path: Path) -> None:
    """A slow pan over one picture for each shot, as MPEG-4."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), RATE, SIZE)
    for number in range(SECONDS // SHOT_S):
        picture = open_picture(pictures[number % len(pictures)]).resize((SIZE[0] * 5 // 4, SIZE[1] * 5 // 4))
        pixels = np.asarray(picture)[..., ::-1]
        for frame in range(SHOT_S * RATE):
            x, y = (round(frame / (SHOT_S * RATE) * side / 4) for side in SIZE)
            writer.write(np.ascontiguousarray(pixels[y : y + SIZE[1], x : x + SIZE[0]]))
    writer.release()


def video(folder: Path, var: Path) -> None:
    """Storyboard and answer, wall-clock seconds; the median of three."""
    pictures = sorted((folder / "照片").iterdir())[::7]
    classifier = PictureClassifier.open(var / "vision", commercial_use=False)
    rows: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as work:
        source, board = Path(work) / "clip.mp4", Path(work) / "board.webp"
        clip(pictures, source)
        times, cuts = [], 0
        for _ in range(3):
            began = time.monotonic()
            board.write_bytes(asyncio.run(VideoDecoder(120).storyboard(source.read_bytes()))[1])
            middle = time.monotonic()
            found = watch(classifier, board)
            times.append((middle - began, time.monotonic() - middle))
            with Image.open(board) as opened:
                cuts = getattr(opened, "n_frames", 1)
        first, second = (float(np.median(column)) for column in zip(*times, strict=True))
        rows += [
            ["上传时取画面，秒", f"{first:.2f}"],
            ["提问时看画面，秒", f"{second:.2f}"],
            ["合计，秒（目标 ≤ 15）", f"{first + second:.2f}"],
            ["镜头（真有 12 个）", str(cuts)],
            ["时间线", "；".join(f"{s.start:.0f}–{s.end:.0f} {s.label}" for s in found.timeline)],
        ]
        size = source.stat().st_size / 2**20
    load = os.getloadavg()[0]
    title = f"60 秒 1280×720 的视频，{size:.0f} MiB，{os.cpu_count()} 核，测时负载 {load:.1f}"
    table(title, ["项目", "值"], rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="图片和视频分类的测量")
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--var", type=Path, default=ROOT / "var")
    parser.add_argument("--only", default="kinds,video")
    options = parser.parse_args()
    for name in options.only.split(","):
        {"kinds": kinds, "video": video}[name](options.pictures, options.var)


if __name__ == "__main__":
    main()
