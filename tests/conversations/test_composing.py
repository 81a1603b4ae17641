"""Whole conversations about music, through understanding, dialogue and the trained models."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.music.midi import write_midi
from models.music.model import MusicModel
from models.music.piece import Request
from tests.conversations.assistant import Assistant, Conversation

TURNS = (
    "写一段欢快的中国风旋律",
    "16小节，C大调，每分钟120拍，用笛子",
    "再快一点",
    "换成小调",
    "升高三度",
    "长一点",
    "第二句改一改",
    "加上伴奏",
    "换个乐器",
    "就这首，发我MIDI",
    "再来三个让我选",
    "选第2首",
)


@pytest.fixture(scope="module")
def assistant(trained: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """With time enough on a machine that runs other tests beside these."""
    patient = {"WENYU_SKILL_TIMEOUT_S": "20", "WENYU_ACTION_TIMEOUT_S": "21", "WENYU_TURN_DEADLINE_S": "22"}
    running = Assistant(tmp_path_factory.mktemp("composing"), **patient)
    try:
        running.start()
        deadline = time.monotonic() + 90
        while '"service": "composer", "event": "loaded"' not in running.log_of("actions"):
            assert time.monotonic() < deadline, running.log_of("actions")[-2000:]
            time.sleep(0.2)
        yield running
    finally:
        running.stop()


def test_from_the_first_wish_to_the_file(assistant: Assistant) -> None:
    visitor = Conversation(assistant)
    replies = [visitor.say(text) for text in TURNS]
    assert {text: r["capability"] for text, r in zip(TURNS, replies, strict=True)} == dict.fromkeys(TURNS, "compose")
    assert all(r["band"] == "answer" for r in replies)
    data = [r["data"] for r in replies]
    assert data[0]["style"] == "chinese"
    assert (data[1]["bars"], data[1]["tempo"], data[1]["key"]) == (16, 120, "C大调")
    assert data[2]["tempo"] > 120
    assert data[3]["mode"] == "minor"
    assert data[4]["tonic"] == "E"
    assert data[5]["bars"] == 24
    assert {d["seed"] for d in data[:10]} == {data[0]["seed"]}, "edits keep the piece"
    assert data[11]["seed"] == data[10]["choices"][1]
    for reply in replies[:10]:
        assert "midi" in {m["kind"] for m in reply["media"]}
        for media in reply["media"]:
            assert (assistant.var / "media" / Path(media["url"]).name).is_file()


def test_a_sad_piano_piece_and_one_to_fall_asleep(assistant: Assistant) -> None:
    visitor = Conversation(assistant)
    sad, asleep = visitor.say("来一首忧伤的钢琴曲"), visitor.say("适合睡前听的曲子来一首")
    assert (sad["capability"], asleep["capability"]) == ("compose", "compose")
    assert sad["data"]["mode"] == "minor"
    assert sad["data"]["instruments"][0] == "钢琴"
    assert asleep["data"]["tempo"] < 70


def test_a_tune_without_a_word_goes_on(assistant: Assistant, tmp_path: Path) -> None:
    file = tmp_path / "u.mid"
    own = MusicModel.load().compose(Request("fiddle", bars=4, pattern="none", seed=2))
    file.write_bytes(write_midi(own, "x"))
    attachment = {"id": "u1", "kind": "audio", "mime": "audio/midi", "path": str(file)}
    reply = Conversation(assistant).say("", attachments=[attachment])
    assert reply["capability"] == "compose"
    assert reply["data"]["bars"] == 12


def test_what_cannot_be_written_gets_a_sentence(assistant: Assistant) -> None:
    visitor = Conversation(assistant)
    for text in (
        "写一首0小节的曲子",
        "写一首10000小节的旋律",
        "写一段每分钟-5拍的旋律",
        "用锯琴演奏一段旋律",
        "模仿周杰伦写首歌",
    ):
        reply = visitor.say(text)
        assert (reply["capability"], reply["band"], reply["media"]) == ("compose", "suggest", []), text
