"""Conversations about texts, against running processes and the shipped weights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversations.assistant import Assistant, Conversation

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
MATCH = "国足客场逼平对手，出线悬念留到末轮，主教练赛后称赞守门员"


@pytest.fixture
def talk(assistant: Assistant) -> Conversation:
    return Conversation(assistant)


def best(reply: dict[str, Any]) -> str:
    label: str = reply["data"]["labels"][0]["label"]
    return label


def test_a_text_its_evidence_its_alternatives_and_english(talk: Conversation) -> None:
    reply = talk.say(f"这段话属于什么类型：{MATCH}")
    assert reply["capability"] == "classify"
    assert best(reply) == "体育"
    assert reply["data"]["evidence"]
    assert all(MATCH[e["start"] : e["end"]] == e["text"] for e in reply["data"]["evidence"])
    why = talk.say("为什么")
    assert why["capability"] == "classify"
    assert reply["data"]["evidence"][0]["text"] in why["text"]
    assert "从大到小" in talk.say("还有别的可能吗")["text"]
    assert best(talk.say("换成英文标签")) == "Sports"


def test_the_text_comes_in_the_next_message(talk: Conversation) -> None:
    asked = talk.say("帮我给一段文字打标签")
    assert (asked["capability"], asked["band"]) == ("classify", "suggest")
    reply = talk.say("刘德华在上海开演唱会，唱了《忘情水》，歌迷从杭州赶来")
    assert reply["capability"] == "classify"
    assert {"《忘情水》", "刘德华", "上海"} <= set(reply["data"]["tags"])


def test_a_review(talk: Conversation) -> None:
    reply = talk.say("这条影评是好评还是差评：画面粗糙，剧情拖沓，看得我昏昏欲睡，差评")
    assert reply["data"]["polarity"]["label"] == "负面"


def test_several_texts_one_a_line(talk: Conversation) -> None:
    reply = talk.say(f"给下面的标题分类：\n{MATCH}\n央行下调存款准备金率，释放长期资金")
    assert [item["labels"][0]["label"] for item in reply["data"]["items"]] == ["体育", "财经"]


def test_another_question_in_between_goes_to_the_faq(talk: Conversation) -> None:
    talk.say(f"这段话属于什么类型：{MATCH}")
    assert talk.say("怎么取消自动续费")["capability"] == "faq"


def test_only_punctuation_is_said_to_be_nothing(talk: Conversation) -> None:
    talk.say("打标签")
    reply = talk.say("？？？！！")
    assert reply["capability"] == "classify"
    assert "没有读到可以分类的内容" in reply["text"]
