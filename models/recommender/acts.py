"""What a message in a conversation about films does: asks, asks for more, criticises, asks why, forgets, and so on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Act = Literal[
    "recommend", "more", "seen", "reject", "why", "about", "profile", "forget", "forget_all", "use_profile", "state",
    "start_over",
]  # fmt: skip
Change = Literal["popular", "obscure", "better"]

_MINE = r"(?:我的?|我那)?"
_TASTE = r"(?:口味|喜好|偏好|画像|品味|爱好|档案|观影记录|记录|资料|数据|信息)"
_FORGET_ALL = re.compile(
    rf"(?:忘掉|忘了|忘记|清空|清除|清掉|删除|删掉|删了|抹掉|重置|不要记|别记).{{0,6}}(?:所有|全部|一切|都|整个|{_MINE}的?{_TASTE}|关于我|我说过|之前|以前|前面)"
    rf"|(?:所有|全部|一切|都|我的?{_TASTE}|关于我的?|我说过的?|之前|以前).{{0,12}}(?:忘掉|忘了|忘记|清空|清除|清掉|删除|删掉|删了|抹掉|重置)"
    r"|忘了我吧|忘掉我$|忘记我$|全忘|都忘|清零"
)
_FORGET = re.compile(
    r"忘掉|忘了|忘记|别记|不用记|不要记|删掉|删除|删了|去掉我?喜欢|取消.{0,4}(?:喜欢|讨厌)|抹(?:掉|去)|当我没说|移除|划掉|从.{0,8}(?:去掉|拿掉)"
)
_PROFILE = re.compile(
    rf"我的?(?:观影|电影|个人)?{_TASTE}.{{0,3}}(?:总结|说说|看看|列|报|汇报|念|查|归纳|分析|讲讲|介绍|给我|长啥样|现状|目前|现在)|(?:现在|目前).{{0,2}}我的?{_TASTE}|我的?{_TASTE}(?:是|有|里|怎么|咋|如何|什么|啥|呢|$|[?？]|吗|长)|(?:看看|看一下|查看|显示|展示|列出|说说|告诉我|总结|看下).{{0,4}}我的?(?:观影|电影|看片|个人)?{_TASTE}|"
    r"(?:你)?(?:知道|记得|记住|了解|觉得|记录|记着|记下)(?:了)?我(?:都|的|平时)?(?:喜欢|爱看|讨厌|不喜欢|的?口味|什么|哪些|说过)|我(?:都|到底|平时)?喜欢(?:什么|啥|哪)|"
    r"(?:你)?(?:记|记得|记住|记录|保存|知道|存)(?:了|下|着)?(?:我的?|关于我的?)?(?:哪些|什么|啥)|我(?:到底|究竟)?是?(?:什么|啥)(?:样的)?口味|我的口味.{0,4}(?:摸清|摸透|清楚|掌握)|我(?:都)?(?:说过|讲过)?(?:喜欢|不喜欢|讨厌)(?:过)?(?:哪些|什么|啥)|我的口味$|对我.{0,4}(?:了解|印象|认识)"
)
_USE_PROFILE = re.compile(
    rf"(?:根据|按照?|依照?|照着?|参考|基于|结合|凭|用|符合|适合|合).{{0,4}}(?:我的?|这个)?{_TASTE}|(?:根据|按照?|照着?|基于)(?:我|以上|刚才|这些|前面).{{0,8}}(?:喜欢|说|爱看|看)|"
    r"猜(?:猜)?(?:看)?我(?:会|还|可能|应该)?(?:会)?喜欢|我(?:还|可能|应该)?会喜欢(?:什么|啥|哪)|(?:懂|了解)我.{0,6}(?:推荐|推|挑|选)|合我(?:的)?(?:口味|胃口)|对我(?:的)?胃口|投我所好"
)
_WHY = re.compile(
    r"给.{0,3}(?:理由|原因|说法)|说.{0,3}(?:理由|原因|依据)|啥根据|什么根据|凭的(?:什么|啥)|为什么|为啥|为何|凭什么|凭啥|(?:推荐|推|选)(?:的|它|这部?)?(?:理由|原因|依据|根据)|(?:理由|原因)(?:是|呢|[?？]|$)|怎么(?:会)?(?:推荐|推|想到|选)|干嘛推|什么理由|啥理由|怎么得出|怎么推出"
)
_ABOUT = re.compile(
    r"(?:讲|说|演|拍)(?:的|了|得)?(?:是|都是)?(?:个)?(?:什么|啥|些什么|哪|怎样|怎么)|什么(?:故事|内容|剧情|情节)|啥(?:故事|内容|剧情)|剧情|情节|简介|梗概|介绍(?:一?下|介绍)?|内容是|谁(?:导|演|拍|主演)|"
    r"(?:导演|主演|演员)(?:是|都?有)(?:谁|哪)|哪(?:一)?年(?:的|上映|拍|出)|多长(?:时间)?(?:[?？]|$|啊|呢)|片长|几分钟|多少分钟|(?:第.{1,2}部|这部|那部|它|这个|首部|》)(?:片子|电影)?(?:怎么样|咋样|如何|好看吗|好不好看|是啥|是什么|呢[?？]?$)|"
    r"(?:详细|具体)(?:说|讲|介绍)|(?:什么|啥)类型|哪国|展开(?:说|讲)|多说(?:说|点|几句)|说说(?:看|第|这部|它|《)|聊聊第|讲讲"
)
_MORE = re.compile(
    r"还有没(?:有)?(?:$|[?？吗啊呢])|再上|再换|再挑|(?:剩下|余下|其余|剩余)的?|(?:这|那)(?:批|些|几部|一批)(?:都|全)?(?:不行|不好|不对|不合适|不太行|一般|没感觉|不中)|没相中|没看中|都一般|都没感觉|换一?(?:批|组|拨|波|轮|茬|些|几部|几个|一下|换)|换掉|再(?:来|推荐?|给|整|换|看)(?:我)?(?:几|一|点|些|两|三|四|五|\d|批|别)|(?:还有|有没有)(?:其他|其它|别|更多|没有|吗|么|呢|不)|还有[?？]?$|更多|下一(?:批|组|页|拨)|"
    r"其他的|其它的|别的(?:呢|吗|有|片|电影|推荐)?|另外的|继续|接着(?:推|来)|都不(?:喜欢|想看|行|满意|感兴趣|合适|要|好|对)|没有?(?:喜欢|想看|感兴趣)的|不满意|不太行|一般般|再来|多来(?:几|点)|多推|再换|换点"
)
_SEEN = re.compile(
    r"看过(?!.{0,2}(?:没|吗|么))|看完(?:了|过)|都?看了(?!看)(?:$|[,，。了啦])|(?:已经|早就?|刚)看|看烂了|刷过|重复了|看了(?:好几|\d|[一二两三几多])+遍"
)
_REJECT = re.compile(
    r"不感兴趣|没(?:有)?兴趣|不想看|不喜欢|不要(?:第|这|它|最后|前)|提不起(?:劲|兴趣)|不考虑|pass|无感|(?:第.部|这部|那部|它)(?:就)?(?:不行|算了|不要|不看)|划掉|拉黑|别再推|不想再看到|踩雷"
)
_NOT_INTERESTED = re.compile(r"不感兴趣|没(?:有)?兴趣|不喜欢|不想看|无感|都没(?:看|听)过")
_NONE_KNOWN = re.compile(r"没(?:看|听|听说)过|不认识|不知道这些")
_START_OVER = re.compile(
    r"重新(?:开始|推荐|来)|从头(?:开始|来)|重来|换个(?:话题|方向|思路)|(?:条件|要求|限制)(?:都|全)?(?:不要|取消|去掉|清)|不限(?:条件|类型|了)|什么都行|都可以|随便"
)
_ASKS = re.compile(
    r"推荐?|推介|安利|有没有|有什么|有啥|有哪|有木有|找|想看|想要|要看|看(?:什么|啥|点|部|个)|来[点些部个几一两三五十\d]|求|给我|介绍几|挑|选|整[点部个]|片荒|剧荒|哪些|哪部|什么(?:电影|片)|啥(?:电影|片)|好看的|搜|可以看|值得看|电影$|片$|[吗么?？]$"
)
_ORDERS = re.compile(r"推荐|推介|安利|想看|想找|帮我?找|求|介绍几|挑几?部|片荒|给我找|找几?部|找点")
_REFINES = re.compile(
    r"^(?:那|那么|嗯|好|好吧|好的|行|可以|哦|额|呃|算了)?[,， ]?(?:再|那|更|换成?|改|不要|不想|别|要|还是|最好|只要|就要|加上|限|去掉|除了|太|偏|最近|都太|有点太)|"
    r"一?[点些](?:的|吧|呢|儿|啊)*[。.!！?？]?$|呢[?？]?$|太.{1,6}了|换成|改成|改看|不够|(?:这|那|刚才|前面|上面)(?:些|几部|批)|里面?(?:有|挑|选)|其中|同样|也要|还要|另外|而且|并且|最好"
)
_ADDS = re.compile(
    r"再加|[再更].{1,5}一?[点些]|也要|还要|同时|又要|加上|带点|带一?些|另外要|而且|并且|最好|加点|兼|还得|也得"
)
_REPLACES = re.compile(r"换成?|改成?|改看|还是.{1,8}(?:吧|算了)|呢[?？]?$|不如")
_POPULAR = re.compile(r"热门|大众|经典|知名|有名|家喻户晓|出名|必看|主流|名气|火的|流行")
_OBSCURE = re.compile(
    r"冷门|小众|不(?:太|那么)?(?:热门|大众|出名|有名)|没(?:什么|怎么)?人(?:看|知道)|别太?(?:热门|大众|烂大街)|不要(?:太)?(?:热门|大众|大路货)|烂大街|非主流|遗珠|沧海遗珠|宝藏|偏门"
)
_BETTER = re.compile(r"评分(?:再|更|要)?高|高分|口碑(?:再|更)?好|质量(?:再|更)?(?:高|好)|好一点|神作|豆瓣")
_DURABLE = re.compile(
    r"(?:以后|今后|往后|永远|再也|从来|一律|一概|从此)(?:都|再|也)?(?:别|不|少|给|多)|我(?:平时|一直|就|最|很|比较|特别|超|挺|真的|本人|向来|从来|也|还|都|一般|其实|这人|个人)*(?:喜欢|爱看|爱|不喜欢|不爱看?|讨厌|反感|受不了|怕看?|不看|偏爱|热爱|钟爱|不敢看|痴迷|迷)"
)
_IT = re.compile(r"它|这部|那部|这个|那个|这片|这电影|该片|刚才那")
_ALL = re.compile(
    r"这些|这几部|这几个|那几部|全都?|都(?!能|可以|行|是|要|爱|喜欢)|上面(?:的|几部)|刚才(?:的|那些|几部)|一个都|统统"
)

DOMAINS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("book", re.compile(r"[本](?:书|小说)|书单|小说|图书|书籍|绘本|漫画书|读物|书荒|诗集|(?:推荐|看|读|找|求)(?:点|些|几本|一本|本)?书|有声书|杂志")),
    ("music", re.compile(r"歌单|歌曲|听歌|首歌|[的点些]歌|专辑|听点|听什么|听的(?:歌|音乐|曲)|推荐.{0,6}(?:歌|音乐)$|纯音乐|曲子|唱片|歌手|乐队")),
    ("series", re.compile(r"电视剧|连续剧|[韩美日英泰台港网短国]剧|剧集|综艺|番剧|追剧|剧荒|国漫|广播剧|播客|相声|脱口秀|[一]?部剧|看剧|什么剧")),
)  # fmt: skip
_FILM = re.compile(r"电影|影片|片子|[^图唱短]片|观影")


@dataclass(frozen=True)
class Named:
    """What a message names: titles, positions of the list, genres and other wishes."""

    titles: bool
    places: bool
    wishes: bool

    @property
    def nothing(self) -> bool:
        """Neither titles nor wishes."""
        return not (self.titles or self.wishes)


def act_of(text: str, named: Named) -> Act:
    """The main act of a normalised message: the first whose signs are there."""
    return next((act for act, shows in _SIGNS if shows(text, named)), "state")


def _forgets_all(text: str, named: Named) -> bool:
    whole = _FORGET_ALL.search(text) or (_FORGET.search(text) and re.search(r"我|所有|全", text))
    return bool(whole) and named.nothing and not named.places


def _asks_for_profile(text: str, named: Named) -> bool:
    return bool(_PROFILE.search(text)) and (not named.titles or bool(re.search(r"口味|记得|知道", text)))


def _asks_about(text: str, named: Named) -> bool:
    points = named.titles or named.places or _IT.search(text)
    return bool(_ABOUT.search(text) and not drops(text) and (points or not (named.wishes or _ASKS.search(text))))


def _has_seen(text: str, named: Named) -> bool:
    if not _SEEN.search(text):
        return False
    points = named.places or _IT.search(text) or _ALL.search(text)
    return bool(points and not named.titles) or not _ASKS.search(text)


def _turns_down(text: str, named: Named) -> bool:
    if named.titles:
        return False
    one = _REJECT.search(text) and (named.places or (_IT.search(text) and not named.wishes))
    return bool(one or (named.nothing and not drops(text) and _NOT_INTERESTED.search(text)))


def _wants_more(text: str, named: Named) -> bool:
    return (
        bool(_MORE.search(text)) and not named.titles and not drops(text) and (named.nothing or not _fresh_words(text))
    )


_SIGNS: tuple[tuple[Act, Callable[[str, Named], bool]], ...] = (
    ("forget_all", _forgets_all),
    ("forget", lambda text, named: bool(_FORGET.search(text))),
    ("use_profile", lambda text, named: bool(_USE_PROFILE.search(text)) and not named.titles),
    ("profile", _asks_for_profile),
    ("why", lambda text, named: bool(_WHY.search(text))),
    ("about", _asks_about),
    ("seen", _has_seen),
    ("reject", _turns_down),
    ("recommend", lambda text, named: bool(drops(text))),
    ("more", _wants_more),
    ("start_over", lambda text, named: named.nothing and bool(_START_OVER.search(text))),
    ("recommend", lambda text, named: named.wishes or bool(_ASKS.search(text))),
)  # fmt: skip


def _fresh_words(text: str) -> bool:
    return bool(re.search(r"想看|推荐几?[部些点个]?(?!别)|求", text)) and not re.search(r"再|还有|换", text)


def is_fresh(text: str, names_something: bool) -> bool:
    """Whether a request stands on its own, as opposed to one that changes the last one.

    Args:
        names_something: whether it names a genre, a person or a title. "日本的有吗" goes on from what came before,
            "有没有日本动画" and "推荐日本的" do not.
    """
    if _REFINES.search(text):
        return False
    return bool(_ORDERS.search(text)) or bool(_ASKS.search(text) and (names_something or _FILM.search(text)))


DROPS = (
    ("genres", "类型|题材"), ("moods", "氛围|感觉|情绪"), ("countries", "国家|地区|国别|产地"), ("directors", "导演|谁导|谁拍"), ("actors", "演员|主演|谁演"),
    ("years", "年代|年份|时间"), ("runtime", "片长|时长|长短|长度"), ("audience", "观众|年龄|孩子"),
)  # fmt: skip


def drops(text: str) -> tuple[str, ...]:
    """Wishes that are given up by name: 不限年代."""
    return tuple(
        field
        for field, words in DROPS
        if re.search(
            rf"(?:不限|不论|不管|别管|取消|去掉|放宽|不用管)(?:制?什么|这个)?(?:{words})|(?:{words})(?:不限了?|放开|无所谓|随便|都行|都可以|不重要|没要求|没关系|不管了?|不用管|不挑|不计较)",
            text,
        )
    )


def asks(text: str) -> bool:
    """Whether something is asked for at all."""
    return bool(_ASKS.search(text))


def knows_none(text: str) -> bool:
    """Whether none of the films shown was ever seen or heard of."""
    return bool(_NONE_KNOWN.search(text))


def adds(text: str) -> bool:
    """Whether wishes come on top of those before."""
    return bool(_ADDS.search(text))


def replaces(text: str) -> bool:
    """Whether wishes take the place of those before."""
    return bool(_REPLACES.search(text))


def durable(text: str) -> bool:
    """Whether it says what somebody likes in general, not for this evening."""
    return bool(_DURABLE.search(text))


def names_all(text: str) -> bool:
    """Whether the whole list shown is meant."""
    return bool(_ALL.search(text))


def names_one(text: str) -> bool:
    """Whether one item is meant without saying which: 这部, 它."""
    return bool(_IT.search(text))


def change_of(text: str) -> Change | None:
    """Whether the list should be better known, less known or better rated."""
    if _OBSCURE.search(text):
        return "obscure"
    if _POPULAR.search(text):
        return "popular"
    return "better" if _BETTER.search(text) else None


def domain_of(text: str) -> str:
    """What kind of work is asked for; films unless something else is named."""
    if _FILM.search(text):
        return "film"
    return next((name for name, pattern in DOMAINS if pattern.search(text)), "film")
