"""A conditional random field over characters, with lists and patterns as features."""

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pycrfsuite

from bot.dialogue.nlu.features import words
from bot.dialogue.nlu.lists import WordLists
from bot.dialogue.nlu.names import may_be_name
from bot.dialogue.nlu.text import simplify, tokens

Span = Tuple[int, int, str]
"""Start and end in the text (the end is exclusive), and the name of the entity."""
OUTSIDE = "O"
MAX_CHARS = 200
"""A longer text is pasted content: entities are looked for in its beginning only."""


class EntityModel:
    """Text and intent → entities.

    Args:
        lists: known values. Finding one is a feature, not a decision: 京剧 is a genre when a film is wanted and a
            style when a tune is.
        patterns: regular expressions by name, used in the same way.
    """

    def __init__(self, lists: WordLists, patterns: Sequence[Tuple[str, str]]) -> None:
        self._lists, self._patterns = lists, list(patterns)
        self._tagger: Optional[pycrfsuite.Tagger] = None
        self._found = [(f"list={name}", expression) for name, expression in lists.expressions]
        self._found += [(f"pattern={name}", re.compile(pattern)) for name, pattern in self._patterns]

    def fit(self, texts: Sequence[str], intents: Sequence[str], spans: Sequence[Sequence[Span]], path: Path) -> None:
        """Learn from annotated texts and write the field to ``path``."""
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": 0.1, "c2": 0.01, "max_iterations": 120, "feature.possible_transitions": True})
        for text, intent, marked in zip(texts, intents, spans, strict=True):
            items = tokens(text)
            trainer.append(self.features(text, intent), _tags(items, marked))
        trainer.train(str(path))
        self.open(path.read_bytes())

    def open(self, field: bytes) -> None:
        """Use a trained field."""
        # The tagger reads these bytes as long as it lives and does not own them.
        self._field = field
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(field)

    def entities(self, text: str, intent: str) -> List[Tuple[int, int, str, float]]:
        """(start, end, name, probability) in order of appearance."""
        if self._tagger is None:
            raise RuntimeError("the field is not trained")
        text = text[:MAX_CHARS]
        items = tokens(text)
        if not items:
            return []
        self._tagger.set(self.features(text, intent))
        tags = self._tagger.tag()
        found: List[Tuple[int, int, str, float]] = []
        for n, tag in enumerate(tags):
            if tag == OUTSIDE:
                continue
            start, end = items[n][1], items[n][1] + len(items[n][0])
            sure = self._tagger.marginal(tag, n)
            if tag[0] == "I" and found and found[-1][2] == tag[2:] and tags[n - 1] != OUTSIDE:
                last = found[-1]
                found[-1] = (last[0], end, last[2], min(last[3], sure))
            else:
                found.append((start, end, tag[2:], sure))
        return found

    def features(self, text: str, intent: str) -> List[List[str]]:
        """Names of the features of each token."""
        items = tokens(text)
        plain = [simplify(token.lower()) for token, _ in items]
        kinds = ["0" if t[0].isdigit() else "a" if t[0].isascii() and t[0].isalpha() else "" for t in plain]
        marks = self._marks(text, items)
        cut = _word_places(text, items)
        rows: List[List[str]] = []
        for n in range(len(items)):
            row = ["bias", f"intent={intent}"]
            for shift in (-2, -1, 0, 1, 2):
                at = n + shift
                if not 0 <= at < len(items):
                    row.append(f"{shift}:edge")
                    continue
                row.append(f"{shift}:char={kinds[at] or plain[at]}")
                row += [f"{shift}:{mark}" for mark in marks[at]]
                if abs(shift) <= 1:
                    word, place, is_name = cut[at]
                    row.append(f"{shift}:word={word}")
                    if is_name:
                        row.append(f"{shift}:name {place}")
            row.append(f"char={plain[n]}")
            row.append(f"place={cut[n][1]}")
            row += [f"{mark} {intent}" for mark in marks[n]]
            for shift in (-1, 0):
                pair = plain[max(0, n + shift) : n + shift + 2]
                row.append(f"{shift}:pair={''.join(pair)}")
            rows.append(row)
        return rows

    def description(self) -> str:
        """Lists and patterns as JSON, for :meth:`described`."""
        return json.dumps({"lists": self._lists.lists, "patterns": self._patterns}, ensure_ascii=False)

    @classmethod
    def described(cls, description: str) -> "EntityModel":
        """The model without its field, from :meth:`description`."""
        parts: Dict[str, Any] = json.loads(description)
        return cls(WordLists(parts["lists"]), [(name, pattern) for name, pattern in parts["patterns"]])

    def _marks(self, text: str, items: Sequence[Tuple[str, int]]) -> List[List[str]]:
        """For each token the lists and patterns it is part of, with B for the first token of a match."""
        at = {start: n for n, (_, start) in enumerate(items)}
        marks: List[List[str]] = [[] for _ in items]
        plain = simplify(text)
        for name, expression in self._found:
            for match in expression.finditer(plain):
                inside = [at[p] for p in range(match.start(), match.end()) if p in at]
                for n in inside:
                    marks[n].append(f"{name} {'B' if n == inside[0] else 'I'}")
        return marks


def _tags(items: Sequence[Tuple[str, int]], spans: Sequence[Span]) -> List[str]:
    """B-name for the first token of an entity, I-name for the others."""
    tags = [OUTSIDE] * len(items)
    for start, end, name in spans:
        inside = [n for n, (_, at) in enumerate(items) if start <= at < end]
        for n in inside:
            tags[n] = ("B-" if n == inside[0] else "I-") + name
    return tags


def _word_places(text: str, items: Sequence[Tuple[str, int]]) -> List[Tuple[str, str, bool]]:
    """For each token jieba's word around it, its place there, and whether the word may be a person's name.

    Places: S alone, B first, M inside, E last.
    """
    places: Dict[int, Tuple[str, str, bool]] = {}
    at = 0
    for word in words(text):
        start = text.find(word, at)
        at = start + len(word)
        is_name = may_be_name(word)
        for p in range(start, at):
            place = "S" if len(word) == 1 else "B" if p == start else "E" if p == at - 1 else "M"
            places[p] = (word, place, is_name)
    return [places.get(start, (token, "S", False)) for token, start in items]
