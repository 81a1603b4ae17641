"""Which words may be names of people."""

from functools import lru_cache
from typing import FrozenSet

from bot.dialogue.nlu.features import is_listed

SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
    "邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文巩葛莫"
)
"""The hundred most frequent, and some of people whose films are asked for."""


@lru_cache(maxsize=1)
def known_names() -> FrozenSet[str]:
    """Names in jieba's dictionary (tag nr), two characters or longer.

    jieba's own tagger would hold every tag of 350,000 words in memory for the same purpose: 110 MiB.
    """
    import jieba

    found = set()
    with jieba.get_module_res("dict.txt") as lines:
        for line in lines:
            word, _, tag = line.decode("utf-8").split()
            if tag.startswith("nr") and len(word) >= 2:
                found.add(word)
    return frozenset(found)


def may_be_name(word: str) -> bool:
    """A known name, or two or three characters after a surname that are not a word."""
    return word in known_names() or (2 <= len(word) <= 3 and word[0] in SURNAMES and not is_listed(word))
