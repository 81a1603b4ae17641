"""What was said about each title of a message: liked, disliked, seen, or the wish for something like it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from models.recommender.lexicon import clause_before
from models.recommender.title_resolution import Resolution

Role = Literal["liked", "disliked", "similar_to", "seen", "mentioned"]

_DISLIKED_AFTER = re.compile(
    r"^(?:这种|那种|之类|这类|那类|这部|那部|电影|片子?|的|我|就|根本|完全|压根|真的?|实在|都|也|有点|真是|吧|觉得|感觉|个人|[,，])*(?:太(?!好|棒|赞|喜欢|爱|感人|震撼|燃|经典|精彩|绝|美|可爱|厉害|牛|神|帅|温暖|治愈|有|会|值|对|懂|适合|空).{1,3}?了|太(?:过)?(?:吵|闹|闷|慢|长|血腥|压抑|无聊|假|水|尬|烂|土|俗|腻|贫|碎|绕|深奥|晦涩|拖|差|难懂|弱智|幼稚|低俗|狗血|矫情|做作|平淡|沉闷)|看不懂|看不进去|看睡|弃了|中途退场|半途而废|不怎么样|不咋地|不咋样|不值|名不副实|吐了|想吐|没看完就|[一两二12]星|给?[零一二两三四五1-5]分|给?打?[零一二两三四五0-5](?:\.\d)?分|(?:别|不要)(?:再)?(?:给我|推荐?|来)?(?:这种|这类|这样|那种)|不好看|难看|很?烂|太烂|无聊|看不下去|没意思|没劲|太闷|很闷|失望|看睡着|睡着|就算了|踩雷|雷|太无聊|太难看|看得?想睡|不对胃口|无感|劝退|差评|get不到|欣赏不来|不感冒|很?失望|很一般|一般|"
    r"(?:不喜欢|不爱看?|不感兴趣|没兴趣|讨厌|不行|不想看)(?=$|[,，。.!！?？的了啊太真]))"
)
_DISLIKED_BEFORE = re.compile(
    r"(?:雷点(?:是|有)?[:：]?|雷区[:：]?|黑名单[:：]?|拉黑|避雷[:：]?|踩雷|劝退|最烦|受够了?|看吐了?|厌恶|没法接受|接受不了|无法忍受|忍不了|不推荐|不待见|瞧不上|看不上|不喜欢看?|不爱看?|讨厌|烦|恨|看不下去|get不到|欣赏不来|不感冒|吐槽|看不惯|不想看|别像|不要像?|不感兴趣|受不了|不要|反感|嫌弃|别再?推?(?:荐)?)(?:看|类似|像|的|了|过|电影|那部|这部|那种|就是|是)*$"
)
LIKE_AFTER = re.compile(
    r"^(?:之间|的?那种(?:感觉|味道)|这种| ?(?:na|zhe|yi) ?(?:yang|zhong)|似的|那(?:感觉|味|调调|味道|风格)|那种|这样|那样|那类|这类|一样|同款|类似|差不多|之类|相似|同类|一类|的?感觉|的?风格|的?气质|的?味道|既视感|这一?类|一个路子|一路|的?平替|的?级别|的?氛围|的?调调|的?类型|的?题材|的?质感|的?水准|水平)"
)
LIKE_BEFORE = re.compile(
    r"(?:类似(?:于)?|类是|像|象|接近|好比|如同|仿佛|参考|照着?|按照?|对标|媲美|不输|堪比|比肩|like|xiang ?|同款[:：]?|平替(?:版)?的?[:：]?|代餐[:：]?|替代[:：]?|代替|相当于|"
    r"(?:^|[^我])(?:跟|和|与|同)(?=.{0,1}$))(?:电影|那部)?$"
)
_COMPARED_BEFORE = re.compile(r"(?:跟|和|与|同)(?:电影|那部)?$")
_COMPARED_AFTER = re.compile(
    r"^.{0,8}?(?:一样|差不多|类似|相似|相近|接近|似的|同类|一类|一个味|有一拼|不相上下|风格|那样|那种|这种|这样|比肩|同款|一个类型|一挂|一卦)"
)
_EXCEPT_BEFORE = re.compile(r"(?:除了|除开|除去|除却|排除|去掉|不算|抛开|撇开)(?:电影|看过的)?$")
_EXCEPT_AFTER = re.compile(r"^(?:这部|那部|系列)?(?:以外|之外|除外|不算|就不用了|不用了)")
_REFUSED_AFTER = re.compile(
    r"^[^,，。、]{0,12}[,，。]?(?:别|不要|不想|甭)(?:再)?(?:给我?|看|推荐?|来)*(?:这种|这类|这样|那种|同类)"
)
_SHUNS = re.compile(r"雷点|雷区|黑名单|避雷|最烦|讨厌的(?:有|是)")
_ABOUT_IT = re.compile(r"对(?:于)?(?:电影|那部)?$")
_DISLIKES = re.compile(r"^[^,，。]{0,6}?(?:无感|没感觉|没兴趣|不感兴趣|不感冒|失望|没好感|反感|不来电|提不起)")
_MOVED_BEFORE = re.compile(r"(?:看完了?|刚.{0,3}看了?|看哭了?|哭着看完|追完|刷完了?|补完了?|重看了?|写|看了)$")
_MOVED_AFTER = re.compile(r"^(?:都|真的?|把我)*(?:看了.{1,3}遍|刷了.{1,3}遍|看哭|让我.{0,4}哭|打动|戳中)")
_SEEN_AFTER = re.compile(
    r"^(?:这部|那部|这些|电影|这几部|[,，])*(?:我)?(?:都|全|已经|也|早就?|前几天|昨天|刚|上周)*(?:看过|看了|看完|刷过)"
)
_SEEN_BEFORE = re.compile(r"(?:看过|看完了?|刷过|刷完了?|看了)(?:了|电影|一遍)?$")
_LIKED_BEFORE = re.compile(
    r"(?:喜欢|爱看|最爱|爱|迷上?|中意|钟意|偏爱|回味|重温了?|痴迷|推崇|佩服|欣赏|刷了?(?:.{1,3}[遍次])?|安利|被|超爱|沉迷|种草|刷了.{1,4}遍|最棒的是|爱的是|喜欢的(?:电影)?(?:是|有))(?:的|是|看|过|了|死|电影|有|那部)*$"
)
_LIKED_AFTER = re.compile(
    r"^(?:里的.{1,3}|倒是?|算是|也|这种|那种|这部|那部|电影|这些|都|我|也|真的?|实在|是|简直|[,，])*(?:给?打?(?:满分|[五四54]星|[六七八九十6-9](?:\.\d)?分|10分)|挺好|也好(?=$|[,，。])|可以的|喜欢得|香|真香|吹爆|爱死|爱惨|无敌|最佳|第一名|yyds|没话说|好到|百看不腻|回味无穷|意犹未尽|很?好看|不错|太?好|绝了|神作|喜欢|超赞|很?棒|封神|经典|满分|十分|最爱|最喜欢|让我.{0,4}(?:感动|哭|难忘)|看哭|打动|拍得好|百看不厌|很?喜欢|超喜欢|爱了|赞|yyds|天花板|心头好|白月光|看哭|杀我|心目中|永远的神|入坑|圈粉|看了.{1,3}遍|戳中|打了?(?:十|10|五|满))"
)
_JUST_SEEN = re.compile(r"看完了?$|刚.{0,2}看")
_AGAIN = re.compile(r"(?:重温|刷)了?.{0,4}$")
_ALIKE = re.compile(r"类似|差不多|同款|同类|这一类|那一类|同类型|这路子|这样的|那样的|这种的?|那种的?|一样的|相似|这类")
_ASK_ON = re.compile(
    r"接着|再找|再来|还要|还有没有|有没有|有没|求|类似|这样|这种|那样|那种|还有|同类|差不多|一样|别的|再看|推荐|下一部|后劲|同款|相似|空虚|意犹未尽|没看够"
)


def roles_of(text: str, spans: Sequence[tuple[int, int, str, Resolution]]) -> list[Role]:
    """What was said about each title; titles joined by 和, 、 or a comma share it."""
    groups: list[list[int]] = []
    for n, (start, _, _, _) in enumerate(spans):
        between = text[spans[n - 1][1] : start] if n else ""
        joined = n and re.fullmatch(r"[\s、和与跟及,，;；/]*(?:还有|以及|也)?[\s、,，]*", between)
        if joined and not (re.search(r"[,，;；]", between) and _turns(text, spans, groups[-1], n)):
            groups[-1].append(n)
        else:
            groups.append([n])
    roles: list[Role] = ["mentioned"] * len(spans)
    for group in groups:
        first, last = spans[group[0]][0], spans[group[-1]][1]
        following = min((spans[n][0] for n in range(len(spans)) if spans[n][0] >= last), default=len(text))
        role = _role(text, _said_before(text, first), _said_after(text, last, following))
        for n in group:
            roles[n] = role
    return roles


def _turns(text: str, spans: Sequence[tuple[int, int, str, Resolution]], group: Sequence[int], n: int) -> bool:
    """Whether something was said before the titles so far and something else after the next: 我爱看《…》，《…》不行."""
    before = clause_before(text, spans[group[0]][0])
    after = text[spans[n][1] : spans[n + 1][0] if n + 1 < len(spans) else len(text)]
    said = _LIKED_BEFORE.search(before) or _DISLIKED_BEFORE.search(before)
    return bool(said and (_DISLIKED_AFTER.match(after) or _LIKED_AFTER.match(after)))


def _said_before(text: str, first: int) -> str:
    """What stands before a title in its clause, or a word or two that stand alone before it: 代餐，…"""
    before = clause_before(text, first)
    alone = re.search(r"(?:^|[,，。])([^,，。]{2,4})[,，]$", text[:first])
    if not before and alone and not _LIKED_AFTER.match(alone[1]):
        return alone[1]
    listed = re.match(r"(?:还有|以及|和|跟|包括)", before)
    return before if not listed or not _SHUNS.search(text[:first]) else "讨厌"


def _said_after(text: str, last: int, following: int) -> str:
    """What stands after a title, without the verb of the next one: …，喜欢《…》."""
    own = text[last:following]
    cut = max(own.rfind(mark) for mark in ",，。;；")
    return text[last : last + cut] if following < len(text) and cut >= 0 else text[last:]


def _role(text: str, before: str, after: str) -> Role:  # noqa: PLR0911
    if _EXCEPT_BEFORE.search(before) or _EXCEPT_AFTER.match(after):
        return "seen"
    if _LIKED_AFTER.match(after) and not LIKE_BEFORE.search(before):
        weak = (_MOVED_AFTER.match(after) or _MOVED_BEFORE.search(before)) and _ASK_ON.search(after)
        return "similar_to" if weak else "liked"
    if _DISLIKED_AFTER.match(after) or _DISLIKED_BEFORE.search(before) or _REFUSED_AFTER.search(after):
        return "disliked"
    if _ABOUT_IT.search(before) and _DISLIKES.match(after):
        return "disliked"
    liked = bool(_LIKED_BEFORE.search(before) and not before.endswith(("不喜欢", "不爱")))
    if LIKE_BEFORE.search(before) or LIKE_AFTER.match(after):
        return "similar_to"
    if _COMPARED_BEFORE.search(before) and _COMPARED_AFTER.match(after):
        return "similar_to"
    if _MOVED_BEFORE.search(before) and _ASK_ON.search(after):
        return "similar_to"
    if liked and _AGAIN.search(before) and _ALIKE.search(after):
        return "similar_to"
    if liked:
        return "liked"
    return _seen_role(before, after)


def _seen_role(before: str, after: str) -> Role:
    if _SEEN_AFTER.match(after):
        return "similar_to" if _ALIKE.search(after) else "seen"
    if not _SEEN_BEFORE.search(before):
        return "mentioned"
    if _ALIKE.search(after):
        return "similar_to"
    return "similar_to" if _JUST_SEEN.search(before) and _ASK_ON.search(after) else "seen"


def alike(text: str) -> bool:
    """Whether something like what was named is asked for."""
    return bool(_ALIKE.search(text) or LIKE_BEFORE.search(text))
