"""The appraisal of paintings: ranking of spoilt copies, stability, spread, genres from few examples, recognition, latency.

    python -m benchmarks.appraisal --paintings DIR [--photos DIR --western DIR --pages DIR --classes DIR --moods DIR]
        [--only ranking,few,episodes,kinds,moods,latency]

``DIR`` is chinese_painting_3class. Ranking is measured on works that the ranker never saw (see corpus.Work.ranked), genres
on the test part. ``--classes`` is a folder of folders, each a class of its own for the episodes. ``--moods`` is
cuc_chinese_painting. Observations are kept in var/appraisal/cache, so an interrupted run goes on. Prints every table and
writes benchmarks/results/appraisal.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.appraisal.corpus import GENRES, observed, paintings, pictures_in
from models.appraisal.degradations import COPIES, DEGRADATIONS, STRENGTHS
from models.appraisal.heads import KINDS, fit_head
from models.appraisal.measures import MEASURES
from models.appraisal.model import Appraiser, Learned
from models.appraisal.moods import MOODS, fit_moods, read_moods
from models.appraisal.train import opened, vectors
from models.vision.backbone import Backbone

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "appraisal.json"
SHOTS = (5, 10, 20, 50)
DRAWS = 20
COPIED = 40
"""Works whose faithful copies are looked at."""
WAYS, SHOT, QUERIES, EPISODES = 5, 5, 10, 300
Table = dict[str, Any]


def interval(values: list[float]) -> str:
    """Mean with the 95 % interval of the mean."""
    half = 1.96 * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return f"{np.mean(values):.3f} ± {half:.3f}"


def wilson(hits: int, n: int) -> str:
    """A share with its 95 % Wilson interval."""
    p, z = hits / n, 1.96
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    return f"{p:.1%} [{centre - half:.1%}, {centre + half:.1%}]"


def ranking(folder: Path, var: Path, most: int) -> list[Table]:
    """Monotonicity, stability, range and spread on works that the ranker never saw."""
    works = sorted((w for w in paintings(folder) if not w.ranked), key=lambda w: w.seed)[:most]
    cache, learned = var / "appraisal" / "cache" / "held_out", Learned.load()
    found = observed(works, var / "vision", cache, spoilt=True)
    points = pointed(learned, found)
    work = points[:, :1]
    worse = points[:, 1:].reshape(len(works), len(DEGRADATIONS), len(STRENGTHS))
    copied = pointed(learned, observed(works[:COPIED], var / "vision", cache, spoilt=True, copied=True))
    copies = copied[:, 1 + len(DEGRADATIONS) * len(STRENGTHS) :]
    shown = np.round(worse) <= np.round(work[:, :, None])
    strict = worse <= work[:, :, None]
    rows = [
        [name, *(f"{shown[:, i, s].mean():.3f}" for s in STRENGTHS), f"{strict[:, i].mean():.3f}"]
        for i, name in enumerate(DEGRADATIONS)
    ]
    rows.append(["全部", *(f"{shown[:, :, s].mean():.3f}" for s in STRENGTHS), f"{strict.mean():.3f}"])
    moved = np.abs(copies - copied[:, :1])
    spreads = np.array([spread_of(learned, vector) for vector in np.asarray(found[:, 0], np.float32)])
    within = moved <= spreads[: len(moved), None]
    stable = [
        [
            name,
            f"{np.median(moved[:, i]):.2f}",
            f"{np.quantile(moved[:, i], 0.95):.2f}",
            f"{(moved[:, i] <= 3).mean():.3f}",
        ]
        for i, name in enumerate(COPIES)
    ]
    stable.append(["全部", f"{np.median(moved):.2f}", f"{np.quantile(moved, 0.95):.2f}", f"{(moved <= 3).mean():.3f}"])
    test = np.array([w.part == "test" for w in works])
    return [
        {"title": f"损坏的副本不高于原作（{len(works)} 幅，{shown.size} 对；显示的整数分）：{wilson(int(shown.sum()), shown.size)}",
         "columns": ["损坏", "轻", "中", "重", "不取整"], "rows": rows},
        {"title": f"同一幅作品的副本：分数移动（{len(moved)} 幅）", "columns": ["副本", "中位", "95 %", "≤ 3 分"], "rows": stable},
        {"title": "分数的分布（原作）", "columns": ["作品", "数量", "均值", "标准差", "最低", "最高"],
         "rows": [[n, int(m.sum()), f"{work[m].mean():.1f}", f"{work[m].std():.1f}", f"{work[m].min():.1f}", f"{work[m].max():.1f}"]
                  for n, m in (("测试部分", test), ("未参与排序的训练部分", ~test)) if m.any()]},
        {"title": "显示的误差（80 % 区间的半宽，分）", "columns": ["中位", "最小", "最大", "副本落在其内"],
         "rows": [[f"{np.median(spreads):.1f}", f"{spreads.min():.1f}", f"{spreads.max():.1f}", f"{within.mean():.3f}"]]},
        {"title": "范围", "columns": ["最低", "最高"], "rows": [[f"{points.min():.1f}", f"{points.max():.1f}"]]},
    ]  # fmt: skip


def pointed(learned: Learned, found: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Points [works, variants] of observation vectors [works, variants, inputs]."""
    flat = np.asarray(found, np.float32).reshape(-1, found.shape[-1])
    return learned.ranker.points(flat)[0].reshape(found.shape[:2])


