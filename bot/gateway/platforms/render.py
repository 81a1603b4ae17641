"""Turns a reply into the messages of a platform: texts that are not too long, options, files.

What a platform cannot show becomes text: a card is a few lines, a button is a number that the person may answer.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from pathlib import Path
from typing import Any

from bot.gateway.media_files import find_file
from bot.gateway.platforms.adapter import CardPart, FilePart, Option, Outlook, TextPart

GENERATED = "（以上内容由 AI 生成）"
NUMBER = re.compile(r"[\[(]?\s*(\d{1,2})\s*[\])]?\s*[.。、:,]?\s*(\D.*)?")
REFERENCE = re.compile(r"(r[0-9a-f]{32}):(\d{1,2})")
# Where a long text is cut, the best place first.
BREAKS = ("\n\n", "\n", "。", "！", "？", "；", "，", " ")
Entry = dict[str, Any]


def options_of(entry: Entry) -> list[Option]:
    """The choices of a stored reply in order: those of its cards, then its buttons. An option's ``item`` is the number
    that people see: of its card, or, behind the cards, its own."""
    items = [(item, button) for item, card in enumerate(entry["cards"], start=1) for button in card["buttons"]]
    items += list(enumerate(entry["buttons"], start=len(entry["cards"]) + 1))
    return [
        Option(item, button["title"], button["payload"], f"{entry['id']}:{number}")
        for number, (item, button) in enumerate(items, start=1)
    ]


def chosen(options: list[Option], text: str) -> Option | None:
    """The option that ``text`` names: ``2`` or ``2 讲什么``. A card's bare number is its last option.

    A text that is an option's own title is no number; a text that names none of them is just a text.
    """
    named = chosen_number(text)
    if named is None or any(option.title == text for option in options):
        return None
    item, title = named
    found = [option for option in options if option.item == item and title in ("", option.title)]
    return found[-1] if found else None


def numbered(part: TextPart) -> str:
    """The part's text, its options as lines that say which number to answer."""
    lines = "\n".join(f"→ 回复 {option.item}：{option.title}" for option in part.options)
    return f"{part.text}\n\n{lines}" if lines else part.text


def reference(text: str) -> tuple[str, int] | None:
    """The reply and the number that an :class:`Option`'s reference names; None for anything else."""
    found = REFERENCE.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def chosen_number(text: str) -> tuple[int, str] | None:
    """The number that ``text`` begins with and what follows it: 2, ２, (2), 2. or 2 讲什么; None without a number."""
    found = NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return (int(found[1]), (found[2] or "").strip()) if found else None


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


def card_lines(number: int, card: CardPart) -> str:
    """A card as lines of text, with its number."""
    return f"{number}. {card.text}"


def _how_to_choose(cards: tuple[CardPart, ...]) -> str:
    """A line that says what may be answered about the cards; empty when they have no options."""
    options = next((card.options for card in cards if card.options), ())
    if not options:
        return ""
    item, last = options[0].item, options[-1]
    others = "、".join(f"“{item} {option.title}”" for option in options[:-1])
    return f"回复编号（如“{item}”）就是“{last.title}”" + (f"，也可以回复{others}。" if others else "。")


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
    blocks = [entry["text"], *itertools.starmap(card_lines, enumerate(cards, start=1))]
    if how := _how_to_choose(cards):
        blocks.append(how)
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
