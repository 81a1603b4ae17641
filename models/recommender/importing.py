"""Take over an operator's tables: ratings (or play counts) and items, of films, books, music or anything else.

Rows stream through; only numbers are kept (20 bytes a rating) and one entry for each different user and item. Every bad
line is reported with its number, and nothing is written unless the whole file is good.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recommender.catalogue import COLUMNS, Catalogue
from models.recommender.csv_table import CsvTable, Problems, cell, moment, not_whole, number, place
from models.recommender.data import Ratings
from models.recommender.errors import RatingsError
from models.recommender.model import CATALOGUE_FILE

USER = ("user", "user_id", "userid", "用户", "用户编号")
ITEM = ("item", "item_id", "itemid", "movieid", "movie_id", "book_id", "isbn", "id", "作品", "作品编号", "编号")
RATING = ("rating", "score", "评分", "打分")
PLAYS = ("plays", "count", "play_count", "listens", "播放次数", "次数")
TIME = ("time", "timestamp", "date", "时间", "日期")
ITEM_FIELDS = {
    "id": ITEM,
    "title": ("title", "name", "标题", "片名", "书名", "名称"),
    "year": ("year", "original_publication_year", "年份"),
    "genres": ("genres", "genre", "tags", "类型", "标签"),
    "aliases": ("aliases", "别名"),
    "original": ("original", "original_title", "原名"),
    "countries": ("countries", "country", "国家", "地区"),
    "directors": ("directors", "director", "authors", "author", "artist", "导演", "作者", "歌手"),
    "actors": ("actors", "actor", "演员"),
    "runtime": ("runtime", "minutes", "片长"),
    "moods": ("moods", "mood", "氛围"),
    "family": ("family", "适合孩子"),
    "plot": ("plot", "description", "简介"),
}


@dataclass(frozen=True)
class ImportReport:
    """What was taken over. ``repeated``: rows whose user and item came again later; the latest one counts."""

    domain: str
    ratings: int
    users: int
    items: int
    rated_items: int
    repeated: int
    scale: tuple[float, float]
    plays: bool


def import_ratings(
    ratings: Path, items: Path, domain: str, var_dir: Path, scale: tuple[float, float] | None = None
) -> ImportReport:
    """Check both tables and store them under ``var_dir/recommender/<domain>/``, replacing what was there.

    Args:
        ratings: CSV with a header; columns for user, item, and rating or play count; a time is optional.
        items: CSV with a header; columns for item and title; the other facts are optional.
        domain: name of the folder: letters, digits, - and _.
        var_dir: where run-time data lives.
        scale: lowest and highest possible rating; 1–5, 0.5–5 or 1–10 is told from the data when left out.

    Raises:
        RatingsError: with the bad lines; nothing was changed.
    """
    if not domain or not domain.replace("-", "").replace("_", "").isalnum():
        raise RatingsError("领域名只能用文字、数字、短横线和下划线。")
    catalogue = read_items(items)
    table, plays, repeated = read_ratings(ratings, catalogue, scale)
    folder = var_dir / "recommender" / domain
    fresh = folder.with_name(f".{domain}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    table.save(fresh)
    catalogue.write(fresh / CATALOGUE_FILE)
    # A trained model of the same domain stays until it is trained again: it knows its own items.
    trained = folder / "weights"
    if trained.exists():
        trained.rename(fresh / "weights")
    replace_folder(fresh, folder)
    rated = len(np.unique(table.items))
    return ImportReport(domain, len(table), table.n_users, len(catalogue), rated, repeated, table.scale, plays)


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put ``fresh`` in the place of ``folder``; at no moment is there neither the old one nor the new one on the disk."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_imported(domain: str, var_dir: Path) -> tuple[Ratings, Catalogue]:
    """What import_ratings() stored. Raises RatingsError when there is nothing."""
    folder = var_dir / "recommender" / domain
    try:
        return Ratings.load(folder), Catalogue.read(folder / CATALOGUE_FILE)
    except OSError as error:
        raise RatingsError(f"还没有导入“{domain}”的评分。", hint="先用 wenyu data import 导入评分表和作品表") from error


def read_items(path: Path) -> Catalogue:
    """The items table as a catalogue. Raises RatingsError."""
    problems = Problems(path)
    rows: list[dict[str, str]] = []
    seen: dict[str, int] = {}
    with CsvTable(path) as (header, lines):
        places = {name: place(header, names) for name, names in ITEM_FIELDS.items()}
        for name, title in (("id", "作品编号"), ("title", "标题")):
            if places[name] is None:
                raise RatingsError(
                    f"{path.name} 缺少“{title}”一列。", hint=f"可用的列名：{'、'.join(ITEM_FIELDS[name])}"
                )
        for line, row in lines:
            fact = {name: cell(row, at) for name, at in places.items()}
            if not fact["id"] or not fact["title"]:
                problems.add(line, "作品编号或标题是空的")
            elif fact["id"] in seen:
                problems.add(line, f"作品编号 {fact['id'][:40]} 和第 {seen[fact['id']]} 行重复")
            elif not_whole(fact["year"]) or not_whole(fact["runtime"]):
                problems.add(line, "年份或片长不是整数")
            else:
                seen[fact["id"]] = line
                rows.append({name: _clean(name, fact[name]) for name in COLUMNS})
    problems.check()
    if not rows:
        raise RatingsError(f"{path.name} 里没有作品。")
    return Catalogue.from_rows(rows)


def read_ratings(path: Path, catalogue: Catalogue, scale: tuple[float, float] | None) -> tuple[Ratings, bool, int]:
    """The ratings table; whether it held play counts; and how many rows were overtaken by a later one.

    Raises:
        RatingsError: naming the bad lines.
    """
    problems = Problems(path)
    users, items, values, times = array("i"), array("i"), array("f"), array("q")
    codes: dict[str, int] = {}
    with CsvTable(path) as (header, lines):
        user_at, item_at, time_at = place(header, USER), place(header, ITEM), place(header, TIME)
        rating_at, plays_at = place(header, RATING), place(header, PLAYS)
        value_at = rating_at if rating_at is not None else plays_at
        missing = [n for n, at in (("用户", user_at), ("作品", item_at), ("评分或播放次数", value_at)) if at is None]
        if user_at is None or item_at is None or value_at is None:
            raise RatingsError(f"{path.name} 缺少“{'”“'.join(missing)}”一列。", hint="例如表头：user,item,rating,time")
        plays = rating_at is None
        low, high = scale or (0.0, 10.0)
        for line, row in lines:
            user, item = cell(row, user_at), cell(row, item_at)
            code = catalogue.code(item)
            value, time = number(cell(row, value_at)), moment(cell(row, time_at))
            if not user or not item:
                problems.add(line, "用户或作品是空的")
            elif code is None:
                problems.add(line, f"作品表里没有作品 {item[:40]}")
            elif value is None:
                problems.add(line, "评分不是数字")
            elif plays and value <= 0:
                problems.add(line, "播放次数要大于 0")
            elif not plays and not low <= value <= high:
                problems.add(line, f"评分 {value:g} 不在 {low:g} 到 {high:g} 之间")
            elif time is None:
                problems.add(line, "时间既不是秒数也不是日期")
            else:
                users.append(codes.setdefault(user, len(codes)))
                items.append(code)
                values.append(value)
                times.append(time)
    problems.check()
    if not values:
        raise RatingsError(f"{path.name} 里没有评分。")
    columns = (
        np.frombuffer(users, np.int32), np.frombuffer(items, np.int32),
        np.frombuffer(values, np.float32), np.frombuffer(times, np.int64),
    )  # fmt: skip
    n_users = len(codes)
    codes.clear()
    keep = latest(columns[0], columns[1], columns[3], len(catalogue))
    kept = columns[2][keep]
    kept, found = (rating_from_plays(kept), (1.0, 5.0)) if plays else (kept, scale or scale_of(kept))
    table = Ratings(columns[0][keep], columns[1][keep], kept, columns[3][keep], n_users, catalogue.ids, found)
    return table, plays, len(values) - len(keep)


def latest(
    users: NDArray[np.int32], items: NDArray[np.int32], times: NDArray[np.int64], n_items: int
) -> NDArray[np.int64]:
    """Rows of the latest rating of every pair, in their order; of equal times the later row wins."""
    pair = users.astype(np.int64) * n_items + items
    order = np.lexsort((times, pair))
    last = np.append(pair[order[1:]] != pair[order[:-1]], True)
    return np.sort(order[last])


def rating_from_plays(plays: NDArray[np.float32]) -> NDArray[np.float32]:
    """Play counts as ratings from 1 to 5, linear in their logarithm up to the count that one row in twenty exceeds."""
    logs = np.log1p(plays)
    top = max(float(np.quantile(logs, 0.95)), float(np.log1p(2)))
    return np.asarray(1 + 4 * np.minimum(logs / top, 1), np.float32)


def scale_of(values: NDArray[np.float32]) -> tuple[float, float]:
    """The usual scale that the ratings fit in: 1–5, 0.5–5, 0–5, 1–10 or 0–10."""
    low, high = float(values.min()), float(values.max())
    for bottom, top in ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0)):
        if bottom <= low and high <= top:
            return bottom, top
    return 0.0, 10.0


def _clean(name: str, text: str) -> str:
    """A field as the catalogue keeps it: one line, whole numbers, "/" between several values."""
    text = " ".join(text.split())
    if name in ("year", "runtime"):
        return str(int(float(text))) if text else ""
    if name in ("genres", "aliases", "countries", "directors", "actors", "moods"):
        for mark in ("|", ";", "；", "、"):
            text = text.replace(mark, "/")
        return "/".join(part.strip() for part in text.split("/") if part.strip())
    return text


def summary(report: ImportReport) -> Mapping[str, str]:
    """The report in Chinese, line by line, for the command line."""
    kind = "播放次数（换算成 1–5 分）" if report.plays else f"评分（{report.scale[0]:g}–{report.scale[1]:g} 分）"
    return {
        "领域": report.domain,
        kind: f"{report.ratings:,} 条",
        "用户": f"{report.users:,} 位",
        "作品": f"{report.items:,} 部，其中 {report.rated_items:,} 部有评分",
        "重复": f"{report.repeated:,} 行，以最后一次为准",
    }
