"""`wenyu data import` and `wenyu model train recommender`, as an operator runs them, up to the second domain."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actions.recommend_service import RecommendService
from bot.cli import app
from bot.settings import get_settings

BOOKS = ("活着", "围城", "三体", "边城", "呐喊", "红楼梦", "百年孤独", "小王子", "白夜行", "老人与海")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WENYU_VAR_DIR", str(tmp_path / "var"))
    get_settings.cache_clear()
    (tmp_path / "books.csv").write_text(
        "编号,标题,年份\n" + "".join(f"b{i},{title},{1950 + i}\n" for i, title in enumerate(BOOKS)), encoding="utf-8"
    )
    rows = [f"u{u},b{i},{5 - (u + i) % 3},{1_600_000_000 + u}\n" for u in range(60) for i in range(10) if (u + i) % 2]
    (tmp_path / "ratings.csv").write_text("用户,作品,评分,时间\n" + "".join(rows), encoding="utf-8")
    yield tmp_path
    get_settings.cache_clear()


def test_a_second_domain_from_two_tables(tables: Path) -> None:
    runner = CliRunner()
    files = [str(tables / "ratings.csv"), str(tables / "books.csv"), "--domain", "book"]
    imported = runner.invoke(app, ["data", "import", *files])
    assert imported.exit_code == 0, imported.output
    assert "作品：10 部" in imported.output
    trained = runner.invoke(app, ["model", "train", "recommender", "--domain", "book"])
    assert trained.exit_code == 0, trained.output
    assert "rmse = " in trained.output
    service = RecommendService.open(commercial_use=True, imported=tables / "var" / "recommender")
    assert set(service.shelves) == {"book"}
    assert service.shelves["book"].recommender.catalogue.ids


def test_a_bad_scale_is_explained(tables: Path) -> None:
    files = [str(tables / "ratings.csv"), str(tables / "books.csv"), "--domain", "book", "--scale", "five"]
    result = CliRunner().invoke(app, ["data", "import", *files])
    assert result.exit_code == 2
    assert not (tables / "var" / "recommender" / "book").exists()


def test_spark_needs_its_tables(tables: Path) -> None:
    assert CliRunner().invoke(app, ["model", "train", "recommender", "--engine", "spark"]).exit_code == 2
