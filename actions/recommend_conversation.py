"""One turn of the conversation about films (or another domain): from what was said to the reply and the new memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actions import recommend_replies as say
from actions.recommend_service import RecommendService, Shelf
from actions.recommend_state import SLOT, TASTE_SLOT, State, merged
from actions.reply import Button, Reply
from actions.skill import Outcome, Turn
from models.recommender.constraints import Constraints
from models.recommender.errors import ContradictionError
from models.recommender.language import Message
from models.recommender.mentions import Mention
from models.recommender.model import Recommendation
from models.recommender.reasons import sentence
from models.recommender.taste import LIKED_RATING, Taste

LIST_LENGTH = 5
DIVERSITY = 0.3
MOST_QUESTIONS = 3
QUESTION_LENGTH = 5
QUESTION_POOL = 60
BETTER_POOL = 6
TRY = (
    Button(title="推荐几部科幻片", payload="推荐几部科幻片"),
    Button(title="像《霸王别姬》的电影", payload="推荐几部像《霸王别姬》的电影"),
    Button(title="我的口味", payload="我的口味是什么"),
)


def converse(turn: Turn, service: RecommendService) -> Outcome:
    """Answer one turn. Slots: ``recommend_state`` (this conversation) and ``taste`` (kept for long)."""
    state = State.from_dict(turn.slots.get(SLOT))
    stored = turn.slots.get(TASTE_SLOT)
    tastes = dict(stored) if isinstance(stored, dict) else {}
    shelf = service.shelves.get(state.domain) or next(iter(service.shelves.values()), None)
    if shelf is None:
        return Outcome(Reply(text=service.notice, capability="recommend", band="refuse", confidence=_sure(turn)), _DONE)
    message = shelf.language.understand(turn.text)
    domain = message.domain if message.domain != "film" or "film" in service.shelves else state.domain
    if message.domain == "film" and state.domain != "film" and not message.fresh:
        domain = state.domain
    if domain not in service.shelves:
        return _other_domain(domain, service, state, turn)
    if domain != state.domain or shelf is not service.shelves[domain]:
        state, shelf = State(domain=domain), service.shelves[domain]
        message = shelf.language.understand(turn.text)
    conversation = _Conversation(shelf, state, Taste.from_dict(tastes.get(domain)), message, _sure(turn))
    reply = conversation.answer()
    tastes[domain] = conversation.taste.as_dict()
    kept = {name: each for name, each in tastes.items() if Taste.from_dict(each)}
    return Outcome(reply, {SLOT: conversation.state.as_dict(), TASTE_SLOT: kept or None, **_DONE})


_DONE: dict[str, Any] = {"misses": 0, "offer": None}


def _sure(turn: Turn) -> float:
    return min(1.0, max(0.0, turn.intent_confidence))


def _other_domain(domain: str, service: RecommendService, state: State, turn: Turn) -> Outcome:
    have = "、".join(say.domain_name(name) for name in service.shelves)
    text = f"{say.domain_name(domain)}我还推荐不了，手上没有相应的评分数据，不想凑数。现在能推荐的是{have}。"
    reply = Reply(text=text, capability="recommend", band="refuse", confidence=_sure(turn), buttons=TRY[:2], data=say.data(state))
    return Outcome(reply, _DONE)


class _Conversation:
    """One turn in progress: ``state`` and ``taste`` are replaced as the message is taken in."""

    def __init__(self, shelf: Shelf, state: State, taste: Taste, message: Message, confidence: float) -> None:
        self.recommender, self.catalogue = shelf.recommender, shelf.recommender.catalogue
        self.state, self.taste, self.message, self.confidence = state, taste, message, confidence
        self.notes: list[str] = []

    def answer(self) -> Reply:
        """Dispatch on the act."""
        act = self.message.act
        if act in ("forget_all", "forget", "profile", "why", "about"):
            return getattr(self, f"_{act}")()  # type: ignore[no-any-return]
        unclear = self._unclear()
        self._take_in()
        if unclear is not None:
            return unclear
        if act in ("seen", "reject"):
            missing = self._react(act)
            if missing is not None:
                return missing
        elif act in ("start_over", "use_profile"):
            self.state = replace(self.state, wishes=self.message.wishes, similar=(), diversity=None, better=False)
        elif act == "state" and self._nothing_said():
            return self._not_understood()
        else:
            self.state = merged(self.state, self.message)
        try:
            self._check()
        except ContradictionError as error:
            return self._contradiction(error.user_message)
        return self._recommend()

    # What was said about titles and tastes

    def _take_in(self) -> None:
        message = self.message
        self.taste = self.taste.with_titles(message.liked, message.disliked, message.seen)
        if message.durable:
            self.taste = self.taste.with_wishes(message.wishes)
        if len(message.titles) > LIST_LENGTH:
            self.notes.append(f"您一口气说了 {len(message.titles) + len(message.unclear)} 个片名，我认出 {len(message.titles)} 个，都记下了。")
        elif message.seen:
            self.notes.append("记下了，看过的不再推荐。")
        unknown = [m for m in message.unclear if m.resolution.status == "unknown"]
        if unknown:
            names = "、".join(f"《{m.text}》" for m in unknown[:4])
            near = [self.catalogue[i] for m in unknown for i in m.resolution.items[:1]]
            guess = f"（最接近的是{'、'.join(say.named(i) for i in near[:3])}）" if near else ""
            self.notes.append(f"片库里没有找到{names}{' 等' if len(unknown) > 4 else ''}{guess}。")
        vague = [m for m in message.unclear if m.resolution.status == "ambiguous"]
        if vague and message.titles:
            self.notes.append(f"“{vague[0].text}”不止一部，请说出全名或年份。")

    def _unclear(self) -> Reply | None:
        """Ask which title is meant when nothing else was said that one could go by."""
        message = self.message
        vague = [m for m in message.unclear if m.resolution.status == "ambiguous"]
        if vague and not message.titles:
            self.state = merged(self.state, message)
            return say.which_one(vague[0], self.catalogue, self.state, self.confidence)
        unknown: list[Mention] = [m for m in message.unclear if m.resolution.status == "unknown"]
        if unknown and not message.titles and not message.wishes.fields:
            return say.not_found(unknown, self.catalogue, self.state, self.confidence)
        return None

    def _nothing_said(self) -> bool:
        message = self.message
        return not (message.titles or message.wishes.fields or message.change or message.drops or message.count)

    def _not_understood(self) -> Reply:
        near = self.recommender and self.message.text
        if self.state.asking and near:
            return self._ask()
        text = "我没有完全明白您想看什么。可以说一部喜欢的片子，或者类型、年代、国家、导演，比如“推荐几部像《霸王别姬》的电影”。"
        return Reply(text=text, capability="recommend", band="suggest", confidence=self.confidence, buttons=TRY, data=say.data(self.state))

    # Reactions to the list

    def _chosen(self) -> tuple[str, ...] | None:
        """Which items of the list are meant; None when a position does not exist."""
        message, items = self.message, self.state.items
        if message.titles:
            return message.titles
        if message.places:
            if any(place > len(items) or not items for place in message.places):
                return None
            return tuple(items[place - 1] if place > 0 else items[-1] for place in message.places)
        if message.it and self.state.focus:
            return (self.state.focus,)
        return items if message.all or not message.it or len(items) == 1 else items[:1]

    def _react(self, act: str) -> Reply | None:
        chosen = self._chosen()
        if chosen is None:
            return self._no_such_place()
        message = self.message
        if act == "seen":
            self.taste = self.taste.with_titles(seen=chosen)
            if chosen:
                self.notes.append(f"记下了，看过的 {len(chosen)} {say.unit(self.state.domain)}不再推荐。")
        elif message.places or message.it or message.titles:
            self.taste = self.taste.with_titles(disliked=chosen)
            self.notes.append(f"好的，{'、'.join(say.named(self.catalogue[i]) for i in chosen[:3])}不再推荐。")
        else:
            # Nobody dislikes five films for not being in the mood: they only stay away.
            self.taste = self.taste.with_titles(seen=chosen)
            self.notes.append("好的，这几部不再推荐，换一批。")
        if message.wishes.fields:
            self.state = merged(self.state, message)
        return None

    def _no_such_place(self) -> Reply:
        n = len(self.state.items)
        text = f"刚才只有 {n} {say.unit(self.state.domain)}，请再说一下是第几{say.unit(self.state.domain)}。" if n else "我还没有推荐过，先说说您想看什么吧。"
        return Reply(text=text, capability="recommend", band="suggest", confidence=self.confidence, buttons=() if n else TRY, data=say.data(self.state))

    # Lists

    def _wishes(self) -> Constraints:
        return self.taste.avoiding(self.state.wishes)

    def _check(self) -> None:
        self.state.wishes.check()

    def _recommend(self) -> Reply:
        state, wishes = self.state, self._wishes()
        liked = dict.fromkeys(state.similar, LIKED_RATING) or self.taste.ratings
        if not liked and not wishes.fields and state.diversity is None and not state.better:
            preferred = self._preferred()
            if preferred is None and state.asked < MOST_QUESTIONS:
                return self._ask()
            wishes = preferred or wishes
        n = state.count or LIST_LENGTH
        found = self._search(liked, wishes, n)
        if not found:
            return self._nothing_left(wishes)
        said = "您提到" if state.similar else "您喜欢"
        reasons = tuple(sentence(r.reason, self.catalogue).replace("您喜欢", said) for r in found)
        self.state = replace(state.showing(tuple(r.item_id for r in found), reasons), asking=False)
        items = [self.catalogue[r.item_id] for r in found]
        text = self._headline(found, wishes, n)
        rows = [say.row(i, r.score, why) for i, r, why in zip(items, found, reasons, strict=True)]
        return Reply(
            text=text, capability="recommend", confidence=self.confidence,
            cards=tuple(say.card(item, why) for item, why in zip(items, reasons, strict=True)),
            buttons=(say.MORE, Button(title="为什么推荐这些", payload="为什么推荐这些"), say.PROFILE),
            data=say.data(self.state, rows),
        )  # fmt: skip

    def _search(self, liked: dict[str, float], wishes: Constraints, n: int) -> list[Recommendation]:
        gone = {*self.taste.seen, *self.taste.liked, *self.state.shown}
        diversity = DIVERSITY if self.state.diversity is None else self.state.diversity
        found = self.recommender.recommend(
            liked,
            self.taste.disliked,
            gone,
            constraints=wishes,
            n=n * BETTER_POOL if self.state.better else n,
            diversity=diversity,
        )
        if self.state.better:
            found = tuple(sorted(found, key=lambda r: -r.predicted)[:n])
        return list(found)

    def _headline(self, found: list[Recommendation], wishes: Constraints, n: int) -> str:
        domain, similar = self.state.domain, [f"《{self.catalogue[i].title}》" for i in self.state.similar]
        what = say.described(wishes, domain) if wishes.fields else say.domain_name(domain)
        like = f"像{'、'.join(similar)}的" if similar else ""
        by = "按您的口味，" if self.taste.liked and not similar else ""
        few = f"，符合的只有这 {len(found)} {say.unit(domain)}" if len(found) < min(n, LIST_LENGTH) else ""
        return "\n".join([*self.notes, f"{by}为您挑了 {len(found)} {say.unit(domain)}{like}{what}{few}："])

    def _preferred(self) -> Constraints | None:
        """The genre or mood liked most recently, when no title is known."""
        for field, tag in reversed(self.taste.prefers):
            if field in ("genres", "moods", "directors", "actors", "countries"):
                return self.taste.avoiding(Constraints(**{field: (tag,)}))  # type: ignore[arg-type]
        return None

    def _nothing_left(self, wishes: Constraints) -> Reply:
        what = say.described(wishes, self.state.domain)
        n = int(self.catalogue.allowed(wishes).sum())
        if n:
            text = f"{what}一共 {n} {say.unit(self.state.domain)}，都已经给您看过或者您看过了。放宽一个条件，我再找找。"
        else:
            text = f"片库里没有{what}，这几个条件合在一起太严了。放宽哪一个？"
        fields = [f for f, _ in self.catalogue.relaxations(wishes)] if not n else list(wishes.fields)
        buttons = tuple(Button(title=f"不限{say.FIELDS[f]}", payload=f"不限{say.FIELDS[f]}") for f in fields if f in say.FIELDS)
        return Reply(
            text="\n".join([*self.notes, text]), capability="recommend", band="suggest", confidence=self.confidence,
            buttons=buttons[:4] or TRY, data=say.data(self.state),
        )  # fmt: skip

    def _contradiction(self, text: str) -> Reply:
        wishes = self.state.wishes
        both = [t for t in wishes.genres if t in wishes.exclude_genres]
        buttons = tuple(b for t in both for b in (Button(title=f"要{t}片", payload=f"推荐{t}片"), Button(title=f"不要{t}片", payload=f"不要{t}片")))
        self.state = replace(
            self.state,
            wishes=replace(
                wishes,
                **{f"{p}{f}": tuple(t for t in getattr(wishes, f"{p}{f}") if t not in (getattr(wishes, f) if p else getattr(wishes, f"exclude_{f}")))
                   for f in ("genres", "moods", "countries", "directors", "actors") for p in ("", "exclude_")},
            ),
        )  # fmt: skip
        return Reply(text=text, capability="recommend", band="suggest", confidence=self.confidence, buttons=buttons, data=say.data(self.state))

    def _ask(self) -> Reply:
        """A few well known films that differ from each other, to react to."""
        gone = {*self.taste.seen, *self.taste.disliked, *self.state.shown}
        pool = self.recommender.recommend({}, seen=gone, n=QUESTION_POOL, diversity=0.0)
        chosen: list[str] = []
        near: set[str] = set()
        genres: set[str] = set()
        for each in pool:
            item = self.catalogue[each.item_id]
            if each.item_id in near or (item.genres and item.genres[0] in genres):
                continue
            chosen.append(each.item_id)
            genres.update(item.genres[:1])
            near.update(other for other, _ in self.recommender.similar(each.item_id, 20))
            if len(chosen) == QUESTION_LENGTH:
                break
        items = [self.catalogue[i] for i in chosen]
        asked = self.state.asked + 1
        self.state = replace(self.state.showing(tuple(chosen), ("",) * len(chosen)), asked=asked, asking=True)
        lead = "我还不了解您的口味。" if asked == 1 else "那再看看这几部。"
        text = f"{lead}下面几部里有您喜欢的吗？点一下，或者直接说一部喜欢的片子、想看的类型，我就能推荐了。"
        return Reply(
            text="\n".join([*self.notes, text]), capability="recommend", band="suggest", confidence=self.confidence,
            cards=tuple(say.question_card(item) for item in items),
            buttons=(Button(title="都没看过，换几部", payload="都没看过，换几部"),),
            data=say.data(self.state, [say.row(item, 0.0, "") for item in items], question=asked),
        )  # fmt: skip

    # Questions about items, and about the profile

    def _about(self) -> Reply:
        vague = [m for m in self.message.unclear]
        if vague and not self.message.titles:
            ask = say.which_one if vague[0].resolution.status == "ambiguous" else None
            if ask:
                return ask(vague[0], self.catalogue, self.state, self.confidence)
            return say.not_found(vague, self.catalogue, self.state, self.confidence)
        chosen = self._chosen()
        if not chosen:
            return self._no_such_place()
        items = [self.catalogue[i] for i in chosen[:LIST_LENGTH]]
        self.state = replace(self.state, focus=items[-1].id)
        text = "\n\n".join(say.facts(item, self.state.domain) for item in items)
        name = say.titled(items[0])
        buttons = (
            Button(title="看过了", payload=f"{name}看过了"),
            Button(title="不感兴趣", payload=f"我不喜欢{name}"),
            Button(title="类似的还有吗", payload=f"推荐像{name}这样的"),
        )
        return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=buttons,
                     data=say.data(self.state, about=[i.id for i in items]))  # fmt: skip

    def _why(self) -> Reply:
        chosen = self._chosen()
        if not chosen:
            return self._no_such_place()
        known = dict(zip(self.state.items, self.state.reasons, strict=True))
        told = [(i, known.get(i, "")) for i in chosen]
        lines = [f"{say.named(self.catalogue[i])}：{why}。" for i, why in told if why]
        if not lines:
            text = "这部不是我推荐的，所以没有推荐理由。" if self.message.titles else "这几部是请您先挑一挑的名片，还不是推荐。"
        else:
            wishes = self._wishes()
            basis = f"它们都符合您要的条件：{say.described(wishes, self.state.domain)}。\n" if wishes.fields else ""
            text = basis + "\n".join(lines)
        if len(chosen) == 1:
            self.state = replace(self.state, focus=chosen[0])
        explained = [{"id": i, "reason": why} for i, why in told if why]
        return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=(say.MORE, say.PROFILE), data=say.data(self.state, explanation=explained))

    def _profile(self) -> Reply:
        if not self.taste:
            text = "我还没有记下您的口味。说几部喜欢或不喜欢的片子，我就会记住。"
            return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=TRY[:2], data=say.data(self.state, profile=self.taste.as_dict()))
        text = f"您的口味我记着这些：\n{self.taste.described(self.catalogue)}\n想改就直接说，比如“忘掉《片名》”“忘掉我说过的一切”。"
        buttons = (Button(title="根据我的口味推荐", payload="根据我的口味推荐"), Button(title="全部忘掉", payload="忘掉我的所有口味"))
        return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=buttons, data=say.data(self.state, profile=self.taste.as_dict()))

    def _forget(self) -> Reply:
        message = self.message
        titles = (*message.titles, *(self._chosen() or ())) if message.places else message.titles
        before, old = self.taste, self.state.wishes
        self.taste = self.taste.without(titles, message.wishes)
        gone = {f: tuple({*getattr(message.wishes, f), *getattr(message.wishes, f"exclude_{f}")}) for f in ("genres", "moods", "countries", "directors", "actors")}
        values: dict[str, Any] = {
            f"{p}{f}": tuple(t for t in getattr(old, f"{p}{f}") if t not in tags) for f, tags in gone.items() for p in ("", "exclude_")
        }
        self.state = replace(self.state, wishes=replace(old, **values), similar=tuple(i for i in self.state.similar if i not in titles))
        names = [say.named(self.catalogue[i]) for i in titles] + [f"“{t}”" for tags in gone.values() for t in tags]
        if not names:
            text = "要忘掉哪一条？可以说片名、类型或导演，比如“忘掉我喜欢恐怖片”；也可以说“全部忘掉”。"
            return Reply(text=text, capability="recommend", band="suggest", confidence=self.confidence, buttons=(say.PROFILE,), data=say.data(self.state))
        known = self.taste != before or self.state.wishes != old
        text = f"好的，{'、'.join(names)}我已经忘掉了。" if known else f"我本来就没有记着{'、'.join(names)}，现在也不会记。"
        return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=(say.PROFILE,), data=say.data(self.state, forgotten=names))

    def _forget_all(self) -> Reply:
        self.taste, self.state = Taste(), State(domain=self.state.domain)
        text = "好的，您的口味、看过和不喜欢的记录我已经全部忘掉，从现在起重新认识您。"
        return Reply(text=text, capability="recommend", confidence=self.confidence, buttons=TRY[:2], data=say.data(self.state, forgotten=["all"]))
