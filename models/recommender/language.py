"""Understands one message about films: which titles, wishes, people, numbers, and what it asks to be done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from knowledge.normalise import normalise
from models.recommender import acts, numbers
from models.recommender.acts import Act, Change, Named
from models.recommender.catalogue import Catalogue
from models.recommender.constraints import Constraints
from models.recommender.lexicon import Lexicon, load_lexicon, wanted
from models.recommender.mention_roles import alike
from models.recommender.mentions import Mention, Mentions
from models.recommender.people import People
from models.recommender.title_keys import HAN
from models.recommender.title_spotting import LONGEST_NAME
from models.recommender.titles import TitleIndex

ELSEWHERE = Path(__file__).resolve().parent / "elsewhere.txt"
ADULT_AGE = 13
_TAKEN_BACK = re.compile(r"(?:啊|哦|呃|噢)(?:不对|不是|不)[,，。!！]|说错了?[,，。]?|口误[,，。]?|打错了?[,，。]?")
_NO_MATTER = re.compile(
    r"^(?:不[^,，。]{1,8}?)?(?:演不演|有没有|也)?(?:都)?(?:无所谓|不重要|不强求|随便|没关系|都行|都可以|不要紧)"
)
_FELT = re.compile("\ue000[^,，。]{0,6}(?:好|太|真|都|把我|让我|给我|看得我?|挺|很)(?:看|有点)?$")
SHORT_PIECE = 3


@dataclass(frozen=True)
class Message:
    """What one message says.

    Attributes:
        text: normalised.
        act: what it does.
        liked, disliked, similar_to, seen, mentioned: ids of resolved titles, in order of appearance.
        unclear: titles that were not resolved, ambiguous or unknown.
        wishes: what is wanted and not wanted now.
        count: how many items; None when not said.
        places: positions in the list shown last, -1 the last one.
        all, it: the whole list, or the one item spoken of, is meant.
        fresh: a request of its own, not a change of the last one; adds, replaces: how wishes join the earlier ones.
        unknown: none of the films shown is known to the person.
        durable: says what somebody likes in general.
        change: better known, less known or better rated.
        domain: film, book, music or series.
        drops: wishes that are given up by name.
    """

    text: str
    act: Act
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    similar_to: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    unclear: tuple[Mention, ...] = ()
    wishes: Constraints = field(default_factory=Constraints)
    count: int | None = None
    places: tuple[int, ...] = ()
    all: bool = False
    it: bool = False
    fresh: bool = True
    adds: bool = False
    replaces: bool = False
    durable: bool = False
    asks: bool = False
    unknown: bool = False
    change: Change | None = None
    domain: str = "film"
    drops: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """Every resolved title."""
        return (*self.liked, *self.disliked, *self.similar_to, *self.seen, *self.mentioned)


class Language:
    """The understanding of one catalogue's titles, people and wishes. Immutable; safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        popularity: Sequence[float] | None = None,
        further: dict[str, list[str]] | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self._lexicon = lexicon or load_lexicon()
        self._people = People(catalogue, self._lexicon.nicknames)
        self.titles = TitleIndex(catalogue, self._people, popularity, further, self._lexicon.series, _elsewhere())
        self._mentions = Mentions(self.titles, self._people, self._lexicon, catalogue.ids)

    def understand(self, message: str) -> Message:
        """Read one message."""
        text = _corrected(self._written(message))
        mentions = self._mentions.find(text)
        taken = [(m.start, m.end) for m in mentions]
        wishes, given_up = _given_up(text, self._wishes(text, taken), self._people)
        rest = _masked(text, taken)
        places = numbers.ordinals(rest)
        named = {role: _ids(mentions, role) for role in ("liked", "disliked", "similar_to", "seen", "mentioned")}
        act = acts.act_of(rest, Named(bool(mentions), bool(places), bool(wishes.fields)))
        if named["mentioned"] and act in ("recommend", "state"):
            role = "similar_to" if act == "recommend" and alike(rest) else "liked"
            named[role] += named.pop("mentioned")
            named["mentioned"] = ()
        return Message(
            text=text,
            act=act,
            **named,
            unclear=tuple(m for m in mentions if m.resolution.status != "resolved" and not m.all),
            wishes=wishes,
            count=numbers.count(rest),
            places=places,
            all=acts.names_all(rest),
            it=acts.names_one(rest),
            fresh=acts.is_fresh(rest, bool(mentions or wishes.genres or wishes.directors or wishes.actors)),
            adds=acts.adds(rest),
            replaces=acts.replaces(rest),
            durable=acts.durable(rest),
            asks=acts.asks(rest),
            unknown=acts.knows_none(rest),
            change=acts.change_of(rest),
            domain=acts.domain_of(rest),
            drops=tuple(dict.fromkeys((*acts.drops(rest), *given_up))),
        )

    def _written(self, message: str) -> str:
        """Normalised, with a comma for a space between Chinese phrases, unless it stands within a title."""
        pieces = [normalise(piece) for piece in message.split()]
        text = "".join(pieces[:1])
        for piece in pieces[1:]:
            before = text[-LONGEST_NAME:]
            joined = before + piece[:LONGEST_NAME]
            apart = bool(HAN.search(text[-1:])) and bool(HAN.match(piece)) and min(len(text), len(piece)) > 1
            within = any(
                f.start < len(before) < f.end and f.end - f.start > SHORT_PIECE for f in self.titles.find(joined)
            )
            text = f"{text}，{piece}" if apart and not within else normalise(f"{text} {piece}")
        return text

    def _wishes(self, text: str, taken: list[tuple[int, int]]) -> Constraints:
        people = self._people.find(text, taken)
        found: dict[str, list[str]] = {}
        for person in people:
            name = person.role if wanted(text, person.start, person.end) else f"exclude_{person.role}"
            found.setdefault(name, []).append(person.name)
        taken = [*taken, *((p.start, p.end) for p in people)]
        audience, masked = None, _masked(text, taken)
        for term in self._lexicon.find(text, taken):
            if term.field == "audience":
                audience = "family" if term.wanted else audience
                continue
            if term.field == "moods" and _FELT.search(masked[: term.start]):
                continue  # 看完《…》好震撼 says how it was, not what is wanted.
            name = term.field if term.wanted else f"exclude_{term.field}"
            found.setdefault(name, []).extend(v for v in term.values if v not in found.get(name, ()))
        implied = found.pop("states", [])
        found.pop("exclude_states", None)
        if not any(found.get(n) for n in ("moods", "genres", "exclude_genres", "exclude_moods")):
            found["moods"] = implied[:1]
        rest = _masked(text, taken)
        if (age := numbers.age(rest)) is not None and age < ADULT_AGE:
            audience = "family"
        values: dict[str, Any] = {name: tuple(dict.fromkeys(tags)) for name, tags in found.items()}
        for name in ("genres", "moods", "countries", "directors", "actors"):
            # 不要恐怖片，要恐怖的: what is both is left to the skill to point out; a mood said twice counts once.
            if name == "moods":
                values[name] = tuple(v for v in values.get(name, ()) if v not in values.get(f"exclude_{name}", ()))
        return Constraints(**values, years=numbers.years(rest), runtime=numbers.runtime(rest), audience=audience)  # type: ignore[arg-type]


