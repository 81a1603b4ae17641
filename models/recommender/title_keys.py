"""The forms in which the name of a film and a mention of it are compared: characters, sounds, letters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from knowledge.normalise import normalise
from knowledge.pinyin import fuzzy

HAN = re.compile(r"[\u3400-\u9fff]")
_SPLIT = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")
_NOT_WORD = re.compile(r"[^\w]+|_")
_NUMBER = re.compile(r"[零一二两三四五六七八九十]+")
_PART = re.compile(r"第(\d{1,2})[部集季卷弹]|之(?=\d)")
_DIGITS = {character: digit for digit, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_READ = "零一二三四五六七八九"
_ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
}  # fmt: skip
_ROMAN_AFTER_HAN = re.compile(r"(?<=[\u3400-\u9fff]) ?(?:iii|ii|iv|viii|vii|vi|ix)(?![a-z])")
_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "dr": "doctor", "vs": "versus",
}  # fmt: skip
_ARTICLES = {"the", "a", "an", "le", "la", "les", "el", "il", "der", "die", "das"}
END_NUMBER = re.compile(r"(?<!\d)(\d{1,4})$")
"""The number of a part at the end of a key."""
_FIRST_PRIVATE = 0xE000


def number(text: str) -> int:
    """A Chinese number below 100, or digits spelt one by one: 十二 → 12, 一九八四 → 1984."""
    if "十" not in text:
        return int("".join(str(_DIGITS[c]) for c in text))
    tens, _, ones = text.partition("十")
    ones = ones.partition("十")[0]
    return (number(tens) if tens else 1) * 10 + (number(ones) if ones else 0)


def han_key(text: str) -> str:
    """Simplified, lower case, numbers as digits, 第2部 as 2, no punctuation or spaces."""
    return normalised_key(normalise(text))


def normalised_key(text: str) -> str:
    """The same of a text that is normalised already, which saves most of the time."""
    plain = _NUMBER.sub(lambda match: str(number(match[0])), text.replace("著", "着"))
    plain = _ROMAN_AFTER_HAN.sub(lambda match: _ROMAN[match[0].strip()], plain)
    return _PART.sub(lambda match: match[1] or "", _NOT_WORD.sub("", plain))


def latin_key(text: str) -> str:
    """Without accents, articles at the front and punctuation; Roman numbers and number words as digits."""
    decomposed = unicodedata.normalize("NFKD", text.replace("&", " and ")).lower()
    words = re.findall(r"[a-z0-9]+", "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'’"))
    while len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    words = [_WORDS.get(word, word) for word in words]
    if len(words) > 1:
        words = [words[0], *(_ROMAN.get(word, word) for word in words[1:])]
        words = [word for n, word in enumerate(words) if word not in {"part", "episode"} or not n]
    return " ".join(words)


def spoken(text: str) -> list[str]:
    """Toneless syllables as typed, digits read aloud: 侏罗纪2 → zhu luo ji er. Letters stay as they are."""
    read = "".join(_READ[int(c)] if c.isdecimal() and c.isascii() else c for c in normalise(text))
    syllables: list[str] = []
    for run in _SPLIT.findall(read):
        syllables += [run] if run[0].isascii() else lazy_pinyin(run, style=Style.NORMAL, v_to_u=False)
    return syllables


@lru_cache(maxsize=4096)
def _folded(syllable: str) -> str:
    return fuzzy(syllable)


class Sounds:
    """Writes syllables as one character each, so that string distances count syllables."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}

    def learn(self, syllables: list[str]) -> str:
        """Encode, giving a code to what is new."""
        for syllable in syllables:
            self._codes.setdefault(_folded(syllable), chr(_FIRST_PRIVATE + len(self._codes) % 6000))
        return self.encode(syllables)

    def encode(self, syllables: list[str]) -> str:
        """Encode; what is new gets one common code that matches nothing."""
        return "".join(self._codes.get(_folded(syllable), "\uffff") for syllable in syllables)
