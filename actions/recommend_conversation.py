"""One turn of the conversation about films (or another domain): from what was said to the reply and the new memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actions import recommend_answers
from actions import recommend_replies as say
from actions.recommend_lists import ask, recommend
from actions.recommend_service import RecommendService
from actions.recommend_state import LISTS, SLOT, TASTE_SLOT, State, merged
from actions.recommend_talk import LIST_LENGTH, TRY, Talk
from actions.reply import Button, Reply
from actions.skill import ANSWERED, Outcome, Turn
from models.recommender.constraints import Constraints
from models.recommender.errors import ContradictionError
from models.recommender.language import Message
from models.recommender.mentions import Mention
from models.recommender.taste import Taste

ANSWERS: dict[str, Callable[[Talk], Reply]] = {
    "forget_all": recommend_answers.forget_all,
    "forget": recommend_answers.forget,
    "profile": recommend_answers.profile,
    "why": recommend_answers.why,
    "about": recommend_answers.about,
}


def converse(turn: Turn, service: RecommendService) -> Outcome:
    """Answer one turn. Slots: ``recommend_state`` (this conversation) and ``taste`` (kept for long)."""
    state = State.from_dict(turn.slots.get(SLOT))
    stored = turn.slots.get(TASTE_SLOT)
    tastes = dict(stored) if isinstance(stored, dict) else {}
    shelf = service.shelves.get(state.domain) or next(iter(service.shelves.values()), None)
    if shelf is None:
        return Outcome(
            Reply(text=service.notice, capability="recommend", band="refuse", confidence=_sure(turn)), ANSWERED
        )
    message = shelf.language.understand(turn.text)
    domain = message.domain if message.domain != "film" or "film" in service.shelves else state.domain
    if message.domain == "film" and state.domain != "film" and not message.fresh:
        domain = state.domain
    if domain not in service.shelves:
        return _other_domain(domain, service, state, turn)
    if domain != state.domain or shelf is not service.shelves[domain]:
        state, shelf = State(domain=domain), service.shelves[domain]
        message = shelf.language.understand(turn.text)
    talk = Talk(shelf.recommender, state, Taste.from_dict(tastes.get(domain)), message, _sure(turn))
    reply = answer(talk)
    tastes[domain] = talk.taste.as_dict()
    kept = {name: each for name, each in tastes.items() if Taste.from_dict(each)}
    return Outcome(reply, {SLOT: talk.state.as_dict(), TASTE_SLOT: kept or None, **ANSWERED})


_POLITE = re.compile(
    r"^(?:谢谢|多谢|谢了|感谢|好的?|好呀|嗯+|行|可以|ok|收到|明白|知道了)[你您了啊呀吧哈哦~!！,，。 ]*$"
)
_OLDER = re.compile(r"老|旧|早|最初|原版")
_NEWER = re.compile(r"新|后来|翻拍|重拍")


def _sure(turn: Turn) -> float:
    return min(1.0, max(0.0, turn.intent_confidence))


def _other_domain(domain: str, service: RecommendService, state: State, turn: Turn) -> Outcome:
    have = "、".join(say.domain_name(name) for name in service.shelves)
    text = f"{say.domain_name(domain)}我还推荐不了，手上没有相应的评分数据，不想凑数。现在能推荐的是{have}。"
    reply = Reply(
        text=text, capability="recommend", band="refuse", confidence=_sure(turn), buttons=TRY[:2], data=say.data(state)
    )
    return Outcome(reply, ANSWERED)


def answer(talk: Talk) -> Reply:
    """Dispatch on the act."""
    message = talk.message
    if message.act in ANSWERS:
        return ANSWERS[message.act](talk)
    _settle(talk)
    message = talk.message
    unclear = _unclear(talk)
    _take_in(talk)
    if unclear is not None:
        return unclear
    if message.act in ("seen", "reject"):
        if talk.chosen() is None:
            return talk.no_such_place()
        _react(talk)
    elif message.act in ("start_over", "use_profile"):
        talk.state = replace(talk.state, wishes=message.wishes, similar=(), diversity=None, better=False)
    elif message.act == "state" and _nothing_said(message):
        return ask(talk) if talk.state.asking else _acknowledged(talk) or _not_understood(talk)
    else:
        talk.state = merged(talk.state, message)
    try:
        talk.state.wishes.check()
    except ContradictionError as error:
        return _contradiction(talk, error.user_message)
    return recommend(talk)


def _settle(talk: Talk) -> None:
    """The answer to "which one": 吴宇森那部, 1968年的, 老的, 第二部. The question is not asked again."""
    message, pending = talk.message, talk.state.pending
    role, talk.state = talk.state.pending_role, replace(talk.state, pending=(), pending_role="")
    if not pending or message.titles or message.unclear:
        return
    wishes = replace(
        Constraints(), directors=message.wishes.directors, actors=message.wishes.actors, years=message.wishes.years
    )
    codes = talk.catalogue.codes(pending)
    allowed = talk.catalogue.allowed(wishes)
    left = [i for i, code in zip(pending, codes, strict=True) if allowed[code]] if wishes.fields else []
    if message.places:
        left = [pending[p - 1 if p > 0 else -1] for p in message.places[:1] if p <= len(pending)]
    elif len(left) != 1 and (message.wishes.years or _OLDER.search(message.text)):
        by_year = sorted(left or pending, key=lambda i: talk.catalogue[i].year or 0)
        left = by_year[:1] if _OLDER.search(message.text) else by_year[-1:] if _NEWER.search(message.text) else left
    if len(left) == 1:
        role = "liked" if role == "mentioned" else role
        named: dict[str, Any] = {role: tuple(left)}
        talk.message = replace(message, wishes=Constraints(), places=(), act="state", **named)


def _take_in(talk: Talk) -> None:
    message = talk.message
    talk.taste = talk.taste.with_titles(message.liked, message.disliked, message.seen)
    if message.durable:
        talk.taste = talk.taste.with_wishes(message.wishes)
    if len(message.titles) > LIST_LENGTH:
        talk.notes.append(
            f"您一口气说了 {len(message.titles) + len(message.unclear)} 个片名，我认出 {len(message.titles)} 个，都记下了。"
        )
    elif message.seen:
        talk.notes.append("记下了，看过的不再推荐。")
    unknown = [m for m in message.unclear if m.resolution.status == "unknown"]
    if unknown:
        names = "、".join(f"《{m.text}》" for m in unknown[:4])
        near = [talk.catalogue[i] for m in unknown for i in m.resolution.items[:1]]
        guess = f"（最接近的是{'、'.join(say.named(i) for i in near[:3])}）" if near else ""
        talk.notes.append(f"片库里没有找到{names}{' 等' if len(unknown) > 4 else ''}{guess}。")
    vague = [m for m in message.unclear if m.resolution.status == "ambiguous"]
    if vague and message.titles:
        talk.notes.append(f"“{vague[0].text}”不止一部，请说出全名或年份。")


def _unclear(talk: Talk) -> Reply | None:
    """Ask which title is meant when nothing else was said that one could go by."""
    message = talk.message
    vague = [m for m in message.unclear if m.resolution.status == "ambiguous"]
    if vague and not message.titles:
        talk.state = replace(merged(talk.state, message), pending=vague[0].resolution.items, pending_role=vague[0].role)
        return say.which_one(vague[0], talk.catalogue, talk.state, talk.confidence)
    unknown: list[Mention] = [m for m in message.unclear if m.resolution.status == "unknown"]
    if unknown and not message.titles and not message.wishes.fields:
        return say.not_found(unknown, talk.catalogue, talk.state, talk.confidence)
    return None


def _nothing_said(message: Message) -> bool:
    return not (message.titles or message.wishes.fields or message.change or message.drops or message.count)


def _acknowledged(talk: Talk) -> Reply | None:
    """A word of thanks or consent in the middle of the talk."""
    if not _POLITE.match(talk.message.text):
        return None
    return talk.reply("不客气，想换一批或者换个口味，随时告诉我。", buttons=(say.MORE, say.PROFILE))


def _not_understood(talk: Talk) -> Reply:
    text = "我没有完全明白您想看什么。可以说一部喜欢的片子，或者类型、年代、国家、导演，比如“推荐几部像《霸王别姬》的电影”。"
    return talk.reply(
        text,
        band="suggest",
        buttons=TRY,
    )


def _react(talk: Talk) -> None:
    """Items of the list were seen or turned down."""
    message, chosen = talk.message, talk.chosen() or ()
    if message.act == "seen":
        talk.taste = talk.taste.with_titles(seen=chosen)
        if chosen:
            talk.notes.append(f"记下了，看过的 {len(chosen)} {say.unit(talk.state.domain)}不再推荐。")
    elif message.places or message.it or message.titles:
        talk.taste = talk.taste.with_titles(disliked=chosen)
        talk.notes.append(f"好的，{'、'.join(say.named(talk.catalogue[i]) for i in chosen[:3])}不再推荐。")
    else:
        # Nobody dislikes five films for not being in the mood: they only stay away; 都没看过 says nothing about them.
        if not message.unknown:
            talk.taste = talk.taste.declining(chosen)
        talk.notes.append("好的，这几部不再推荐，换一批。")
    if message.wishes.fields:
        talk.state = merged(talk.state, message)


def _contradiction(talk: Talk, text: str) -> Reply:
    wishes = talk.state.wishes
    both = [t for t in wishes.genres if t in wishes.exclude_genres]
    buttons = tuple(
        b
        for t in both
        for b in (Button(title=f"要{t}片", payload=f"推荐{t}片"), Button(title=f"不要{t}片", payload=f"不要{t}片"))
    )
    # Neither side is taken as said until the person has chosen.
    reversed_ = {n: b for n in ("years", "runtime") if (b := getattr(wishes, n)) and None not in b and b[0] > b[1]}
    open_again: dict[str, Any] = dict.fromkeys(reversed_)
    for name in LISTS:
        wanted, against = getattr(wishes, name), getattr(wishes, f"exclude_{name}")
        open_again[name] = tuple(t for t in wanted if t not in against)
        open_again[f"exclude_{name}"] = tuple(t for t in against if t not in wanted)
    talk.state = replace(talk.state, wishes=replace(wishes, **open_again))
    return talk.reply(
        text,
        band="suggest",
        buttons=buttons,
    )
