"""Why an item was recommended: facts computed from the model and the catalogue, and the sentence that says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.recommender.catalogue import Catalogue, Item

Kind = Literal["because", "people", "genres", "popular"]
ENOUGH_RATINGS = 10


@dataclass(frozen=True, slots=True)
class Because:
    """One liked item's part in a recommendation.

    Attributes:
        item_id: the liked item.
        share: its part of the recommended item's score, in (0, 1].
        both: how many people in the data liked both; likes: how many liked ``item_id``. Zero where not counted.
    """

    item_id: str
    share: float
    both: int
    likes: int


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for an item. Every field is a fact; ``kind`` names the strongest one.

    Attributes:
        kind: "because" of liked items; "people": a director or actor in common with one of them; "genres" in common;
            or "popular", when nothing is known about the person that speaks for it.
        because: liked items that contribute, the strongest first.
        directors, actors: (name, liked item's id) in common with liked items.
        genres: in common with liked items.
        likes: how many people in the data liked it; ratings: how many rated it.
    """

    kind: Kind
    because: tuple[Because, ...] = ()
    directors: tuple[tuple[str, str], ...] = ()
    actors: tuple[tuple[str, str], ...] = ()
    genres: tuple[str, ...] = ()
    likes: int = 0
    ratings: int = 0


def reason_for(item: Item, liked: list[Item], because: tuple[Because, ...], likes: int, ratings: int) -> Reason:
    """Collect what ``item`` has in common with the liked items; ``because`` comes from the scores."""
    directors = tuple((name, other.id) for other in liked for name in item.directors if name in other.directors)
    actors = tuple((name, other.id) for other in liked for name in item.actors if name in other.actors)
    wanted = {genre for other in liked for genre in other.genres}
    genres = tuple(genre for genre in item.genres if genre in wanted)
    kind: Kind = "popular"
    if because:
        kind = "because"
    elif directors or actors:
        kind = "people"
    elif genres:
        kind = "genres"
    return Reason(kind, because, directors[:2], actors[:2], genres, likes, ratings)


def sentence(reason: Reason, catalogue: Catalogue) -> str:
    """The reason in one Chinese sentence, without a full stop; says nothing that is not in ``reason``."""
    parts: list[str] = []
    if reason.because:
        names = "、".join(f"《{catalogue[b.item_id].title}》" for b in reason.because[:2])
        parts.append(f"因为您喜欢{names}")
        first = reason.because[0]
        # A percentage of a handful of people would sound like more than it is.
        if first.likes >= 20 and first.both >= 5:
            percent = round(100 * first.both / first.likes)
            parts.append(f"喜欢《{catalogue[first.item_id].title}》的 {first.likes} 人里有 {percent}% 也喜欢它")
    if reason.directors:
        name, liked = reason.directors[0]
        parts.append(f"和《{catalogue[liked].title}》一样由{name}执导")
    elif reason.actors:
        name, liked = reason.actors[0]
        parts.append(f"和《{catalogue[liked].title}》一样有{name}出演")
    if not parts and reason.genres:
        parts.append(f"和您喜欢的一样是{'、'.join(reason.genres[:2])}类")
    if not parts:
        # Few people, or few of them pleased, are no reason to watch it: then it is there because it fits.
        praised = reason.ratings >= ENOUGH_RATINGS and 2 * reason.likes >= reason.ratings
        parts.append(f"评过它的 {reason.ratings} 人里有 {reason.likes} 人喜欢" if praised else "合乎您说的条件")
    return "；".join(parts)
