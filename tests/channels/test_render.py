"""What a reply becomes on a platform that shows less than it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actions.reply import Reply
from bot.gateway.channels.telegram import utf16_length
from bot.gateway.channels.wechat_envelope import utf8_length
from bot.gateway.platforms.adapter import FilePart, Outlook, TextPart
from bot.gateway.platforms.render import chosen, chosen_number, numbered, options_of, parts_of, reference, split_text

ID = "r" + "0" * 32


def entry(**fields: Any) -> dict[str, Any]:
    return {"id": ID, **Reply(**{"text": "给您。", "capability": "faq"} | fields).model_dump(mode="json")}


def button(title: str) -> dict[str, str]:
    return {"title": title, "payload": f"我要{title}"}


FILMS = entry(
    cards=[{"title": f"片{n}", "reason": "好看", "buttons": [button("看过了"), button("讲什么")]} for n in (1, 2)],
    buttons=[button("换一批")],
)


def test_cards_and_buttons_as_text(tmp_path: Path) -> None:
    (part,) = parts_of(FILMS, Outlook(1000), tmp_path, "")
    assert isinstance(part, TextPart)
    assert numbered(part) == (
        "给您。\n\n1. 片1\n好看\n\n2. 片2\n好看\n\n回复编号（如“1”）就是“讲什么”，也可以回复“1 看过了”。\n\n→ 回复 3：换一批"
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 4), ("２", 4), ("(1)", 2), ("1.", 2), ("1 看过了", 1), ("2看过了", 3), ("3", 5), ("3、换一批", 5)],
)
def test_what_a_number_chooses(text: str, number: int) -> None:
    option = chosen(options_of(FILMS), text)
    assert option is not None
    assert reference(option.reference) == (ID, number)


@pytest.mark.parametrize("text", ["4", "0", "1984", "2 部电影", "换一批", "两", "", "2001太空漫游", "1 看"])
def test_what_chooses_nothing(text: str) -> None:
    assert chosen(options_of(FILMS), text) is None


def test_a_title_that_is_a_number_is_itself() -> None:
    options = options_of(entry(buttons=[button("8"), button("1")]))
    assert chosen(options, "1") is None
    assert chosen_number("8小节") == (8, "小节")
    assert chosen(options, "8小节") is None


@pytest.mark.parametrize("size", [len, utf8_length, utf16_length])
@pytest.mark.parametrize("unit", ["这是一句话。", "没有标点的很长很长的字", "word ", "😀🎬", "段落\n\n"])
def test_a_long_text_is_cut_without_loss(size: Any, unit: str) -> None:
    text = (unit * 300).strip()
    pieces = split_text(text, Outlook(100, size))
    assert all(0 < size(piece) <= 100 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_is_cut_at_the_end_of_a_sentence() -> None:
    assert split_text("第一句话到此为止。第二句话也结束了。", Outlook(12)) == [
        "第一句话到此为止。",
        "第二句话也结束了。",
    ]


def test_files_that_a_platform_does_not_take_become_links(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for name in ("a.mp3", "b.svg"):
        (tmp_path / "media" / name).write_bytes(b"x")
    media = [
        {"kind": "audio", "url": "/media/a.mp3", "mime": "audio/mpeg", "label": "声音"},
        {"kind": "score", "url": "/media/b.svg", "mime": "image/svg+xml", "label": "乐谱"},
        {"kind": "image", "url": "/media/gone.png", "mime": "image/png", "label": "图"},
    ]
    outlook = Outlook(1000, files=frozenset({"audio/mpeg", "image/png"}))
    text, file = parts_of(entry(media=media, ai_generated=True), outlook, tmp_path, "https://x.example")
    assert isinstance(text, TextPart)
    assert "乐谱：https://x.example/media/b.svg" in text.text
    assert "图：https://x.example/media/gone.png" in text.text
    assert text.text.endswith("（以上内容由 AI 生成）")
    assert isinstance(file, FilePart)
    assert file.path.name == "a.mp3"
    (text, _) = parts_of(entry(media=media), outlook, tmp_path, "")
    assert isinstance(text, TextPart)
    assert "网页版" in text.text
