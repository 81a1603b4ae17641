"""Known words by kind: genres, moods, instruments and the like, from ``nlu_data/lookups``."""

import re
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

import yaml

MIN_LENGTH = 2
"""A listed word of one character, such as 鼓 or 书, stands inside too many others to mean anything by itself."""


class WordLists:
    """Finds listed words in a text.

    Args:
        lists: words by name of the list; case does not matter.

    Attributes:
        lists: the same, sorted.
        expressions: (name, regular expression that finds the longest word) for each list with a word to find.
    """

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self.lists: Dict[str, List[str]] = {name: sorted(set(lists[name])) for name in sorted(lists)}
        self.expressions: List[Tuple[str, "re.Pattern[str]"]] = []
        for name, words in self.lists.items():
            ranked = sorted((w for w in words if len(w) >= MIN_LENGTH), key=len, reverse=True)
            if ranked:
                self.expressions.append((name, re.compile("|".join(map(re.escape, ranked)), re.IGNORECASE)))
        together = "|".join(f"({expression.pattern})" for _, expression in self.expressions)
        self._any = re.compile(together or "(?!)", re.IGNORECASE)

    def generalised(self, text: str) -> List[str]:
        """The characters of a text, each listed word replaced by ``<name of its list>``."""
        units: List[str] = []
        at = 0
        for match in self._any.finditer(text):
            units += text[at : match.start()]
            units.append(f"<{self.expressions[(match.lastindex or 1) - 1][0]}>")
            at = match.end()
        return units + list(text[at:])


def read_lists(folder: Path) -> WordLists:
    """The lists of a folder of NLU data."""
    lists: Dict[str, List[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "lookup" in item:
                lines = (line.strip() for line in item["examples"].splitlines())
                lists.setdefault(item["lookup"], []).extend(line[2:].strip() for line in lines if line[:2] == "- ")
    return WordLists(lists)


def lists_of(lookup_tables: Sequence[Mapping[str, object]]) -> WordLists:
    """The lists of Rasa's training data."""
    lists: Dict[str, List[str]] = {}
    for table in lookup_tables:
        words = table["elements"]
        if isinstance(words, list):
            lists.setdefault(str(table["name"]), []).extend(map(str, words))
    return WordLists(lists)
