"""The same fit for ratings that do not fit in memory: Apache Spark's ALS instead of numpy (needs pyspark and Java 17).

Spark reads the CSV itself. Mean and biases are damped averages; the factors are ALS on what they leave, with the same
L2 per rating as the formula in factorisation.py. What comes back to this process is one row an item. The item-item
models are trained on a random sample of users that does fit, because neighbours need far fewer ratings than factors.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.recommender.catalogue import Catalogue
from models.recommender.config import RecommenderConfig
from models.recommender.data import Ratings
from models.recommender.errors import SparkError
from models.recommender.factorisation import RatingModel
from models.recommender.importing import ITEM, RATING, USER, read_items, scale_of
from models.recommender.model import Recommender

BIAS_DAMPING = 5.0
LOCAL_PARTITIONS = 8
SAMPLED_RATINGS = 5_000_000
TEST_SHARE = 0.1


def session(checkpoints: str) -> Any:
    """A Spark session: the one that is configured, or a local one.

    Args:
        checkpoints: folder for intermediate results of a local session; a cluster has spark.checkpoint.dir.

    Raises:
        SparkError: pyspark or Java is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkError("没有安装 pyspark。", hint="pip install pyspark，并安装 Java 17") from error
    try:
        builder = SparkSession.builder.appName("wenyu-recommender").config("spark.ui.enabled", "false")
        spark = builder.getOrCreate()
    except Exception as error:
        # pyspark raises bare exceptions when Java does not start.
        raise SparkError("Spark 没有启动。", hint="请检查 Java 17 和 SPARK_HOME") from error
    if spark.sparkContext.master.startswith("local"):
        spark.sparkContext.setLogLevel("ERROR")
        # 200 partitions, the default for clusters, take minutes on one machine where a few take seconds.
        spark.conf.set("spark.sql.shuffle.partitions", str(LOCAL_PARTITIONS))
        spark.sparkContext.setCheckpointDir(checkpoints)
    return spark


def fit(ratings: Path, items: Path, config: RecommenderConfig) -> tuple[Recommender, dict[str, float]]:
    """Train on the CSV tables; see importing.py for their columns.

    Returns:
        The recommender, and ``rmse`` on a tenth of the ratings that was kept out of training.

    Raises:
        SparkError: Spark is not there, or the ratings table lacks a column.
        RatingsError: the items table is bad.
    """
    # What Spark's ALS finds is a mode, so new users are folded in as at a mode.
    config = replace(config, factors=replace(config.factors, estimator="mode"))
    catalogue = read_items(items)
    with tempfile.TemporaryDirectory() as checkpoints:
        return _fit(session(checkpoints), ratings, catalogue, config)


def _fit(
    spark: Any, ratings: Path, catalogue: Catalogue, config: RecommenderConfig
) -> tuple[Recommender, dict[str, float]]:
    from pyspark.sql import functions as sf

    table = _read(spark, ratings, catalogue)
    train, test = table.randomSplit([1 - TEST_SHARE, TEST_SHARE], seed=config.factors.seed)
    rating, users = factorise(train, len(catalogue), config)
    predicted = test.join(users, "user").join(_item_frame(spark, rating), "item")
    product = sf.aggregate(sf.zip_with("p", "q", lambda a, b: a * b), sf.lit(0.0), lambda total, part: total + part)
    error = predicted.select(
        (sf.lit(rating.mean) + sf.col("bu") + sf.col("bi") + product - sf.col("rating")).alias("e")
    )
    mean_square = error.select(sf.avg(sf.col("e") * sf.col("e"))).first()[0]
    sample = _sample(train, catalogue, rating.scale, config.factors.seed)
    recommender = Recommender.with_rating_model(rating, sample, catalogue, config)
    return recommender, {"rmse": round(float(mean_square) ** 0.5, 4), "ratings": float(table.count())}


