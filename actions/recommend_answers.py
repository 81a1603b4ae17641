"""Answers about items and about the person: what a film is about, why it was recommended, what is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actions import recommend_replies as say
from actions.recommend_state import LISTS, State
from actions.recommend_talk import LIST_LENGTH, TRY, Talk
from actions.reply import Button, Reply
from models.recommender.taste import Taste


def about(talk: Talk) -> Reply:
    """What one item is about and who made it."""
    unclear = talk.message.unclear
    if unclear and not talk.message.titles:
        if unclear[0].resolution.status == "ambiguous":
            return say.which_one(unclear[0], talk.catalogue, talk.state, talk.confidence)
        return say.not_found(unclear, talk.catalogue, talk.state, talk.confidence)
    chosen = talk.chosen()
    if not chosen:
        return talk.no_such_place()
    items = [talk.catalogue[i] for i in chosen[:LIST_LENGTH]]
    talk.state = replace(talk.state, focus=items[-1].id)
    text = "\n\n".join(say.facts(item, talk.state.domain) for item in items)
    name = say.titled(items[0])
    buttons = (
        Button(title="看过了", payload=f"{name}看过了"),
        Button(title="不感兴趣", payload=f"我不喜欢{name}"),
        Button(title="类似的还有吗", payload=f"推荐像{name}这样的"),
    )
    return talk.reply(text, buttons=buttons, about=[i.id for i in items])


def why(talk: Talk) -> Reply:
    """The reasons for the list or one item of it, as they were computed."""
    chosen = talk.chosen()
    if not chosen:
        return talk.no_such_place()
    known = dict(zip(talk.state.items, talk.state.reasons, strict=True))
    told = [(i, known.get(i, "")) for i in chosen]
    lines = [f"{say.named(talk.catalogue[i])}：{why}。" for i, why in told if why]
    if not lines:
        text = (
            "这部不是我推荐的，所以没有推荐理由。"
            if talk.message.titles
            else "这几部是请您先挑一挑的名片，还不是推荐。"
        )
    else:
        wishes = talk.wishes()
        basis = f"它们都符合您要的条件：{say.described(wishes, talk.state.domain)}。\n" if wishes.fields else ""
        text = basis + "\n".join(lines)
    if len(chosen) == 1:
        talk.state = replace(talk.state, focus=chosen[0])
    explained = [{"id": i, "reason": why} for i, why in told if why]
    return talk.reply(
        text,
        buttons=(say.MORE, say.PROFILE),
        explanation=explained,
    )


def profile(talk: Talk) -> Reply:
    """What is remembered about the person."""
    if not talk.taste:
        text = "我还没有记下您的口味。说几部喜欢或不喜欢的片子，我就会记住。"
        return talk.reply(
            text,
            buttons=TRY[:2],
            profile=talk.taste.as_dict(),
        )
    text = f"您的口味我记着这些：\n{talk.taste.described(talk.catalogue)}\n想改就直接说，比如“忘掉《片名》”“忘掉我说过的一切”。"
    buttons = (
        Button(title="根据我的口味推荐", payload="根据我的口味推荐"),
        Button(title="全部忘掉", payload="忘掉我的所有口味"),
    )
    return talk.reply(
        text,
        buttons=buttons,
        profile=talk.taste.as_dict(),
    )


def forget(talk: Talk) -> Reply:
    """Forget titles and tags that are named, in the taste and in the present request."""
    message = talk.message
    titles = (*message.titles, *(talk.chosen() or ())) if message.places else message.titles
    before, old = talk.taste, talk.state.wishes
    talk.taste = talk.taste.without(titles, message.wishes)
    gone = {f: tuple({*getattr(message.wishes, f), *getattr(message.wishes, f"exclude_{f}")}) for f in LISTS}
    values: dict[str, Any] = {
        f"{p}{f}": tuple(t for t in getattr(old, f"{p}{f}") if t not in tags)
        for f, tags in gone.items()
        for p in ("", "exclude_")
    }
    talk.state = replace(
        talk.state, wishes=replace(old, **values), similar=tuple(i for i in talk.state.similar if i not in titles)
    )
    names = [say.named(talk.catalogue[i]) for i in titles] + [f"“{t}”" for tags in gone.values() for t in tags]
    if not names:
        text = "要忘掉哪一条？可以说片名、类型或导演，比如“忘掉我喜欢恐怖片”；也可以说“全部忘掉”。"
        return talk.reply(
            text,
            band="suggest",
            buttons=(say.PROFILE,),
        )
    known = talk.taste != before or talk.state.wishes != old
    text = f"好的，{'、'.join(names)}我已经忘掉了。" if known else f"我本来就没有记着{'、'.join(names)}，现在也不会记。"
    return talk.reply(
        text,
        buttons=(say.PROFILE,),
        forgotten=names,
    )


def forget_all(talk: Talk) -> Reply:
    """Forget everything."""
    talk.taste, talk.state = Taste(), State(domain=talk.state.domain)
    text = "好的，您的口味、看过和不喜欢的记录我已经全部忘掉，从现在起重新认识您。"
    return talk.reply(
        text,
        buttons=TRY[:2],
        forgotten=["all"],
    )
