"""A reply as it is read aloud: cards as an enumeration, buttons as what can be said, files as a mention."""

from __future__ import annotations

from typing import Any

KINDS = {"audio": "一段声音", "midi": "一个 MIDI 文件", "score": "一张乐谱", "image": "一张图片"}
MOST_CARDS, MOST_BUTTONS = 5, 4
ORDINALS = "一二三四五"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in "。！？!?…；" else text + "。"


def spoken_reply(entry: dict[str, Any]) -> str:
    """What is said of a stored reply; numbers and symbols are left to :func:`models.speech.spoken.spoken`."""
    parts = [_sentence(entry["text"])]
    cards = entry["cards"]
    for number, card in enumerate(cards[:MOST_CARDS]):
        facts = "，".join(part.strip(" 。") for part in (card["title"], card["subtitle"], card["reason"]) if part)
        parts.append(_sentence(f"第{ORDINALS[number]}，{facts}" if len(cards) > 1 else facts))
    if len(cards) > MOST_CARDS:
        parts.append("其余的请看屏幕。")
    media = list(dict.fromkeys(KINDS.get(item["kind"], "一个文件") for item in entry["media"]))
    if media:
        parts.append(f"屏幕上还有{'和'.join(media)}。")
    buttons = [button["title"] for button in entry["buttons"][:MOST_BUTTONS]]
    if buttons:
        parts.append(f"您可以说：{'，或者'.join(buttons)}。")
    return "\n".join(part for part in parts if part)
