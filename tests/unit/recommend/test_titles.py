"""Mentions of films: resolved, ambiguous, or unknown with what is near; never a film that was not meant."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from knowledge.noise import homophone, traditional
from models.recommender.language import Language
from models.recommender.title_keys import han_key, latin_key

DEVELOPMENT = Path(__file__).resolve().parents[3] / "nlu_data" / "development" / "recommend_titles.yml"
DEVELOPMENT_FLOOR = 0.95
"""A floor against regressions; the figures that count are printed by benchmarks/recommend_language.py."""


@pytest.mark.parametrize(
    ("mention", "title"),
    [
        ("肖申克的救赎", "肖申克的救赎"), ("月黑高飞", "肖申克的救赎"), ("肖生克的救赎", "肖申克的救赎"), ("肖申克", "肖申克的救赎"),
        ("肖申克的就赎", "肖申克的救赎"), ("xiaoshenkedejiushu", "肖申克的救赎"), ("The Shawshank Redemption", "肖申克的救赎"),
        ("shawshank", "肖申克的救赎"), ("千與千尋", "千与千寻"), ("spirited away", "千与千寻"), ("千与 千寻", "千与千寻"),
        ("星际 穿越", "星际穿越"), ("教父2", "教父2"), ("教父第二部", "教父2"), ("教父II", "教父2"), ("7宗罪", "七宗罪"),
        ("《阿甘正传》", "阿甘正传"), ("那个盗梦空间", "盗梦空间"), ("诺兰的盗梦空间", "盗梦空间"), ("指环王第三部", "指环王3：王者无敌"),
        ("指环王系列第三部", "指环王3：王者无敌"), ("教父三部曲的第二部", "教父2"), ("第二部回到未来", "回到未来2"), ("异形的第四部", "异形4"),
        ("异形 part 4", "异形4"),
    ],
)  # fmt: skip
def test_one_film_is_meant(language: Language, mention: str, title: str) -> None:
    resolution = language.titles.resolve(mention)
    assert resolution.status == "resolved"
    assert language.titles.item(resolution.items[0]).title == title


def test_two_films_of_one_name_are_asked_back(language: Language) -> None:
    resolution = language.titles.resolve("金刚")
    assert resolution.status == "ambiguous"
    assert {language.titles.item(i).year for i in resolution.items} >= {1933, 2005}
    assert language.titles.item(language.titles.resolve("金刚(2005)").items[0]).year == 2005
    assert language.titles.item(language.titles.resolve("老版金刚").items[0]).year == 1933


@pytest.mark.parametrize(
    ("mention", "parts"), [("教父系列", 3), ("教父三部曲", 3), ("星战", 7), ("谍影重重系列", 3), ("赤壁", 2), ("甄子丹叶问", 2)]
)  # fmt: skip
def test_a_series_is_asked_back(language: Language, mention: str, parts: int) -> None:
    resolution = language.titles.resolve(mention)
    assert resolution.status == "ambiguous"
    assert resolution.series
    assert len(resolution.items) >= parts


@pytest.mark.parametrize("mention", ["流浪地球", "战狼2", "甄嬛传", "速度与激情9", "qwertyuiop", "", "一二三四五六七"])
def test_what_is_not_there_is_unknown(language: Language, mention: str) -> None:
    assert language.titles.resolve(mention).status == "unknown"


def test_noise_of_our_own(language: Language) -> None:
    rng = random.Random(3)
    titles = [
        "阿甘正传",
        "低俗小说",
        "沉默的羔羊",
        "辛德勒的名单",
        "美国丽人",
        "勇敢的心",
        "这个杀手不太冷",
        "海底总动员",
    ]
    for title in titles:
        for noisy in (homophone(title, rng), traditional(title), " ".join(title)):
            resolution = language.titles.resolve(noisy)
            assert language.titles.item(resolution.items[0]).title == title, noisy


def test_the_development_mentions_stay_above_the_floor(language: Language) -> None:
    mentions = yaml.safe_load(DEVELOPMENT.read_text(encoding="utf-8"))["mentions"]
    mentions = [mention for mention in mentions if mention.get("where") != "sentence"]
    right = 0
    for mention in mentions:
        resolution = language.titles.resolve(mention["text"])
        right += resolution.status == "resolved" and int(resolution.items[0]) in {
            mention["movie_id"],
            *mention.get("also", ()),
        }
    assert right / len(mentions) >= DEVELOPMENT_FLOOR


@pytest.mark.parametrize(
    ("mention", "title"),
    [
        ("移动的哈尔城堡", "哈尔的移动城堡"),  # out of order
        ("普拉达那个女王", "穿普拉达的女王"),  # in pieces
        ("肖申克越狱那部", "肖申克的救赎"),  # one piece that is its own
        ("小津的东京物语", "东京物语"),  # behind somebody whom the catalogue calls otherwise
        ("Wolf of 华尔街", "华尔街之狼"),  # in two scripts
        ("诺兰蝙蝠侠第一部", "蝙蝠侠：侠影之谜"),  # the first that somebody made
        ("东邪西母", "东邪西毒"),  # a slip in four characters
    ],
)
def test_as_people_say_it(language: Language, mention: str, title: str) -> None:
    resolution = language.titles.resolve(mention)
    assert (resolution.status, language.titles.item(resolution.items[0]).title) == ("resolved", title)


@pytest.mark.parametrize("mention", ["芭比", "奇异博士", "辩护人", "功夫熊猫4", "牯岭街少年杀人事件", "芭比 真人版"])
def test_another_work_is_no_film_with_a_name_like_it(language: Language, mention: str) -> None:
    assert language.titles.resolve(mention).status == "unknown"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("鸟人一镜到底看得累，不喜欢", {"鸟人"}),
        ("恐怖游伦我没看懂，讲什么的", {"恐怖游轮"}),
        ("速激7最后那段see you again我破防", {"速度与激情7"}),
        ("功夫不负有心人，来部喜剧", set()),
    ],
)
def test_short_names_in_running_text(language: Language, text: str, titles: set[str]) -> None:
    assert {language.titles.item(i).title for i in language.understand(text).titles} == titles


def test_keys() -> None:
    assert han_key("教父 第二部") == han_key("教父2") == "教父2"
    assert han_key("十二怒汉") == "12怒汉"
    assert latin_key("The Godfather: Part II") == "godfather 2"