def factorise(train: Any, n_items: int, config: RecommenderConfig) -> tuple[RatingModel, Any]:
    """Biases and factors.

    Args:
        train: Spark frame with the columns user, item (codes) and rating.
        n_items: number of item codes.

    Returns:
        The model without users, and a frame (user, bu, p) that stays in Spark.
    """
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import functions as sf

    stats = train.agg(sf.avg("rating"), sf.min("rating"), sf.max("rating")).first()
    mean = float(stats[0])
    scale = scale_of(np.array([stats[1], stats[2]], np.float32))

    def damped(column: str) -> Any:
        return sf.sum(column) / (sf.count(column) + sf.lit(BIAS_DAMPING))

    centred = train.withColumn("rest", sf.col("rating") - sf.lit(mean))
    item_bias = centred.groupBy("item").agg(damped("rest").alias("bi"))
    centred = centred.join(item_bias, "item").withColumn("rest", sf.col("rest") - sf.col("bi"))
    user_bias = centred.groupBy("user").agg(damped("rest").alias("bu"))
    centred = centred.join(user_bias, "user").withColumn("rest", sf.col("rest") - sf.col("bu")).cache()
    als = ALS(
        rank=config.factors.embedding_size,
        regParam=config.factors.reg,
        maxIter=config.factors.epochs,
        userCol="user",
        itemCol="item",
        ratingCol="rest",
        seed=config.factors.seed,
        # Every iteration lengthens the lineage; without checkpoints its serialisation overflows the stack.
        checkpointInterval=4,
    )
    model = als.fit(centred)
    bias = np.zeros(n_items)
    for row in item_bias.toLocalIterator():
        bias[row["item"]] = row["bi"]
    factors = np.zeros((n_items, config.factors.embedding_size))
    for row in model.itemFactors.toLocalIterator():
        factors[row["id"]] = row["features"]
    users = model.userFactors.withColumnRenamed("id", "user").withColumnRenamed("features", "p").join(user_bias, "user")
    nobody = np.zeros((0, config.factors.embedding_size))
    return RatingModel(mean, np.zeros(0), bias, nobody, factors, scale), users


def _read(spark: Any, path: Path, catalogue: Catalogue) -> Any:
    """The ratings with codes instead of names, one row for each user and item."""
    from pyspark.sql import functions as sf

    raw = spark.read.csv(str(path), header=True)
    columns = {}
    for target, names in (("user", USER), ("item", ITEM), ("rating", RATING)):
        found = next((c for name in names for c in raw.columns if c.strip().lower() == name), None)
        if found is None:
            raise SparkError(f"{path.name} 缺少一列。", hint=f"需要其中之一：{'、'.join(names)}")
        columns[target] = found
    item_codes = spark.createDataFrame(list(enumerate(catalogue.ids)), ["item", "item_name"])
    named = raw.select(
        sf.col(columns["user"]).alias("user_name"),
        sf.col(columns["item"]).alias("item_name"),
        sf.col(columns["rating"]).cast("float").alias("rating"),
    ).dropna()
    named = named.dropDuplicates(["user_name", "item_name"]).join(sf.broadcast(item_codes), "item_name")
    # dense_rank would pull everything through one partition: the codes only have to be different and fit an int.
    users = named.select("user_name").distinct().rdd.map(lambda row: row[0]).zipWithIndex().toDF(["user_name", "user"])
    coded = named.join(users, "user_name")
    return coded.select(sf.col("user").cast("int"), sf.col("item").cast("int"), "rating").cache()


def _item_frame(spark: Any, rating: RatingModel) -> Any:
    rows = [
        (item, float(rating.item_bias[item]), [float(x) for x in rating.item_factors[item]])
        for item in range(len(rating.item_bias))
    ]
    return spark.createDataFrame(rows, ["item", "bi", "q"])


def _sample(train: Any, catalogue: Catalogue, scale: tuple[float, float], seed: int) -> Ratings:
    """All ratings of a random part of the users, small enough for this process."""
    from pyspark.sql import functions as sf

    total = train.count()
    share = min(1.0, SAMPLED_RATINGS / max(total, 1))
    chosen = train.select("user").distinct().sample(share, seed=seed) if share < 1 else train.select("user").distinct()
    rows = train.join(chosen, "user").select("user", "item", sf.col("rating").cast("float"))
    collected = np.array([tuple(row) for row in rows.toLocalIterator()], dtype="i8,i4,f4")
    _, users = np.unique(collected["f0"], return_inverse=True)
    n_users = int(users.max()) + 1 if len(users) else 0
    return Ratings(
        users.astype(np.int32),
        collected["f1"].astype(np.int32),
        collected["f2"].astype(np.float32),
        np.zeros(len(collected), np.int64),
        n_users,
        catalogue.ids,
        scale,
    )
