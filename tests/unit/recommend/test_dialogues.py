"""Whole conversations with the skill: our own, and the held-out ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.recommend_service import NOT_COMMERCIAL, RecommendService
from models.recommender.model import DEFAULT_WEIGHTS
from tests.unit.recommend.dialogues import Memory, play, say

ROOT = Path(__file__).resolve().parents[3]
OWN = Path(__file__).parent / "data" / "dialogues.yml"
DEVELOPMENT = ROOT / "nlu_data" / "development" / "recommend_dialogues.yml"
DEVELOPMENT_FLOOR = 0.98
HELD_OUT = ROOT / "nlu_data" / "heldout" / "recommend_dialogues.yml"
HELD_OUT_FLOOR = 0.85
"""Shares of turns that meet everything expected of them; a floor against regressions."""


def dialogues(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["dialogues"]
    return loaded


@pytest.mark.parametrize("dialogue", dialogues(OWN), ids=lambda d: d["id"])
def test_our_own(service: RecommendService, dialogue: dict[str, Any]) -> None:
    assert not any(play(dialogue, service)), play(dialogue, service)


def share_of_turns(path: Path, service: RecommendService) -> float:
    turns = [faults for dialogue in dialogues(path) for faults in play(dialogue, service)]
    return sum(not faults for faults in turns) / len(turns)


def test_the_development_dialogues_stay_above_the_floor(service: RecommendService) -> None:
    assert share_of_turns(DEVELOPMENT, service) >= DEVELOPMENT_FLOOR


def test_the_held_out_dialogues_stay_above_the_floor(service: RecommendService) -> None:
    assert share_of_turns(HELD_OUT, service) >= HELD_OUT_FLOOR


def test_seen_and_disliked_films_never_come_back(service: RecommendService) -> None:
    memory = Memory()
    first = say("推荐几部科幻片", memory, service).data["items"]
    say("第一部看过了，第二部不感兴趣", memory, service)
    gone = {first[0]["id"]}
    for _ in range(8):
        shown = {item["id"] for item in say("换一批", memory, service).data["items"]}
        assert not shown & gone
        gone |= shown


def test_a_list_of_no_interest_is_not_taken_for_seen(service: RecommendService) -> None:
    memory = Memory()
    first = {item["id"] for item in say("推荐几部科幻片", memory, service).data["items"]}
    again = {item["id"] for item in say("都不感兴趣", memory, service).data["items"]}
    taste = memory.slots()["taste"]["film"]
    assert set(taste["declined"]) == first
    assert not taste["seen"]
    assert again
    assert not again & first
    assert "不感兴趣" in say("我的口味是什么", memory, service).text


def test_a_series_is_asked_back_and_the_answer_is_taken(service: RecommendService) -> None:
    memory = Memory()
    assert say("推荐像教父系列那样的", Memory(), service).band == "answer"
    reply = say("教父系列", memory, service)
    assert reply.band == "suggest"
    assert len(reply.buttons) == 3
    assert any("教父2" in card.reason for card in say("第二部", memory, service).cards)
    assert say("我喜欢变脸", memory, service).band == "suggest"
    say("吴宇森那部", memory, service)
    assert memory.slots()["taste"]["film"]["liked"] == ["1221", "1573"]


@pytest.mark.parametrize("critique", ["再轻松一点", "节奏快点", "新一点", "冷门一点", "短一点"])
def test_a_critique_changes_the_list(service: RecommendService, critique: str) -> None:
    plain, criticised = Memory(), Memory()
    for memory in (plain, criticised):
        say("推荐几部喜剧", memory, service)
    more = [item["id"] for item in say("换一批", plain, service).data["items"]]
    changed = [item["id"] for item in say(critique, criticised, service).data["items"]]
    assert changed
    assert changed != more


def test_two_hundred_titles_at_once(service: RecommendService) -> None:
    catalogue = service.shelves["film"].recommender.catalogue
    titles = "、".join(f"《{catalogue.at(code).title}》" for code in range(200))
    reply = say(f"我喜欢{titles}"[:2000], Memory(), service)
    assert "认出" in reply.text
    assert len(reply.data["items"]) == 5


def test_every_reason_is_computed_and_every_list_has_at_most_two_of_a_series(service: RecommendService) -> None:
    memory = Memory()
    reply = say("我喜欢《哈利·波特与密室》", memory, service)
    assert all(card.reason for card in reply.cards)
    assert sum("哈利" in card.title for card in reply.cards) <= 2
    assert say("为什么推荐第一部", memory, service).data["explanation"][0]["reason"] in reply.cards[0].reason


def test_three_questions_at_most(service: RecommendService) -> None:
    memory = Memory()
    bands = [say(text, memory, service).band for text in ("推荐电影", "都没看过，换几部", "都没看过", "都没看过")]
    assert bands == ["suggest", "suggest", "suggest", "answer"]


def test_contradictions_and_empty_results_are_said(service: RecommendService) -> None:
    assert say("恐怖片但不要恐怖", Memory(), service).band == "suggest"
    reply = say("1940年代的韩国动画片", Memory(), service)
    assert reply.band == "suggest"
    assert any("不限" in button.title for button in reply.buttons)


def test_buttons_can_be_sent_as_they_are(service: RecommendService) -> None:
    memory = Memory()
    card = say("推荐几部科幻片", memory, service).cards[0]
    seen, rejected, about = (button.payload for button in card.buttons)
    assert "剧情" in say(about, memory, service).text
    assert "看过" in say(seen, memory, service).text
    taste = memory.slots()["taste"]["film"]
    assert len(taste["seen"]) == 1
    say(rejected, memory, service)
    assert len(memory.slots()["taste"]["film"]["disliked"]) == 1


def test_the_taste_outlives_the_conversation(service: RecommendService) -> None:
    before = Memory()
    say("我喜欢《盗梦空间》", before, service)
    after = Memory({"taste": before.stored["taste"]})
    assert "盗梦空间" in say("我的口味是什么", after, service).text
    say("忘掉我说过的一切", after, service)
    assert after.slots()["taste"] is None


def test_other_domains_and_commercial_use_are_refused_politely(service: RecommendService) -> None:
    assert say("推荐几本书", Memory(), service).band == "refuse"
    closed = RecommendService.open(commercial_use=True, weights=DEFAULT_WEIGHTS)
    if closed.notice == NOT_COMMERCIAL:
        assert "非商业" in say("推荐几部电影", Memory(), closed).text
    assert say("推荐几部电影", Memory(), RecommendService({})).band == "refuse"
