"""How the recommendation skill says things: lists as cards, questions with buttons, facts about one item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from actions.recommend_state import State, wishes_as_dict
from actions.reply import Button, Card, Reply
from models.recommender.catalogue import Catalogue, Item
from models.recommender.constraints import Constraints
from models.recommender.mentions import Mention

DOMAINS = {"film": ("电影", "部"), "book": ("书", "本"), "music": ("音乐", "首"), "series": ("剧集", "部")}
AUDIENCES = {"family": "适合带孩子看", "grown_up": "适合成年人"}
FIELDS = {
    "genres": "类型", "moods": "氛围", "countries": "国家", "directors": "导演", "actors": "演员", "years": "年代", "runtime": "片长",
    "audience": "观众",
}  # fmt: skip
MORE = Button(title="换一批", payload="换一批")
PROFILE = Button(title="我的口味", payload="我的口味是什么")


def domain_name(domain: str) -> str:
    """What the domain is called."""
    return DOMAINS.get(domain, (domain, "个"))[0]


def unit(domain: str) -> str:
    """The measure word."""
    return DOMAINS.get(domain, (domain, "个"))[1]


def titled(item: Item) -> str:
    """《片名》, with the year where it is known, so that the text says which one is meant."""
    return f"《{item.title}》({item.year})" if item.year else f"《{item.title}》"


def named(item: Item) -> str:
    """The same as it is shown to people."""
    return f"《{item.title}》（{item.year}）" if item.year else f"《{item.title}》"


def subtitle(item: Item) -> str:
    """Year, countries, directors and genres, those that are known."""
    parts = [str(item.year or ""), "/".join(item.countries), "/".join(item.directors[:2]), "/".join(item.genres[:4])]
    return " · ".join(part for part in parts if part)


def described(wishes: Constraints, domain: str) -> str:
    """The wishes in Chinese: 90年代的中国香港犯罪片."""
    head = []
    if wishes.years:
        first, last = wishes.years
        if first and last:
            head.append(f"{first}年" if first == last else f"{first}—{last}年")
        else:
            head.append(f"{first}年以后" if first else f"{last}年以前")
    head += ["或".join(getattr(wishes, name)) for name in ("countries", "directors") if getattr(wishes, name)]
    head += [f"{'、'.join(wishes.actors)}出演"] if wishes.actors else []
    head += [f"{'或'.join(wishes.moods)}"] if wishes.moods else []
    if wishes.runtime:
        least, most = wishes.runtime
        head.append(
            f"{least or 0}到{most}分钟" if least and most else f"{most}分钟以内" if most else f"{least}分钟以上"
        )
    head += [AUDIENCES[wishes.audience]] if wishes.audience else []
    tail = "、".join(wishes.genres)
    no = [
        tag
        for name in ("genres", "moods", "countries", "directors", "actors")
        for tag in getattr(wishes, f"exclude_{name}")
    ]
    text = "、".join(head) + ("的" if head else "") + (f"{tail}类" if tail else "") + domain_name(domain)
    return text + (f"（不要{'、'.join(no)}）" if no else "")


def data(state: State, items: Iterable[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    """Machine-readable part of every reply."""
    return {"domain": state.domain, "items": list(items), "constraints": wishes_as_dict(state.wishes), **more}


def row(item: Item, score: float, reason: str) -> dict[str, Any]:
    """One item of the list, machine-readable."""
    return {"id": item.id, "title": item.title, "year": item.year, "score": round(score, 4), "reason": reason}


def card(item: Item, reason: str) -> Card:
    """One recommended item."""
    name = titled(item)
    buttons = (
        Button(title="看过了", payload=f"{name}看过了"),
        Button(title="不感兴趣", payload=f"我不喜欢{name}"),
        Button(title="讲什么", payload=f"{name}讲什么"),
    )
    return Card(title=f"《{item.title}》", subtitle=subtitle(item), reason=reason, buttons=buttons)


def question_card(item: Item) -> Card:
    """One item to react to when nothing is known yet."""
    name = titled(item)
    buttons = (Button(title="喜欢", payload=f"我喜欢{name}"), Button(title="不喜欢", payload=f"我不喜欢{name}"))
    return Card(title=f"《{item.title}》", subtitle=subtitle(item), buttons=buttons)


def facts(item: Item, domain: str) -> str:
    """What is known about one item, in sentences; says so when little is."""
    parts = [named(item)]
    known = []
    if item.countries:
        known.append(f"{'、'.join(item.countries)}出品")
    if item.genres:
        known.append(f"类型是{'、'.join(item.genres)}")
    if item.directors:
        known.append(f"导演{'、'.join(item.directors)}")
    if item.actors:
        known.append(f"主演{'、'.join(item.actors)}")
    if item.runtime:
        known.append(f"片长约 {item.runtime} 分钟")
    if known:
        parts.append("，".join(known) + "。")
    parts.append(f"剧情：{item.plot}" if item.plot else f"这{unit(domain)}的剧情我没有资料，不乱编。")
    return "\n".join((parts[0] + "：" + parts[1], *parts[2:])) if len(parts) > 2 else "：".join(parts)


def which_one(mention: Mention, catalogue: Catalogue, state: State, confidence: float) -> Reply:
    """An ambiguous title, asked back with buttons that can stand alone."""
    says = {
        "liked": "我喜欢{}", "disliked": "我不喜欢{}", "seen": "{}看过了", "similar_to": "推荐像{}这样的", "mentioned": "{}",
    }[mention.role]  # fmt: skip
    items = [catalogue[i] for i in mention.resolution.items]
    shown = items[:8]
    buttons = tuple(Button(title=named(item), payload=says.format(titled(item))) for item in shown)
    more = f"（共 {len(items)} {unit(state.domain)}，也可以说出全名或年份）" if len(items) > len(shown) else ""
    candidates = [row(item, 0.0, "") for item in items]
    return Reply(
        text=f"叫“{mention.text}”的不止一{unit(state.domain)}，您说的是哪一{unit(state.domain)}？{more}",
        capability="recommend", band="suggest", confidence=confidence, buttons=buttons,
        data=data(state, candidates=candidates),
    )  # fmt: skip


def not_found(mentions: Sequence[Mention], catalogue: Catalogue, state: State, confidence: float) -> Reply:
    """Titles that are not in the catalogue, with the nearest ones."""
    names = "、".join(f"《{m.text}》" for m in mentions[:5])
    near = list(dict.fromkeys(i for m in mentions for i in m.resolution.items))[:3]
    buttons = tuple(Button(title=named(catalogue[i]), payload=f"我喜欢{titled(catalogue[i])}") for i in near)
    guess = "您是不是想说下面的？" if near else f"换一{unit(state.domain)}，或者说说想看什么类型，我来推荐。"
    return Reply(
        text=f"我的片库里没有找到{names}。{guess}",
        capability="recommend", band="suggest", confidence=confidence, buttons=buttons,
        data=data(state, candidates=[row(catalogue[i], 0.0, "") for i in near]),
    )  # fmt: skip
