"""Turns a reply into the messages of a platform: texts that are not too long, options, files.

What a platform cannot show becomes text: a card is a few lines, a button is a number that the person may answer.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from bot.gateway.media_files import find_file
from bot.gateway.platforms.adapter import CardPart, FilePart, Option, Outlook, TextPart

CHOOSE = "回复方括号里的数字就能选。"
GENERATED = "（以上内容由 AI 生成）"
NUMBER = re.compile(r"[\[(]?\s*(\d{1,2})\s*[\])]?\s*[.。、]?")
REFERENCE = re.compile(r"(r[0-9a-f]{32}):(\d{1,2})")
# Where a long text is cut, the best place first.
BREAKS = ("\n\n", "\n", "。", "！", "？", "；", "，", " ")
Entry = dict[str, Any]


def options_of(entry: Entry) -> list[Option]:
    """The choices of a stored reply, numbered from 1: those of its cards, then its buttons."""
    buttons = [button for card in entry["cards"] for button in card["buttons"]] + list(entry["buttons"])
    return [
        Option(number, button["title"], button["payload"], f"{entry['id']}:{number}")
        for number, button in enumerate(buttons, start=1)
    ]


def numbered(part: TextPart) -> str:
    """The part's text, its options as lines that say which number to answer."""
    lines = "\n".join(f"→ 回复 {option.number}：{option.title}" for option in part.options)
    return f"{part.text}\n\n{lines}" if lines else part.text


def reference(text: str) -> tuple[str, int] | None:
    """The reply and the number that an :class:`Option`'s reference names; None for anything else."""
    found = REFERENCE.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def chosen_number(text: str) -> int | None:
    """The number that ``text`` is: 2, ２, (2) or 2.; None for any other text."""
    found = NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return int(found[1]) if found else None


def split_text(text: str, outlook: Outlook) -> list[str]:
    """``text`` in pieces that the platform takes, cut at the end of a paragraph or sentence where there is one."""
    pieces = []
    while outlook.size(text) > outlook.max_text:
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if outlook.size(text[:middle]) <= outlook.max_text else (low, middle - 1)
        end = low
        for mark in BREAKS:
            place = text.rfind(mark, end // 2, end)
            if place > 0:
                end = place + len(mark)
                break
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [piece for piece in (*pieces, text) if piece]


def card_lines(card: CardPart) -> str:
    """A card as lines of text, its options as numbers in brackets."""
    lines = [f"◆ {card.title}" + (f"（{card.subtitle}）" if card.subtitle else "")]
    lines += [card.reason] if card.reason else []
    lines += ["".join(f"［{o.number} {o.title}］" for o in card.options)] if card.options else []
    return "\n".join(lines)


def _file(var_dir: Path, url: str) -> Path | None:
    return find_file(var_dir, url.removeprefix("/media/"))


def _cards(entry: Entry, options: list[Option], var_dir: Path) -> tuple[CardPart, ...]:
    cards = []
    start = 0
    for card in entry["cards"]:
        end = start + len(card["buttons"])
        image = _file(var_dir, card["image"]) if card["image"] else None
        cards.append(CardPart(card["title"], card["subtitle"], card["reason"], image, tuple(options[start:end])))
        start = end
    return tuple(cards)


def _text(entry: Entry, cards: tuple[CardPart, ...], links: list[str]) -> str:
    blocks = [entry["text"], *map(card_lines, cards)]
    if any(card.options for card in cards):
        blocks.append(CHOOSE)
    if links:
        blocks.append("\n".join(links))
    if entry["ai_generated"]:
        blocks.append(GENERATED)
    return "\n\n".join(blocks)


def parts_of(entry: Entry, outlook: Outlook, var_dir: Path, public_url: str) -> list[TextPart | FilePart]:
    """The messages that a stored reply becomes, in order; always the same for the same reply.

    Args:
        var_dir: where ``media/`` lies.
        public_url: where people reach the gateway, for files that the platform does not take; empty when nobody does.
    """
    files: list[FilePart] = []
    links: list[str] = []
    for number, media in enumerate(entry["media"], start=1):
        path = _file(var_dir, media["url"])
        label = media["label"] or media["kind"]
        if path is not None and media["mime"] in outlook.files:
            files.append(FilePart(media["kind"], path, media["mime"], label, f"{entry['id']}-f{number}"))
        elif public_url:
            links.append(f"{label}：{public_url}{media['url']}")
        else:
            links.append(f"{label}：这里不能显示，请在网页版查看。")
    options = options_of(entry)
    cards = _cards(entry, options, var_dir)
    shown = tuple(options[sum(len(card.options) for card in cards) :])
    texts = split_text(_text(entry, () if outlook.cards else cards, links), outlook)
    parts: list[TextPart | FilePart] = [
        TextPart(text, id=f"{entry['id']}-t{number}") for number, text in enumerate(texts[:-1], start=1)
    ]
    parts.append(TextPart(texts[-1], cards if outlook.cards else (), shown, f"{entry['id']}-t{len(texts)}"))
    return parts + files
