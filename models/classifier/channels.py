"""The channels (频道) of a culture and entertainment platform, and how the corpora's classes are mapped onto them.

The corpora know 娱乐 and 文化 only as wholes. Where a title names what it is about (票房, 专辑, 京剧…), it goes to that
channel; what names nothing, or several things, is left out. What the corpora lack is written (written.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from knowledge.normalise import normalise
from models.classifier.corpora import Corpus, Sample, apart, find, shuffled, thucnews, tnews
from models.classifier.plots import plots

ENGLISH = {
    "影视": "Film & TV", "综艺": "Variety shows", "音乐": "Music", "动漫": "Anime & comics", "游戏": "Games",
    "读书": "Books & literature", "艺术": "Art & exhibitions", "戏曲舞台": "Stage & opera", "明星": "Celebrities",
    "文化": "Culture & history", "体育": "Sports", "科技": "Science & technology", "财经": "Finance",
    "教育": "Education", "旅游": "Travel", "军事": "Military", "汽车": "Cars", "房产": "Property",
    "时政": "Politics & world", "社会": "Society", "三农": "Agriculture", "生活": "Everyday life",
}  # fmt: skip
MAPPED = {
    "财经": "财经", "股票": "财经", "房产": "房产", "教育": "教育", "科技": "科技", "社会": "社会", "时政": "时政",
    "体育": "体育", "游戏": "游戏", "电竞": "游戏", "汽车": "汽车", "军事": "军事", "旅游": "旅游", "国际": "时政",
    "农业": "三农",
}  # fmt: skip
RULES = {
    "动漫": "动漫|漫画|动画|番剧|新番|二次元|手办|火影|海贼王|柯南|宫崎骏|国漫|声优",
    "综艺": "综艺|真人秀|选秀|春晚|晚会|奔跑吧|跑男|快乐大本营|天天向上|脱口秀|快女|快男|超女|好声音|我是歌手|创造101"
    "|向往的生活|主持人|达人秀|非诚勿扰节目|相亲节目",
    "音乐": "专辑|演唱会|单曲|新歌|歌手|歌唱|音乐|歌迷|乐队|唱片|作曲|钢琴|吉他|古筝|葫芦丝|歌曲|公告牌|格莱美|交响",
    "戏曲舞台": "京剧|话剧|相声|戏曲|昆曲|豫剧|越剧|黄梅戏|舞台剧|音乐剧|歌剧|芭蕾|评弹|小品|曲艺|舞剧|皮影",
    "影视": "电影|影片|票房|导演|上映|首映|新片|电视剧|剧集|剧组|杀青|开机|热播|收视|影帝|影后|奥斯卡|新剧|大结局"
    "|演员阵容|主演|编剧|片场|定妆|影院|复联|复仇者联盟|主角|饰演|大戏|预告",
    "读书": "小说|诗人|诗词|阅读|读书|作家|文学|散文|图书|书评|好书|一书|诗歌|文集|红楼梦|水浒|三国演义|西游记|对下联"
    "|下联|上联|网文",
    "艺术": "书法|国画|油画|画展|画家|美术|博物馆|文物|瓷|雕塑|展览|艺术展|绘画|摄影|玉器|古玩|收藏|青铜|考古|篆刻|山水画",
    "明星": "恋情|绯闻|走红毯|红毯|狗仔|粉丝|女星|男星|艺人|经纪人|离婚|出轨|素颜|街拍|机场|怀孕|产女|产子|婚礼|求婚|写真|"
    "代言|整容|童年照|男友|女友|老公|小三|星二代|身材|穿搭|造型|私照|婚纱",
}
_PATTERNS = {channel: re.compile(words) for channel, words in RULES.items()}
REPEATED = 2
"""Written texts count this often beside the headlines: a visitor writes like a person, not like an editor."""
PLOTS = 250
"""Plots of films that are learned as 影视."""
MOST = 200
"""Headlines and passages of a channel that are learned from."""
FROM_ENTERTAINMENT = ("动漫", "综艺", "音乐", "戏曲舞台", "影视", "明星")
FROM_CULTURE = ("动漫", "戏曲舞台", "读书", "艺术", "音乐")


def channel_of(sample: Sample) -> str | None:
    """The channel of a title of the corpora, or None when its class does not say."""
    label = sample.labels[0]
    if label in MAPPED:
        return MAPPED[label]
    if label == "娱乐":
        found = [c for c in FROM_ENTERTAINMENT if _PATTERNS[c].search(sample.text)]
        if len(found) > 1:
            # A film star at a première: what the title is about comes before who is in it.
            found = [c for c in found if c != "明星"]
        return found[0] if len(found) == 1 else None
    if label == "文化":
        found = [c for c in FROM_CULTURE if _PATTERNS[c].search(sample.text)]
        return found[0] if len(found) == 1 else ("文化" if not found else None)
    return None


def mapped(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples whose class has a channel."""
    for sample in samples:
        channel = channel_of(sample)
        if channel is not None:
            yield Sample(sample.text, (channel,), sample.hint)


def passages(folder: Path) -> Iterator[Sample]:
    """Longer texts: encyclopedia entries on films, music and sights (KdConv)."""
    for name, channel in (("film", "影视"), ("music", "音乐"), ("travel", "旅游")):
        seen: dict[str, None] = {}
        for dialogue in json.loads(find(folder, f"kdconv/*{name}*dev.json").read_text(encoding="utf-8")):
            for message in dialogue["messages"]:
                for attribute in message.get("attrs", ()):
                    value = normalise(attribute["attrvalue"])
                    # People of the film and music worlds belong to 明星 as much as to their art: only works are taken.
                    if (
                        attribute["attrname"] == "Information"
                        and len(value) > 30
                        and (channel == "旅游" or attribute["attrvalue"].lstrip().startswith("《"))
                    ):
                        seen.setdefault(value[:160])
        yield from (Sample(text, (channel,)) for text in seen)


def corpus(folder: Path, own: Iterable[Sample]) -> Corpus:
    """Train: the corpora mapped onto channels, and the written texts ``own``. Test: the corpora's own."""
    train: list[Sample] = []
    test: list[Sample] = []
    for source in (thucnews(folder), tnews(folder)):
        train += mapped(source.train)
        test += mapped(source.test)
    extra = shuffled([*passages(folder)])
    tenth = len(extra) // 10
    test += extra[:tenth]
    train += extra[tenth:] + [Sample(plot.text, ("影视",)) for plot in islice(plots(), PLOTS)]
    train = [*limited(shuffled(train)), *list(own) * REPEATED]
    return apart("channels", shuffled(train), (), test)


def limited(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, the first MOST of each channel: a visitor asks about opera as often as about stocks."""
    seen: Counter[str] = Counter()
    for sample in samples:
        seen[sample.labels[0]] += 1
        if seen[sample.labels[0]] <= MOST:
            yield sample
