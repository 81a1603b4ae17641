"""Tags beyond the fixed labels: keywords, works 《…》, people and places.

Keywords: TF-IDF with jieba's document frequencies, nouns and names only. People and places: a spaCy pipeline made here,
with jieba as tokenizer and an entity ruler over lexicons: place and person names of jieba's dictionary, and the directors
and actors of the film catalogue.
"""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

from models.classifier.vocabulary import segmenter
from models.tsv import read_rows

FILMS = Path(__file__).resolve().parents[1] / "recommender" / "films.tsv"
RARE = {"ns": 5, "nr": 20}
"""Names that jieba's dictionary counted less often are left out: many are words of another kind."""
_WORK = re.compile(r"《([^《》\n]{1,40})》")
_NAME = re.compile(r"^[\u4e00-\u9fff·]{2,12}$")
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤葛章舒梅邢"
)
NOUNS = ("n", "vn", "an")
"""Beginnings of the word classes of jieba's dictionary that a keyword may have."""
_DULL = frozenset(
    [
        "时候",
        "东西",
        "事情",
        "问题",
        "地方",
        "方面",
        "情况",
        "一段",
        "全程",
        "这部",
        "有点",
        "感觉",
        "文字",
        "内容",
        "标题",
        "时间",
        "方式",
        "部分",
        "样子",
        "大家",
    ]
)


@dataclass(frozen=True)
class Tags:
    """What a text is about; every list without repetition, the most telling or the earliest first."""

    keywords: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Works in 《》, people, places, keywords, each word once."""
        named = (*(f"《{work}》" for work in self.works), *self.people, *self.places)
        rest = (word for word in self.keywords if not any(word in name for name in named))
        return tuple(dict.fromkeys((*named, *rest)))


Word = tuple[str, int, str]
"""A word of jieba's dictionary, how often it was counted, and its class."""


def dictionary() -> list[Word]:
    """jieba's dictionary, in its order."""
    lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
    return [(word, int(count), kind) for word, count, kind in (line.split(" ") for line in lines)]


def lexicon(words: Iterable[Word]) -> Iterator[tuple[str, str]]:
    """(name, PERSON or PLACE), each name once, people of the film catalogue before those of the dictionary."""
    seen: set[str] = set()
    for row in read_rows(FILMS):
        for name in (*row["directors"].split("/"), *row["actors"].split("/")):
            if _NAME.match(name) and name not in seen:
                seen.add(name)
                yield name, "PERSON"
            # People are usually named by the last part: 诺兰 for 克里斯托弗·诺兰.
            last = name.rpartition("·")[2]
            if "·" in name and len(last) >= 3 and last not in seen:
                seen.add(last)
                yield last, "PERSON"
    for word, count, kind in words:
        if word in seen or not _NAME.match(word) or count < RARE.get(kind, 0):
            continue
        if kind == "ns":
            seen.add(word)
            yield word, "PLACE"
        elif kind == "nr" and len(word) == 3 and word[0] in _SURNAMES:
            seen.add(word)
            yield word, "PERSON"


class Tagger:
    """Loads spaCy and the lexicons when it is made (two to three seconds); safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        words = dictionary()
        names = tuple(lexicon(words))
        self._segmenter = _segmenter([name for name, _ in names])
        self._pipeline = _pipeline(self._segmenter, names)
        self._weights = _noun_weights(words)
        self._usual = median(self._weights.values())

    def tags(self, text: str, top: int = 5) -> Tags:
        """Tags of a text as it was written, at most ``top`` of each kind."""
        works = tuple(dict.fromkeys(m.group(1).strip() for m in _WORK.finditer(text)))[:top]
        # Who a work is named after is not spoken of.
        text = _WORK.sub(" ", text)
        found: dict[str, dict[str, None]] = {"PERSON": {}, "PLACE": {}}
        with self._lock:
            document = self._pipeline(text)
        for entity in document.ents:
            found[entity.label_].setdefault(entity.text)
        people, places = tuple(found["PERSON"])[:top], tuple(found["PLACE"])[:top]
        return Tags(self._keywords(text, top), tuple(work for work in works if work), people, places)

    def _keywords(self, text: str, top: int) -> tuple[str, ...]:
        counts = Counter(
            word
            for word in self._segmenter.cut(text, HMM=False)
            if len(word) > 1 and word not in _DULL and (word in self._weights or (word.isascii() and word.isalpha()))
        )
        return tuple(sorted(counts, key=lambda word: -counts[word] * self._weights.get(word, self._usual)))[:top]


def _noun_weights(words: Iterable[Word]) -> dict[str, float]:
    """jieba's inverse document frequencies of the nouns and names of its dictionary."""
    nouns = {word for word, _, kind in words if kind.startswith(NOUNS)}
    lines = (files("jieba") / "analyse" / "idf.txt").read_text(encoding="utf-8").splitlines()
    return {word: float(value) for word, value in (line.split(" ") for line in lines) if word in nouns}


def _segmenter(names: Sequence[str]) -> Any:
    """A jieba of its own, in which every name is one word wherever it stands, or the ruler could not find it.

    It shares the words of the classifiers' jieba, which must stay as it is: other words would be other inputs.
    """
    import jieba

    base = segmenter()
    own = jieba.Tokenizer()
    own.FREQ, own.total, own.initialized = dict(base.FREQ), base.total, True
    for name in names:
        if "·" not in name:
            own.add_word(name, max(own.FREQ.get(name, 0), own.suggest_freq(name)))
    return own


def _pipeline(own: Any, names: Iterable[tuple[str, str]]) -> Any:
    spacy = _spacy()
    from spacy.tokens import Doc

    pipeline = spacy.blank("zh")

    def tokenise(text: str) -> Any:
        words = list(own.cut(text, HMM=False)) or [" "]
        return Doc(pipeline.vocab, words=words, spaces=[False] * len(words))

    pipeline.tokenizer = tokenise
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": kind, "pattern": name} for name, kind in names])
    return pipeline


def _spacy() -> Any:
    """spaCy; its library thinc imports torch wherever it is installed, which nothing here needs and costs 180 MB."""
    absent = "torch" not in sys.modules
    if absent:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import spacy
    finally:
        if absent:
            del sys.modules["torch"]
    return spacy
