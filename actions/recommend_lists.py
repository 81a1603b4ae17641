"""Lists of recommendations: the search, giving up wishes that cannot be met, and questions when nothing is known."""

from __future__ import annotations

from dataclasses import replace

from actions import recommend_replies as say
from actions.recommend_talk import LIST_LENGTH, TRY, Talk
from actions.reply import Button, Reply
from models.recommender.constraints import Constraints
from models.recommender.model import DIVERSITY, Recommendation
from models.recommender.reasons import sentence
from models.recommender.taste import LIKED_RATING

MOST_QUESTIONS = 3
QUESTION_LENGTH = 5
QUESTION_POOL = 60
BETTER_POOL = 6


def recommend(talk: Talk) -> Reply:
    """The list for the present request; or a question about taste, or which wish to give up."""
    state, wishes = talk.state, talk.wishes()
    liked = dict.fromkeys(state.similar, LIKED_RATING) or talk.taste.ratings
    if not liked and not wishes.fields and state.diversity is None and not state.better:
        preferred = _preferred(talk)
        if preferred is None and state.asked < MOST_QUESTIONS:
            return ask(talk)
        wishes = preferred or wishes
    n = state.count or LIST_LENGTH
    found = _search(talk, liked, wishes, n)
    if not found and talk.message.act != "more" and (found := _search(talk, liked, wishes, n, again=True)):
        talk.notes.append("没有更多新的了，下面的刚才已经给您看过。")
    if not found:
        wishes, found = _relaxed(talk, liked, wishes, n)
    if not found:
        return _nothing_left(talk, wishes)
    said = "您提到" if state.similar else "您喜欢"
    reasons = tuple(sentence(r.reason, talk.catalogue).replace("您喜欢", said) for r in found)
    talk.state = replace(talk.state.showing(tuple(r.item_id for r in found), reasons), asking=False)
    items = [talk.catalogue[r.item_id] for r in found]
    text = _headline(talk, found, wishes, n)
    rows = [say.row(i, r.score, why) for i, r, why in zip(items, found, reasons, strict=True)]
    return talk.reply(
        text,
        cards=tuple(say.card(item, why) for item, why in zip(items, reasons, strict=True)),
        buttons=(say.MORE, Button(title="为什么推荐这些", payload="为什么推荐这些"), say.PROFILE),
        items=rows,
    )


def _search(
    talk: Talk, liked: dict[str, float], wishes: Constraints, n: int, *, again: bool = False
) -> list[Recommendation]:
    """``again``: what was shown before may come once more, but not what was seen or turned down."""
    gone = {*talk.taste.seen, *talk.taste.liked, *talk.taste.declined, *talk.state.similar}
    gone |= set() if again else set(talk.state.shown)
    diversity = DIVERSITY if talk.state.diversity is None else talk.state.diversity
    found = talk.recommender.recommend(
        liked,
        talk.taste.disliked,
        gone,
        constraints=wishes,
        n=n * BETTER_POOL if talk.state.better else n,
        diversity=diversity,
    )
    if talk.state.better:
        found = tuple(sorted(found, key=lambda r: -r.predicted)[:n])
    return list(found)


def _relaxed(
    talk: Talk, liked: dict[str, float], wishes: Constraints, n: int
) -> tuple[Constraints, list[Recommendation]]:
    """Give up what was asked for earlier, then the mood, one at a time; what is turned down stays turned down."""
    said = talk.message.wishes.fields
    earlier = [f for f in wishes.fields if f in say.FIELDS and f not in said]
    helpful = [f for f, _ in talk.catalogue.relaxations(wishes) if f in earlier]
    attempts: list[tuple[str, ...]] = [(f,) for f in (*helpful, *(f for f in earlier if f not in helpful))]
    attempts += [tuple(earlier)] if len(earlier) > 1 else []
    attempts += [("moods",)] if "moods" in said and len(wishes.fields) > 1 else []
    for fields in attempts:
        looser, kept = wishes, talk.state.wishes
        for f in fields:
            looser, kept = looser.without(f), kept.without(f)
        found = _search(talk, liked, looser, n)
        if found:
            names = "、".join(say.FIELDS[f] for f in fields)
            talk.notes.append(f"{say.described(wishes, talk.state.domain)}没有（或者都看过了），先放宽了{names}。")
            talk.state = replace(talk.state, wishes=kept)
            return looser, found
    return wishes, []