def spread_of(learned: Learned, vector: np.ndarray[Any, Any]) -> float:
    """What is shown after ±, of an observation vector."""
    measures = dict(zip(MEASURES, vector[-len(MEASURES) :].tolist(), strict=True))
    return learned.spread(measures, float(learned.ranker.points(vector[None])[1][0]))


def episodes(folder: Path, var: Path, classes: Path | None) -> list[Table]:
    """Accuracy in episodes of five classes and five examples each: prototypes against logistic regression."""
    backbone, cache = Backbone(var / "vision"), var / "appraisal" / "cache"
    test = [w for w in paintings(folder) if w.part == "test"]
    z, wanted = vectors(opened(w.path for w in test), backbone, cache / "test.npy"), np.array([w.genre for w in test])
    sets = {genre: z[wanted == genre] for genre in GENRES.values()}
    for path in sorted(classes.iterdir()) if classes else []:
        found = pictures_in(path)
        if len(found) >= SHOT + QUERIES:
            sets[path.name] = vectors(opened(found), backbone, cache / f"class-{path.name}-{len(found)}.npy")
    if len(sets) < WAYS:
        return []
    scores: dict[str, list[float]] = {"prototype": [], "linear": []}
    for episode in range(EPISODES):
        rng = np.random.default_rng(episode)
        names = [str(name) for name in rng.choice(sorted(sets), WAYS, replace=False)]
        drawn = [rng.permutation(len(sets[name]))[: SHOT + QUERIES] for name in names]
        x = np.concatenate([sets[n][rows[:SHOT]] for n, rows in zip(names, drawn, strict=True)])
        q = np.concatenate([sets[n][rows[SHOT:]] for n, rows in zip(names, drawn, strict=True)])
        y, asked = np.repeat(names, SHOT), np.repeat(names, QUERIES)
        scores["prototype"].append(float((_prototype(x, y, q, names) == asked).mean()))
        head = fit_head(x, y.tolist(), names)
        scores["linear"].append(float((np.array(names)[head.probabilities(q).argmax(1)] == asked).mean()))
    difference = [a - b for a, b in zip(scores["prototype"], scores["linear"], strict=True)]
    row = [interval(scores["prototype"]), interval(scores["linear"]), interval(difference)]
    title = f"{WAYS} 类 {SHOT} 例（{EPISODES} 轮，从 {len(sets)} 类里抽：{'、'.join(sorted(sets))}）"
    return [{"title": title, "columns": ["原型", "逻辑回归", "差"], "rows": [row]}]


def moods(folder: Path | None) -> list[Table]:
    """How well tones and colours alone tell the five moods, in cross-validation, over five ways of dividing the works."""
    if folder is None:
        return []
    areas = np.stack([fit_moods(folder, seed).area for seed in range(5)])
    _, y = read_moods(folder)
    rows = [[name, f"{y[:, k].mean():.2f}", interval(areas[:, k].tolist())] for k, name in enumerate(MOODS)]
    rows.append(["平均", "", interval(areas.mean(1).tolist())])
    title = f"意境：五折交叉验证的 AUC（{len(y)} 幅，5 次划分）"
    return [{"title": title, "columns": ["意境", "占比", "AUC"], "rows": rows}]


