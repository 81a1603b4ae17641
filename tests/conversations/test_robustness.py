"""What can go wrong between the gateway, the dialogue process and the action server."""

from __future__ import annotations

import json
import signal
import sqlite3
import statistics
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from benchmarks.stack import ROOT
from tests.conversations.assistant import DIALOGUE_PYTHON, Assistant, Conversation

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def own(trained: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant whose action server may be killed."""
    running = Assistant(tmp_path_factory.mktemp("own"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_a_repeated_message_is_not_run_again(assistant: Assistant) -> None:
    conversation = Conversation(assistant)
    first_id = uuid.uuid4().hex
    _, first = conversation.send("转人工", first_id)
    assert first["replayed"] is False
    _, again = conversation.send("转人工", first_id)
    assert again == {**first, "replayed": True}
    conversation.say("跳过")
    _, late = conversation.send("转人工", first_id)
    assert late == {**first, "replayed": True}
    assert conversation.say("你好")["capability"] == "chitchat"


def test_two_messages_at_once_are_answered_one_after_the_other(assistant: Assistant) -> None:
    conversation = Conversation(assistant)
    repeated = uuid.uuid4().hex
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(conversation.send("转人工", repeated)[1])) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a["replayed"] for a in answers) == [False] + [True] * 5  # type: ignore[index]
    assert len({json.dumps(a["messages"]) for a in answers}) == 1  # type: ignore[index]


@pytest.mark.parametrize("token", ["", "wrong", "口令"])
def test_a_wrong_token_is_refused(assistant: Assistant, token: str) -> None:
    body = {"conversation": "x", "message_id": "y", "text": "你好"}
    status, answer = assistant.turn(body, token=token.encode().decode("latin-1"))
    assert (status, answer) == (401, {"error": "wrong_token"})


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[]", 400, "invalid_message"),
        ({"conversation": "x", "message_id": "", "text": "a"}, 400, "invalid_message"),
        ({"conversation": 1, "message_id": "y", "text": "a"}, 400, "invalid_message"),
        ({"conversation": "x", "message_id": "y", "text": 1}, 400, "invalid_message"),
        ({"conversation": "x", "message_id": "y", "text": "a", "attachments": [1]}, 400, "invalid_message"),
        ({"conversation": "x", "message_id": "y", "text": "  \x00"}, 400, "empty_message"),
        ({"conversation": "x", "message_id": "y", "text": "长" * 4001}, 400, "text_too_long"),
    ],
)
def test_a_request_that_breaks_the_contract_says_why(
    assistant: Assistant, body: object, status: int, error: str
) -> None:
    assert assistant.turn(body) == (status, {"error": error})


def test_strange_text_is_answered(assistant: Assistant) -> None:
    for text in ("\ud800", "a\x00b", "\u202e反", "👍🏽", "长" * 4000, "\n\n\t", "[电影](domain){}"):
        status, body = Conversation(assistant).send(text)
        assert status == 200 or body["error"] == "empty_message", text


@pytest.mark.parametrize("path", ["/webhooks/rest/webhook", "/model/parse", "/conversations/x/tracker/events", "/"])
def test_no_other_route_of_rasa_is_there(assistant: Assistant, path: str) -> None:
    body = {"conversation": "x", "message_id": "y", "text": "a", "sender": "x", "message": "a"}
    status, _ = assistant.turn(body, path=path)
    assert status == 404


def test_a_killed_action_server_in_the_middle_of_a_form(own: Assistant) -> None:
    conversation = Conversation(own)
    ticket = conversation.say("转人工")["data"]["ticket_id"]
    own.kill_actions()
    began = time.monotonic()
    reply = conversation.say("13812345678")
    assert time.monotonic() - began < 5
    assert reply["capability"] == "fallback"
    assert reply["data"]["reference"] in reply["text"]
    own.start_actions()
    assert conversation.say("13812345678")["data"] == {"ticket_id": ticket, "contact": "13812345678"}
    assert conversation.say("你好")["capability"] == "chitchat"


def test_a_killed_action_server_when_the_form_starts(own: Assistant) -> None:
    conversation = Conversation(own)
    own.kill_actions()
    assert conversation.say("转人工")["capability"] == "fallback"
    own.start_actions()
    assert conversation.say("电影票可以退吗")["capability"] == "faq"
    assert "ticket_id" in conversation.say("转人工")["data"]
    assert conversation.say("13812345678")["data"]["contact"] == "13812345678"


def test_a_hanging_action_server_does_not_hold_up_the_turn(own: Assistant) -> None:
    assert own.actions
    conversation = Conversation(own)
    conversation.say("转人工")
    own.actions.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        other = Conversation(own)
        assert conversation.say("13812345678")["capability"] == "fallback"
        assert other.say("怎么取消自动续费")["capability"] == "fallback"
        assert time.monotonic() - began < 8
    finally:
        own.actions.send_signal(signal.SIGCONT)
    assert conversation.say("13812345678")["data"]["contact"] == "13812345678"


def test_memory_survives_a_restart_of_the_dialogue_process(own: Assistant) -> None:
    assert own.dialogue
    conversation = Conversation(own)
    ticket = conversation.say("转人工")["data"]["ticket_id"]
    own.dialogue.kill()
    own.dialogue.wait(10)
    own.start_dialogue()
    assert conversation.say("13812345678")["data"]["ticket_id"] == ticket


def test_sigterm_lets_the_turn_in_progress_finish(own: Assistant) -> None:
    assert own.dialogue
    assert own.actions
    conversation = Conversation(own)
    answers: list[tuple[int, object]] = []
    own.actions.send_signal(signal.SIGSTOP)
    thread = threading.Thread(target=lambda: answers.append(conversation.send("怎么取消自动续费")))
    try:
        thread.start()
        time.sleep(0.5)
        own.dialogue.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    finally:
        own.actions.send_signal(signal.SIGCONT)
    thread.join(10)
    assert own.dialogue.wait(10) == 0
    assert answers[0][0] == 200
    own.start_dialogue()


def test_500_messages_in_one_conversation_stay_fast(assistant: Assistant) -> None:
    conversation = Conversation(assistant)
    texts = ("怎么取消自动续费", "你好", "红烧肉怎么做", "谢谢", "推荐一部科幻电影")
    times: list[float] = []
    for n in range(500):
        began = time.perf_counter()
        conversation.say(texts[n % len(texts)])
        times.append(time.perf_counter() - began)
    early, late = statistics.median(times[60:160]), statistics.median(times[400:])
    assert late < 1.5 * early, (early, late)
    with sqlite3.connect(assistant.var / "wenyu.db") as database:
        (size,) = database.execute(
            "SELECT length(events) FROM tracker WHERE conversation = ?", (conversation.id,)
        ).fetchone()
    assert size < 200_000


def test_the_log_holds_no_user_text(assistant: Assistant) -> None:
    secret = "独一无二的句子" + uuid.uuid4().hex
    Conversation(assistant).say(secret)
    log = assistant.log_of("dialogue")
    assert secret not in log
    assert secret[7:] not in log
    for line in log.splitlines():
        assert json.loads(line)["process"] == "dialogue"


def test_without_a_token_the_process_refuses_to_start(assistant: Assistant) -> None:
    environment = {**assistant.environment, "WENYU_INTERNAL_TOKEN": ""}
    done = subprocess.run(
        [DIALOGUE_PYTHON, "-m", "bot.dialogue.server"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "WENYU_INTERNAL_TOKEN" in json.loads(done.stdout)["hint"]
