"""Whole conversations, written as data, against running processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.reply import Reply
from tests.conversations.assistant import Assistant, Conversation

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
DATA = Path(__file__).parent / "data"
CONVERSATIONS = [
    pytest.param(conversation, id=f"{path.stem}: {conversation['name']}")
    for path in sorted(DATA.glob("*.yml"))
    for conversation in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("script", CONVERSATIONS)
def test_conversation(assistant: Assistant, script: dict[str, Any]) -> None:
    conversation = Conversation(assistant)
    for turn in script["turns"]:
        reply = conversation.say(turn["say"])
        Reply.model_validate(reply)
        said = f"{turn['say']!r} was answered {reply}"
        if "capability" in turn:
            assert reply["capability"] == turn["capability"], said
        if "not_capability" in turn:
            assert reply["capability"] != turn["not_capability"], said
        if "band" in turn:
            assert reply["band"] == turn["band"], said
        assert turn.get("text", "") in reply["text"], said
        for key, value in turn.get("data", {}).items():
            assert reply["data"][key] == value, said


def test_one_ticket_from_the_question_to_the_contact(assistant: Assistant) -> None:
    conversation = Conversation(assistant)
    ticket = conversation.say("转人工")["data"]["ticket_id"]
    assert conversation.say("13812345678")["data"] == {"ticket_id": ticket, "contact": "13812345678"}
    assert conversation.say("转人工")["data"]["ticket_id"] != ticket


def test_a_picture_without_words_is_for_appraisal(assistant: Assistant) -> None:
    picture = [{"id": "a", "kind": "image", "mime": "image/jpeg", "path": "a.jpg"}]
    assert Conversation(assistant).say("", attachments=picture)["capability"] == "appraise"


def test_a_picture_does_not_turn_a_question_into_appraisal(assistant: Assistant) -> None:
    picture = [{"id": "a", "kind": "image", "mime": "image/jpeg", "path": "a.jpg"}]
    assert Conversation(assistant).say("怎么取消自动续费", attachments=picture)["capability"] == "faq"
