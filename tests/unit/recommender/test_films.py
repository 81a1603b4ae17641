"""The facts about films, the series, and the reader of the ratings package."""

from __future__ import annotations

import lzma
import pickle
from collections import Counter

import numpy as np
import pytest

from models.recommender.catalogue import COLUMNS, GENRES, Catalogue, chinese_genres
from models.recommender.errors import DatasetError
from models.recommender.model import DEFAULT_WEIGHTS, FILM_FACTS, Recommender
from models.recommender.movielens import read_frame, reordered
from models.recommender.series import series_of, stem

MOODS = set(
    [
        "轻松",
        "搞笑",
        "治愈",
        "温馨",
        "感人",
        "浪漫",
        "热血",
        "励志",
        "紧张",
        "惊悚",
        "烧脑",
        "黑暗",
        "悲伤",
        "史诗",
        "文艺",
        "怀旧",
        "奇幻",
        "讽刺",
        "孤独",
        "震撼",
    ]
)


@pytest.fixture(scope="module")
def films() -> Catalogue:
    return Catalogue.read(FILM_FACTS)


@pytest.fixture(scope="module")
def shipped() -> Recommender:
    return Recommender.load(DEFAULT_WEIGHTS, FILM_FACTS)


def test_every_row_has_every_column() -> None:
    lines = FILM_FACTS.read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == list(COLUMNS)
    assert {line.count("\t") for line in lines} == {len(COLUMNS) - 1}


def test_the_fields_hold_what_they_should(films: Catalogue) -> None:
    for code in range(len(films)):
        film = films.at(code)
        assert film.year is None or 1890 < film.year < 2030, film
        assert film.runtime is None or 1 <= film.runtime < 600, film
        assert set(film.moods) <= MOODS, film
        assert len(film.plot) <= 80, film
        assert film.title not in film.aliases, film
        for text in (film.title, film.plot, *film.aliases, *film.directors, *film.actors):
            assert text == text.strip(), film


def test_the_most_rated_films_have_chinese_titles_and_facts(shipped: Recommender) -> None:
    order = np.argsort(-shipped.ratings, kind="stable")
    items = [shipped.catalogue.at(int(code)) for code in order[:1500]]
    chinese = [any("\u4e00" <= c <= "\u9fff" or c.isdigit() for c in item.title) for item in items]
    assert np.mean(chinese) > 0.98
    assert all(item.directors and item.genres for item in items[:800])
    assert np.mean([bool(item.actors) for item in items[:800]]) > 0.98


def test_a_film_without_facts_is_shown_in_the_original(shipped: Recommender) -> None:
    bare = next(shipped.catalogue.at(c) for c in range(len(shipped.catalogue)) if not shipped.catalogue.described[c])
    assert bare.title
    assert set(bare.genres) <= set(GENRES.values())


def test_a_series_is_not_the_whole_list(shipped: Recommender) -> None:
    titles = {item.title: item.id for item in map(shipped.catalogue.at, range(len(shipped.catalogue)))}
    result = shipped.recommend({titles["哈利·波特与魔法石"]: 5.0}, n=10)
    assert sum("哈利·波特" in item.title for item in result) <= 2


def test_all_genres_are_chinese() -> None:
    assert chinese_genres(["Sci-Fi", "IMAX", "(no genres listed)", "War"]) == ["科幻", "战争"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("侏罗纪公园2：失落的世界", "侏罗纪公园"),
        ("星球大战前传1：幽灵的威胁", "星球大战"),
        ("教父3", "教父"),
        ("Rocky III", "rocky"),
        ("Kill Bill: Vol. 2", "kill bill"),
        ("七宗罪", "七宗罪"),
        ("英雄", "英雄"),
        ("1984 (Nineteen Eighty-Four)", "1984"),
    ],
)
def test_stems(title: str, expected: str) -> None:
    assert stem(title) == expected


def test_series_go_by_stems_and_shared_beginnings() -> None:
    titles = ["哈利·波特与密室", "哈利·波特与火焰杯", "美女与野兽", "教父", "教父2", "", ""]
    series = series_of(titles, [""] * len(titles))
    assert series[0] == series[1]
    assert series[3] == series[4]
    assert len(Counter(series.tolist())) == 5


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Matrix, The", "The Matrix"),
        ("Seven (a.k.a. Se7en)", "Seven (a.k.a. Se7en)"),
        ("Hate (Haine, La)", "Hate (La Haine)"),
        ("Atalante, L'", "L'Atalante"),
        ("Me, Myself & Irene", "Me, Myself & Irene"),
    ],
)
def test_articles_come_first(title: str, expected: str) -> None:
    assert reordered(title) == expected


class _Evil:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_of_anything_else_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DatasetError, match="没有读取"):
        read_frame(lzma.compress(pickle.dumps(_Evil())))
    assert "run" not in capsys.readouterr().out
