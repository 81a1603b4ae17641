"""The skill turn by turn, with a toy classifier."""

from __future__ import annotations

import pytest

from actions.classify_conversation import claims, converse
from actions.classify_replies import sensible
from actions.classify_service import NOT_COMMERCIAL, ClassifyService
from actions.classify_state import SLOT
from actions.skill import Outcome, Turn
from models.classifier.model import Classification, LabelScore, TextClassifier


class Talk:
    """A conversation that carries its slots along."""

    def __init__(self, service: ClassifyService) -> None:
        self.service, self.slots = service, {}  # type: tuple[ClassifyService, dict[str, Any]]

    def turn(self, text: str, intent: str = "classify", confidence: float = 0.9) -> Turn:
        return Turn(text, "c", "m", intent, confidence, slots=self.slots)

    def say(self, text: str) -> Outcome:
        outcome = converse(self.turn(text), self.service)
        self.slots = {**self.slots, **outcome.slots}
        return outcome


@pytest.fixture
def talk(toy: TextClassifier) -> Talk:
    return Talk(ClassifyService({"channel": toy}))


def test_labels_evidence_and_buttons(talk: Talk) -> None:
    reply = talk.say("这段话属于什么类型：大家听说导演昨天来了").reply
    assert (reply.capability, reply.band) == ("classify", "answer")
    assert "「影视」" in reply.text
    assert reply.data["labels"][0]["label"] == "影视"
    assert reply.data["evidence"][0]["text"] == "导演"
    assert [b.payload for b in reply.buttons] == ["为什么", "还有别的可能吗", "换成英文标签"]


def test_why_then_others_then_english(talk: Talk) -> None:
    talk.say("这段话属于什么类型：大家听说导演昨天来了")
    assert "“导演”" in talk.say("为什么").reply.text
    others = talk.say("还有别的可能吗").reply
    assert all(f"「{label}」" in others.text for label in ("影视", "体育", "音乐"))
    english = talk.say("换成英文标签").reply
    assert "「Film」" in english.text
    assert english.data["labels"][0]["label"] == "Film"
    assert "「影视」" in talk.say("换成中文标签").reply.text


def test_a_text_in_the_next_message(talk: Talk) -> None:
    asked = talk.say("帮我分类一下这段文字")
    assert asked.reply.band == "suggest"
    assert asked.slots[SLOT]["waiting"]
    assert "「体育」" in talk.say("我们的球队今天").reply.text
    assert not talk.slots[SLOT]["waiting"]


def test_several_texts_one_a_line(talk: Talk) -> None:
    reply = talk.say("分类：\n大家听说导演\n今天球队昨天\n？？").reply
    assert "一共 3 段" in reply.text
    assert [item["labels"][0]["label"] for item in reply.data["items"][:2]] == ["影视", "体育"]
    assert "没有可以分类的内容" in reply.text
    assert "大家听说导演" in talk.say("为什么").reply.text


@pytest.mark.parametrize("text", ["分类：？？！", "分类：1", "打标签：😀😀😀"])
def test_nothing_to_classify_is_said(talk: Talk, text: str) -> None:
    reply = talk.say(text).reply
    assert reply.band in ("refuse", "suggest")
    assert reply.data["labels"] == []


def test_unsure_is_said_and_not_claimed(toy: TextClassifier) -> None:
    from dataclasses import replace

    unsure = replace(toy, calibration=replace(toy.calibration, threshold=1.1))
    reply = Talk(ClassifyService({"channel": unsure})).say("分类：大家听说导演昨天").reply
    assert "看不准" in reply.text
    assert reply.band == "suggest"
    assert reply.data["sure"] is False


def test_a_question_before_anything_was_classified(talk: Talk) -> None:
    assert "还没有给什么分过类" in talk.say("为什么").reply.text


def test_calling_it_off(talk: Talk) -> None:
    talk.say("分个类")
    assert "不分了" in talk.say("算了").reply.text
    assert not talk.slots[SLOT]["waiting"]


def test_a_very_long_text_is_answered_within_the_contract(talk: Talk) -> None:
    assert len(talk.say("分类：" + "今天导演来了，" * 20_000).reply.text) <= 4000


def test_without_models_it_says_why() -> None:
    assert Talk(ClassifyService(notice=NOT_COMMERCIAL)).say("分类：电影").reply.text == NOT_COMMERCIAL


def test_which_messages_it_claims(talk: Talk) -> None:
    assert not claims(talk.turn("为什么", "faq"))
    talk.say("分类：大家听说导演昨天")
    assert claims(talk.turn("为什么", "recommend"))
    assert claims(talk.turn("换成英文标签", "out_of_scope"))
    assert not claims(talk.turn("会员怎么退", "faq"))
    talk.say("打标签")
    assert claims(talk.turn("红烧肉怎么做才好吃", "out_of_scope", 0.4))
    assert claims(talk.turn("一只想当警察的兔子来到大城市，和狐狸搭档破案，最后成了英雄的故事", "recommend", 0.95))
    assert not claims(talk.turn("推荐一部电影", "recommend", 0.95))
    assert not claims(talk.turn("转人工", "handoff", 0.5))


def result(label: str, probability: float, sure: bool) -> Classification:
    return Classification((LabelScore(label, probability),), sure, 9)


@pytest.mark.parametrize(
    ("channel", "genre", "kept"),
    [
        (result("体育", 0.9, True), result("剧情", 0.5, True), ["channel"]),
        (result("影视", 0.9, True), result("科幻", 0.5, True), ["channel", "genre"]),
        (result("时政", 0.3, False), result("科幻", 0.5, True), ["genre"]),
        (result("时政", 0.3, False), result("科幻", 0.1, False), ["channel", "genre"]),
    ],
)
def test_a_genre_is_named_where_there_is_a_story(
    channel: Classification, genre: Classification, kept: list[str]
) -> None:
    assert list(sensible({"channel": channel, "genre": genre})) == kept
    assert list(sensible({"genre": genre})) == ["genre"]