@cache
def _elsewhere() -> tuple[str, ...]:
    """Names of works that people speak of and the default catalogue lacks."""
    lines = ELSEWHERE.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _corrected(text: str) -> str:
    """What is left when somebody takes back the beginning: 不要恐怖片啊不对，要恐怖片."""
    last = _TAKEN_BACK.split(text)[-1]
    return last if len(last) > SHORT_PIECE else text


def _given_up(text: str, wishes: Constraints, people: People) -> tuple[Constraints, tuple[str, ...]]:
    """Wishes without the people who no longer matter (巩俐不巩俐无所谓), and the names of those wishes."""
    dropped = {p.role for p in people.find(text) if _NO_MATTER.match(text[p.end :])}
    for role in sorted(dropped):
        wishes = wishes.without(role).without(f"exclude_{role}")
    return wishes, tuple(sorted(dropped))


def _ids(mentions: Sequence[Mention], role: str) -> tuple[str, ...]:
    found: list[str] = []
    for mention in mentions:
        if mention.role == role and mention.resolution.status == "resolved":
            found.append(mention.resolution.items[0])
        elif mention.role == role and mention.all:
            # Who likes a series likes its best known part; who has seen it has seen them all.
            found += mention.resolution.items[: 1 if role in ("liked", "similar_to") else None]
    return tuple(dict.fromkeys(found))


def _masked(text: str, taken: Sequence[tuple[int, int]]) -> str:
    """The text with titles and people blanked, so that their words are not read as something else."""
    characters = list(text)
    for start, end in taken:
        characters[start:end] = "\ue000" * (end - start)
    return "".join(characters)