def _headline(talk: Talk, found: list[Recommendation], wishes: Constraints, n: int) -> str:
    domain, similar = talk.state.domain, [f"《{talk.catalogue[i].title}》" for i in talk.state.similar]
    what = say.described(wishes, domain) if wishes.fields else say.domain_name(domain)
    like = f"像{'、'.join(similar)}的" if similar else ""
    by = "按您的口味，" if talk.taste.liked and not similar else ""
    few = f"，符合的只有这 {len(found)} {talk.unit}" if len(found) < min(n, LIST_LENGTH) else ""
    return f"{by}为您挑了 {len(found)} {talk.unit}{like}{what}{few}："


def _preferred(talk: Talk) -> Constraints | None:
    """The genre or mood liked most recently, when no title is known."""
    for field, tag in reversed(talk.taste.prefers):
        if field in ("genres", "moods", "directors", "actors", "countries"):
            return talk.taste.avoiding(Constraints(**{field: (tag,)}))  # type: ignore[arg-type]
    return None


def _nothing_left(talk: Talk, wishes: Constraints) -> Reply:
    what = say.described(wishes, talk.state.domain)
    n = int(talk.catalogue.allowed(wishes).sum())
    if n:
        text = f"{what}一共 {n} {talk.unit}，都已经给您看过或者您看过了。放宽一个条件，我再找找。"
    else:
        text = f"片库里没有{what}，这几个条件合在一起太严了。放宽哪一个？"
    fields = [f for f, _ in talk.catalogue.relaxations(wishes)] if not n else list(wishes.fields)
    buttons = tuple(
        Button(title=f"不限{say.FIELDS[f]}", payload=f"不限{say.FIELDS[f]}") for f in fields if f in say.FIELDS
    )
    return talk.reply(
        text,
        band="suggest",
        buttons=buttons[:4] or TRY,
    )


def ask(talk: Talk) -> Reply:
    """A few well known films that differ from each other, to react to."""
    gone = {*talk.taste.seen, *talk.taste.disliked, *talk.taste.declined, *talk.state.shown}
    pool = talk.recommender.recommend({}, seen=gone, n=QUESTION_POOL, diversity=0.0)
    chosen: list[str] = []
    near: set[str] = set()
    genres: set[str] = set()
    for each in pool:
        item = talk.catalogue[each.item_id]
        if each.item_id in near or (item.genres and item.genres[0] in genres):
            continue
        chosen.append(each.item_id)
        genres.update(item.genres[:1])
        near.update(other for other, _ in talk.recommender.similar(each.item_id, 20))
        if len(chosen) == QUESTION_LENGTH:
            break
    items = [talk.catalogue[i] for i in chosen]
    asked = talk.state.asked + 1
    talk.state = replace(talk.state.showing(tuple(chosen), ("",) * len(chosen)), asked=asked, asking=True)
    lead = "我还不了解您的口味。" if asked == 1 else "那再看看这几部。"
    text = f"{lead}下面几部里有您喜欢的吗？点一下，或者直接说一部喜欢的片子、想看的类型，我就能推荐了。"
    return talk.reply(
        text,
        band="suggest",
        cards=tuple(say.question_card(item) for item in items),
        buttons=(Button(title="都没看过，换几部", payload="都没看过，换几部"),),
        items=[say.row(item, 0.0, "") for item in items],
        question=asked,
    )
