"""An operator's tables: what is taken, what is refused, and that nothing is half imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.recommender import csv_table
from models.recommender.data import Ratings, like_threshold, preference
from models.recommender.errors import RatingsError
from models.recommender.importing import import_ratings, load_imported, rating_from_plays, scale_of, summary

ITEMS = "id,title,author,genres,year\nb1,三体,刘慈欣,科幻|小说,2008\nb2,活着,余华,小说,1993\nb3,城堡,卡夫卡,小说,\n"


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    path.write_text(ITEMS, encoding="utf-8")
    return path


def table(folder: Path, text: str) -> Path:
    path = folder / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_books_are_taken_over(tmp_path: Path, items: Path) -> None:
    ratings = table(tmp_path, "user,item,rating,time\nu1,b1,5,1\nu1,b2,3,2\nu2,b1,4,2020-01-02\n")
    report = import_ratings(ratings, items, "book", tmp_path)
    assert (report.ratings, report.users, report.items, report.rated_items) == (3, 2, 3, 2)
    assert report.scale == (1.0, 5.0)
    stored, catalogue = load_imported("book", tmp_path)
    assert stored.item_ids == catalogue.ids == ("b1", "b2", "b3")
    assert stored.values.tolist() == [5, 3, 4]
    assert catalogue["b1"].genres == ("科幻", "小说")
    assert catalogue["b1"].directors == ("刘慈欣",)
    assert catalogue["b3"].year is None
    assert "3 条" in summary(report)["评分（1–5 分）"]


def test_chinese_headers_and_a_byte_order_mark(tmp_path: Path, items: Path) -> None:
    report = import_ratings(table(tmp_path, "\ufeff用户,作品编号,评分\nu1,b1,5\n"), items, "book", tmp_path)
    assert report.ratings == 1


def test_the_latest_of_a_pair_counts(tmp_path: Path, items: Path) -> None:
    text = "user,item,rating,time\nu1,b1,5,9\nu1,b1,2,3\nu1,b2,1,\nu1,b2,4,\n"
    report = import_ratings(table(tmp_path, text), items, "book", tmp_path)
    stored, _ = load_imported("book", tmp_path)
    assert report.repeated == 2
    assert stored.values.tolist() == [5, 4]


def test_play_counts_become_ratings(tmp_path: Path, items: Path) -> None:
    text = "user,item,plays\nu1,b1,1\nu1,b2,100\nu2,b2,3\n"
    report = import_ratings(table(tmp_path, text), items, "music", tmp_path)
    stored, _ = load_imported("music", tmp_path)
    assert report.plays
    assert report.scale == (1.0, 5.0)
    assert 1 < stored.values[0] < stored.values[2] < stored.values[1] <= 5


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("u1,b9,5,1", "作品表里没有作品 b9"),
        ("u1,b1,11,1", "评分 11 不在 0 到 10 之间"),
        ("u1,b1,-1,1", "评分 -1 不在"),
        ("u1,b1,好看,1", "评分不是数字"),
        ("u1,b1,nan,1", "评分不是数字"),
        (",b1,5,1", "用户或作品是空的"),
        ("u1,b1,5,昨天", "时间既不是秒数也不是日期"),
        ("u1", "用户或作品是空的"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_kept(tmp_path: Path, items: Path, line: str, words: str) -> None:
    import_ratings(table(tmp_path, "user,item,rating,time\nu1,b1,5,1\n"), items, "book", tmp_path)
    bad = table(tmp_path, f"user,item,rating,time\nu1,b2,5,1\n{line}\nu2,b1,4,1\n")
    with pytest.raises(RatingsError) as caught:
        import_ratings(bad, items, "book", tmp_path)
    assert caught.value.problems == (f"ratings.csv 第 3 行：{words}",) or words in caught.value.problems[0]
    assert "第 3 行" in caught.value.problems[0]
    stored, _ = load_imported("book", tmp_path)
    assert len(stored) == 1
    assert not list((tmp_path / "recommender").glob(".*"))


def test_all_bad_rows_are_counted_and_the_first_ones_named(tmp_path: Path, items: Path) -> None:
    rows = "".join("u1,b9,5\n" for _ in range(csv_table.REPORTED + 7))
    with pytest.raises(RatingsError, match="57 处错误") as caught:
        import_ratings(table(tmp_path, "user,item,rating\n" + rows), items, "book", tmp_path)
    assert len(caught.value.problems) == csv_table.REPORTED + 1
    assert "另有 7 处" in caught.value.problems[-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "是空的"),
        ("user,item\nu1,b1\n", "缺少“评分或播放次数”"),
        ("a,b,c\n1,2,3\n", "缺少“用户”“作品”“评分或播放次数”"),
        ("user,item,rating\n", "里没有评分"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, items: Path, text: str, words: str) -> None:
    with pytest.raises(RatingsError, match=words):
        import_ratings(table(tmp_path, text), items, "book", tmp_path)
    assert not (tmp_path / "recommender" / "book").exists()


def test_another_encoding_is_refused(tmp_path: Path, items: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes("user,item,rating\n张三,b1,5\n".encode("gb18030"))
    with pytest.raises(RatingsError) as caught:
        import_ratings(path, items, "book", tmp_path)
    assert "UTF-8" in caught.value.user_message + caught.value.hint


@pytest.mark.parametrize("domain", ["", "../x", "a b", "a/b"])
def test_a_domain_is_a_name(tmp_path: Path, items: Path, domain: str) -> None:
    with pytest.raises(RatingsError, match="领域名"):
        import_ratings(table(tmp_path, "user,item,rating\nu1,b1,5\n"), items, domain, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,title\nb1,三体\nb1,活着\n", "重复"),
        ("id,title\nb1,\n", "空的"),
        ("id,title,year\nb1,三体,二〇〇八\n", "年份"),
        ("title\n三体\n", "作品编号"),
    ],
)
def test_a_bad_items_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    items = tmp_path / "items.csv"
    items.write_text(text, encoding="utf-8")
    with pytest.raises(RatingsError) as caught:
        import_ratings(table(tmp_path, "user,item,rating\nu1,b1,5\n"), items, "book", tmp_path)
    assert words in " ".join([caught.value.user_message, *caught.value.problems])


def test_a_missing_file_and_a_missing_domain_are_said_to_be_missing(tmp_path: Path, items: Path) -> None:
    with pytest.raises(RatingsError, match="打不开"):
        import_ratings(tmp_path / "none.csv", items, "book", tmp_path)
    with pytest.raises(RatingsError, match="还没有导入"):
        load_imported("book", tmp_path)


def test_the_scale_is_told_from_the_data(tmp_path: Path, items: Path) -> None:
    assert scale_of(np.array([1, 5], np.float32)) == (1, 5)
    assert scale_of(np.array([0.5, 4], np.float32)) == (0.5, 5)
    assert scale_of(np.array([2, 9], np.float32)) == (1, 10)
    assert scale_of(np.array([0, 9], np.float32)) == (0, 10)
    with pytest.raises(RatingsError):
        import_ratings(table(tmp_path, "user,item,rating\nu1,b1,6\n"), items, "book", tmp_path, scale=(1, 5))


def test_preferences_and_likes_follow_the_scale() -> None:
    assert preference(np.array([0.5, 1.5, 5]), (0.5, 5)).tolist() == [0, 0, 1]
    assert 3.5 < like_threshold((0.5, 5)) <= 4
    assert like_threshold((1, 5)) == 4
    assert rating_from_plays(np.array([1.0, 1.0], np.float32)).tolist() == pytest.approx([3.52, 3.52], abs=0.01)


def test_ratings_survive_the_disk(board: Ratings, tmp_path: Path) -> None:
    board.save(tmp_path)
    loaded = Ratings.load(tmp_path)
    assert np.array_equal(loaded.values, board.values)
    assert loaded.item_ids == board.item_ids
    assert loaded.scale == board.scale
