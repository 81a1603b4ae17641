"""Bring a question to one form before it is compared: width, script, case, spacing, synonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from opencc import OpenCC

from knowledge.errors import FaqError

SYNONYMS = Path(__file__).resolve().parent / "synonyms.yml"
_SPACES = re.compile(r"\s+")
_HAN_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_NOT_WORD = re.compile(r"[^\w]+|_")


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """NFKC, simplified characters, lower case, control characters and surplus spaces gone.

    Full-width letters become ordinary ones, and spaces between Chinese characters (speech recognition puts some) vanish.
    """
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in folded)
    simplified = str(_to_simplified().convert(visible)).lower()
    return _HAN_SPACES.sub("", _SPACES.sub(" ", simplified)).strip()


def match_key(text: str) -> str:
    """The form in which two questions count as the same: normalised, without punctuation and spaces."""
    return _NOT_WORD.sub("", normalise(text))


class Synonyms:
    """Replaces every variant by its group's first word, the longest variant first."""

    def __init__(self, groups: Mapping[str, list[str]]) -> None:
        """groups: the word that stays, and the words that are replaced by it."""
        self._canonical = {normalise(v): normalise(word) for word, variants in groups.items() for v in variants}
        longest_first = sorted(self._canonical, key=lambda variant: -len(variant))
        # Latin variants match whole words only: "app" must not be found inside "apple".
        parts = [rf"(?<![a-z0-9]){re.escape(v)}(?![a-z0-9])" if v.isascii() else re.escape(v) for v in longest_first]
        self._pattern = re.compile("|".join(parts)) if parts else None

    @property
    def content(self) -> str:
        """All replacements as one text, for fingerprints."""
        return repr(sorted(self._canonical.items()))

    def apply(self, text: str) -> str:
        """`text` (normalised) with every variant replaced."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._canonical[match[0]], text)


def load_synonyms(path: Path = SYNONYMS) -> Synonyms:
    """Read an editable file of `word: [variants]`; raises FaqError when it has another form."""
    try:
        groups = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise FaqError(f"同义词文件 {path.name} 的 YAML 格式有误。", hint="每行写成“退款: [退钱, 退费]”。") from error
    if not isinstance(groups, dict) or not all(
        isinstance(word, str) and isinstance(variants, list) and all(isinstance(v, str) for v in variants)
        for word, variants in groups.items()
    ):
        raise FaqError(f"同义词文件 {path.name} 的格式有误。", hint="每行写成“退款: [退钱, 退费]”，每一项都是文字。")
    return Synonyms(groups)
