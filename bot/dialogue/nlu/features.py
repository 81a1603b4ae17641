"""Lexical features of a message: character, word and sound n-grams."""

import os
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Sequence

from bot.dialogue.nlu.lists import WordLists
from bot.dialogue.nlu.text import ELLIPSIS, normalise, request_part, tokens

START, END = "⊢", "⊣"


@lru_cache(maxsize=30_000)
def syllable(character: str) -> str:
    """Toneless pinyin of a character (its most frequent reading); other text as it is.

    Endings and beginnings that speech recognition and southern typists confuse become one: zh z, ch c, sh s, ng n.
    """
    # Characters are looked up one by one; the table of 47,000 phrases would only fill memory.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin

    if not "\u4e00" <= character <= "\u9fff":
        return character
    sound = lazy_pinyin(character)[0]
    for from_, to in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if sound.startswith(from_):
            sound = to + sound[2:]
    return sound[:-1] if sound.endswith("ng") else sound


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel("WARNING")
    jieba.initialize()
    return jieba


def is_listed(word: str) -> bool:
    """Whether jieba's dictionary has the word."""
    return bool(_jieba().dt.FREQ.get(word))


def words(text: str) -> List[str]:
    """jieba's words, without white space."""
    return [word for word in _jieba().cut(text) if not word.isspace()]


def _grams(items: Sequence[str], lengths: Sequence[int], joint: str = "") -> Iterator[str]:
    for n in lengths:
        for start in range(len(items) - n + 1):
            yield joint.join(items[start : start + n])


def _script(text: str) -> str:
    """What a text is written in: han, latin, digits or signs; the first of these that it contains."""
    if any("\u4e00" <= c <= "\u9fff" for c in text):
        return "han"
    return "latin" if any(c.isalpha() for c in text) else "digits" if any(c.isdigit() for c in text) else "signs"


def lexical_features(text: str, lists: WordLists) -> Dict[str, List[str]]:
    """Names of the features present in ``text``, by group.

    ``char`` and ``word`` n-grams, ``sound`` n-grams (homophones share them), ``kind`` n-grams (characters around a
    listed word, whichever word of the list it is), and the ``shape`` of the text.
    """
    whole = normalise(text)
    part = request_part(whole)
    units = [START, *(token for token, _ in tokens(part)), END]
    cut = [START, *words(part), END]
    sounds = [syllable(unit) for unit in units]
    general = [START, *lists.generalised(part), END]
    length = len(whole)
    return {
        "char": list(_grams(units, (1, 2, 3, 4))),
        "word": list(_grams(cut, (1, 2), " ")),
        "sound": list(_grams(sounds, (2, 3), " ")),
        "kind": [gram for gram in _grams(general, (1, 2, 3)) if "<" in gram],
        "shape": [
            f"length {min(8, length.bit_length())}",
            "cut" if ELLIPSIS in part else "whole",
            "title" if "《" in part else "no title",
            f"script {_script(part)}",
            "question" if part.endswith(("?", "吗", "呢", "么", "嘛")) else "no question",
        ],
    }
