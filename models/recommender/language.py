"""Understands one message about films: which titles, wishes, people, numbers, and what it asks to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.normalise import normalise
from models.recommender import acts, numbers
from models.recommender.acts import Act, Change, Named
from models.recommender.catalogue import Catalogue
from models.recommender.constraints import Constraints
from models.recommender.lexicon import Lexicon, load_lexicon, wanted
from models.recommender.mentions import Mention, Mentions, alike
from models.recommender.people import People
from models.recommender.titles import TitleIndex

ADULT_AGE = 13


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
        self.titles = TitleIndex(catalogue, self._people, popularity, further, self._lexicon.series)
        self._mentions = Mentions(self.titles, self._people, self._lexicon, catalogue.ids)

    def understand(self, message: str) -> Message:
        """Read one message."""
        text = normalise(message)
        mentions = self._mentions.find(text)
        taken = [(m.start, m.end) for m in mentions]
        wishes = self._wishes(text, taken)
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
            unclear=tuple(m for m in mentions if m.resolution.status != "resolved"),
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
            change=acts.change_of(rest),
            domain=acts.domain_of(rest),
            drops=acts.drops(rest),
        )

    def _wishes(self, text: str, taken: list[tuple[int, int]]) -> Constraints:
        people = self._people.find(text, taken)
        found: dict[str, list[str]] = {}
        for person in people:
            name = person.role if wanted(text, person.start, person.end) else f"exclude_{person.role}"
            found.setdefault(name, []).append(person.name)
        taken = [*taken, *((p.start, p.end) for p in people)]
        audience = None
        for term in self._lexicon.find(text, taken):
            if term.field == "audience":
                audience = "family" if term.wanted else audience
                continue
            name = term.field if term.wanted else f"exclude_{term.field}"
            found.setdefault(name, []).extend(v for v in term.values if v not in found.get(name, ()))
        rest = _masked(text, taken)
        if (age := numbers.age(rest)) is not None and age < ADULT_AGE:
            audience = "family"
        values: dict[str, Any] = {name: tuple(dict.fromkeys(tags)) for name, tags in found.items()}
        for name in ("genres", "moods", "countries", "directors", "actors"):
            # 不要恐怖片，要恐怖的: what is both is left to the skill to point out; a mood said twice counts once.
            if name == "moods":
                values[name] = tuple(v for v in values.get(name, ()) if v not in values.get(f"exclude_{name}", ()))
        return Constraints(**values, years=numbers.years(rest), runtime=numbers.runtime(rest), audience=audience)  # type: ignore[arg-type]


def _ids(mentions: Sequence[Mention], role: str) -> tuple[str, ...]:
    found = (m.resolution.items[0] for m in mentions if m.role == role and m.resolution.status == "resolved")
    return tuple(dict.fromkeys(found))


def _masked(text: str, taken: Sequence[tuple[int, int]]) -> str:
    """The text with titles and people blanked, so that their words are not read as something else."""
    characters = list(text)
    for start, end in taken:
        characters[start:end] = "\ue000" * (end - start)
    return "".join(characters)
