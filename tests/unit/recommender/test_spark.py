"""The same fit on Spark; runs where pyspark and Java are installed (requirements/bench.in)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from models.recommender import spark
from models.recommender.data import Ratings
from models.recommender.errors import SparkError
from tests.unit.recommender.conftest import FAST, N_ITEMS

MISSING = importlib.util.find_spec("pyspark") is None


@pytest.mark.skipif(not MISSING, reason="pyspark is installed")
def test_without_spark_the_operator_is_told_what_to_install() -> None:
    with pytest.raises(SparkError) as caught:
        spark.session("unused")
    assert "pyspark" in caught.value.hint


@pytest.mark.skipif(MISSING, reason="pyspark is not installed; benchmarks/recommender.py runs it")
def test_the_checkerboard_is_learnt(board: Ratings, tmp_path: Path) -> None:
    ratings, items = tmp_path / "ratings.csv", tmp_path / "items.csv"
    rows = zip(board.users, board.items, board.values, strict=True)
    ratings.write_text("user,item,rating\n" + "".join(f"{u},i{i},{r}\n" for u, i, r in rows), encoding="utf-8")
    items.write_text("id,title\n" + "".join(f"i{n},片名{chr(0x4E00 + n)}\n" for n in range(N_ITEMS)), encoding="utf-8")
    recommender, metrics = spark.fit(ratings, items, FAST)
    assert metrics["rmse"] < 1
    assert all(int(r.item_id[1:]) % 2 == 0 for r in recommender.recommend({"i0": 5.0, "i2": 5.0}, n=5))
