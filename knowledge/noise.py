"""Faults that users and speech recognisers make, for training and testing: homophones, dropped characters, script."""

from __future__ import annotations

import random
from functools import cache

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

from knowledge.static_vectors import dictionary_frequencies

COMMON_CHARACTERS = 3000


@cache
def _homophones() -> dict[str, list[str]]:
    """Common characters by their toneless reading."""
    frequencies = dictionary_frequencies()
    single = sorted(
        (w for w in frequencies if len(w) == 1 and "\u4e00" <= w <= "\u9fff"), key=lambda w: -frequencies[w]
    )
    table: dict[str, list[str]] = {}
    for character in single[:COMMON_CHARACTERS]:
        table.setdefault(lazy_pinyin(character, style=Style.NORMAL)[0], []).append(character)
    return table


def homophone(text: str, rng: random.Random, share: float = 0.15) -> str:
    """Replace about `share` of the Chinese characters, at least one, by others that sound the same but for the tone."""
    places = [i for i, c in enumerate(text) if "\u4e00" <= c <= "\u9fff"]
    rng.shuffle(places)
    characters = list(text)
    wanted = max(1, round(share * len(places)))
    for place in places:
        sound = lazy_pinyin(characters[place], style=Style.NORMAL)[0]
        others = [c for c in _homophones().get(sound, []) if c != characters[place]]
        if others and wanted:
            characters[place] = rng.choice(others)
            wanted -= 1
    return "".join(characters)


def dropped(text: str, rng: random.Random) -> str:
    """Leave one character out."""
    if len(text) < 4:
        return text
    place = rng.randrange(len(text))
    return text[:place] + text[place + 1 :]


@cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2t")


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return str(_to_traditional().convert(text))


def noisy(text: str, rng: random.Random) -> str:
    """One of the faults at random: half homophones, a quarter each of the others."""
    kind = rng.random()
    if kind < 0.5:
        return homophone(text, rng)
    return dropped(text, rng) if kind < 0.75 else traditional(text)