def few(folder: Path, var: Path) -> list[Table]:
    """Accuracy of frozen features from few examples a class, and prototypes against logistic regression."""
    works, backbone, cache = paintings(folder), Backbone(var / "vision"), var / "appraisal" / "cache"
    train, test = ([w for w in works if w.part == part] for part in ("train", "test"))
    x = vectors(opened(w.path for w in train), backbone, cache / "train.npy")
    z = vectors(opened(w.path for w in test), backbone, cache / "test.npy")
    y, wanted = np.array([w.genre for w in train]), np.array([w.genre for w in test])
    order = list(GENRES.values())
    rows = []
    for shots in SHOTS:
        scores: dict[str, list[float]] = {"linear": [], "prototype": []}
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            rows_of = np.concatenate([rng.choice(np.flatnonzero(y == g), shots, replace=False) for g in order])
            head = fit_head(x[rows_of], y[rows_of].tolist(), order)
            scores["linear"].append(float((np.array(order)[head.probabilities(z).argmax(1)] == wanted).mean()))
            scores["prototype"].append(float((_prototype(x[rows_of], y[rows_of], z, order) == wanted).mean()))
        rows.append([shots, interval(scores["linear"]), interval(scores["prototype"])])
    head = fit_head(x, y.tolist(), order)
    hits = int((np.array(order)[head.probabilities(z).argmax(1)] == wanted).sum())
    rows.append(["全部（200）", wilson(hits, len(z)), f"{(_prototype(x, y, z, order) == wanted).mean():.3f}"])
    title = f"题材，测试部分 300 幅：每类样本数（{DRAWS} 次抽样，均值和 95 % 区间）"
    return [{"title": title, "columns": ["每类", "冻结特征 + 线性", "冻结特征 + 原型"], "rows": rows}]


def _prototype(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], z: np.ndarray[Any, Any], order: list[str]) -> Any:
    unit = lambda v: v / np.linalg.norm(v, axis=-1, keepdims=True)  # noqa: E731
    means = unit(np.stack([unit(x[y == g]).mean(0) for g in order]))
    return np.array(order)[(unit(z) @ means.T).argmax(1)]


def kinds(folder: Path, var: Path, others: dict[str, Path]) -> list[Table]:
    """What the recognition says of paintings and of pictures that are none."""
    backbone, cache, head = Backbone(var / "vision"), var / "appraisal" / "cache", Learned.load().kind
    test = [w for w in paintings(folder) if w.part == "test"]
    sets = {"国画（测试部分）": vectors(opened(w.path for w in test), backbone, cache / "test.npy")}
    for name, path in others.items():
        sets[name] = vectors(opened(pictures_in(path)), backbone)
    rows = []
    for name, found in sets.items():
        best = head.probabilities(found).argmax(1)
        rows.append([name, len(found), *(f"{(best == k).mean():.3f}" for k in range(len(KINDS)))])
    return [{"title": "是不是绘画（每组判成各类的比例）", "columns": ["图片", "数量", *KINDS], "rows": rows}]


def latency(folder: Path, var: Path) -> list[Table]:
    """Seconds a picture, one thread, decoding left out; memory of the whole."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    appraiser = Appraiser(Backbone(var / "vision"), Learned.load())
    pictures: list[Image.Image] = list(opened(w.path for w in paintings(folder)[:20]))
    pictures = [p.resize((p.width * 4, p.height * 4)) for p in pictures]
    appraiser.appraise(pictures[0])
    wall, cpu = [], []
    for picture in pictures:
        start, used = time.perf_counter(), time.process_time()
        appraiser.appraise(picture)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    row = [
        f"{statistics.median(wall) * 1000:.0f}",
        f"{max(wall) * 1000:.0f}",
        f"{statistics.median(cpu) * 1000:.0f}",
        f"{more:.0f}",
    ]
    columns = ["中位 ms", "最慢 ms", "CPU 中位 ms", "多用内存 MB"]
    return [{"title": "一幅画的用时（1500 像素，一个线程）", "columns": columns, "rows": [row]}]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="鉴赏基准")
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--photos", type=Path, help="训练没有用过的照片")
    parser.add_argument("--western", type=Path, help="国画以外的绘画")
    parser.add_argument("--pages", type=Path, help="真实的截图和图表")
    parser.add_argument("--classes", type=Path, help="一类一个文件夹，给少样本的轮次")
    parser.add_argument("--moods", type=Path, help="cuc_chinese_painting")
    parser.add_argument("--var", type=Path, default=ROOT / "var")
    parser.add_argument("--most", type=int, default=10_000, help="排序最多量多少幅")
    parser.add_argument("--only", default="ranking,few,episodes,kinds,moods,latency")
    options = parser.parse_args()
    named = {"照片": options.photos, "西洋画": options.western, "截图和图表": options.pages}
    others = {name: path for name, path in named.items() if path is not None}
    recorded: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    programs = {
        "ranking": lambda: ranking(options.paintings, options.var, options.most),
        "few": lambda: few(options.paintings, options.var),
        "episodes": lambda: episodes(options.paintings, options.var, options.classes),
        "moods": lambda: moods(options.moods),
        "kinds": lambda: kinds(options.paintings, options.var, others),
        "latency": lambda: latency(options.paintings, options.var),
    }
    for name in options.only.split(","):
        recorded[name] = programs[name]()
        for table in recorded[name]:
            print(f"\n{table['title']}")
            for row in [table["columns"], *table["rows"]]:
                print("  " + "\t".join(str(cell) for cell in row), flush=True)
        RESULTS.write_text(json.dumps(recorded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
