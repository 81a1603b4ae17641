"""A whole conversation about pictures, through understanding, dialogue and the trained models."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.conversations.assistant import Assistant, Conversation

QUESTIONS = (
    "构图怎么样",
    "颜色呢",
    "为什么扣分",
    "怎么改进",
    "像谁的风格",
    "换专业一点的说法",
    "说简单点，给孩子听",
    "这幅画传达什么意境",
    "打标签",
    "识别类型",
    "像这幅的再来几幅",
    "推荐几幅好画",
)
PATIENT = {"WENYU_SKILL_TIMEOUT_S": "20", "WENYU_ACTION_TIMEOUT_S": "21", "WENYU_TURN_DEADLINE_S": "22"}


@pytest.fixture(scope="module")
def assistant(trained: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """With time enough on a machine that runs other tests beside these."""
    running = Assistant(tmp_path_factory.mktemp("appraising"), **PATIENT)
    try:
        running.start()
        deadline = time.monotonic() + 90
        while '"service": "appraiser", "event": "loaded"' not in running.log_of("actions"):
            assert time.monotonic() < deadline, running.log_of("actions")[-2000:]
            time.sleep(0.2)
        yield running
    finally:
        running.stop()


def attachment(folder: Path, seed: int) -> list[dict[str, str]]:
    """Hills under a pale sky, as an uploaded file."""
    image = Image.new("RGB", (420, 300), (236, 230, 214))
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(seed)
    for depth, shade in enumerate((190, 140, 80)):
        ridge = 90 + depth * 60 + np.cumsum(rng.normal(0, 3, 420))
        for x in range(420):
            draw.line((x, float(ridge[x]), x, 300), fill=(shade, shade + 4, shade - 6))
    path = folder / f"{seed}.jpg"
    image.save(path)
    return [{"id": f"p{seed}", "kind": "image", "mime": "image/jpeg", "path": str(path)}]


def test_from_the_picture_to_the_comparison(assistant: Assistant, tmp_path: Path) -> None:
    visitor = Conversation(assistant)
    asked = visitor.say("", attachments=attachment(tmp_path, 3))
    assert [b["title"] for b in asked["buttons"]] == ["鉴赏", "识别类型", "打标签"]
    visitor.say("这是画")
    card = visitor.say("鉴赏")
    assert card["data"]["score"] is not None
    assert card["data"]["spread"] >= 1
    said = "\n".join([card["text"], *(f"{c['title']}{c['reason']}" for c in card["cards"])])
    assert said.count("笔触质感 ") == 1, "the attributes' values are said once"
    assert {m["kind"] for m in card["media"]} == {"image"}
    for question in QUESTIONS:
        reply = visitor.say(question)
        assert reply["capability"] == "appraise", question
        assert len(reply["text"]) > 10, question
    visitor.say("和上一张比哪张好", attachments=attachment(tmp_path, 4))
    visitor.say("这是画")
    compared = visitor.say("和上一张比哪张好")
    assert "上一张" in compared["text"]


def test_a_picture_that_is_gone_is_said_so(assistant: Assistant, tmp_path: Path) -> None:
    visitor = Conversation(assistant)
    (picture,) = attachment(tmp_path, 5)
    Path(picture["path"]).unlink()
    reply = visitor.say("帮我看看这幅画", attachments=[picture])
    assert (reply["capability"], reply["band"]) == ("appraise", "refuse")
    assert "重新发" in reply["text"]


def test_without_a_picture_nothing_is_made_up(assistant: Assistant) -> None:
    reply = Conversation(assistant).say("帮我看看这幅画")
    assert reply["capability"] == "appraise"
    assert "图片" in reply["text"]
    assert reply["data"] == {}
