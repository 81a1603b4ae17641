"""English words and letters as Kokoro's phonemes, from the pronouncing dictionary that misaki carries (Apache-2.0)."""

from __future__ import annotations

import functools
import json
import re
from importlib.util import find_spec
from pathlib import Path

from models.speech.errors import SpeechError

WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
LETTERS_AT_MOST = 4
"""A word in capitals up to this long is spelt when the dictionary lacks it: VIP, PDF."""


@functools.lru_cache(maxsize=1)
def _dictionary() -> dict[str, str]:
    spec = find_spec("misaki")
    if spec is None or not spec.submodule_search_locations:
        raise SpeechError("语音合成没有安装好。", hint="运行 make setup")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    found: dict[str, str] = {}
    for name in ("us_silver.json", "us_gold.json"):
        for word, said in json.loads((folder / name).read_text(encoding="utf-8")).items():
            phonemes = said if isinstance(said, str) else said.get("DEFAULT")
            if phonemes:
                found[word] = phonemes
    return found


def _word(word: str) -> str:
    known = _dictionary()
    spelt = word.isupper() and len(word) <= LETTERS_AT_MOST
    for form in (word, word.lower(), word.capitalize()):
        if form in known and not (spelt and form != word):
            return known[form]
    if word.lower().endswith("s") and word.lower()[:-1] in known and not spelt:
        return known[word.lower()[:-1]] + "z"
    return "".join(known.get(letter.upper(), "") for letter in word)


def phonemes(text: str) -> str:
    """English text with every word replaced by its phonemes; a word that is not known is spelt."""
    return WORD.sub(lambda match: _word(match.group()), text)
