"""The taste profile: what is said last counts, it can be forgotten, and it survives being stored."""

from __future__ import annotations

import json

from models.recommender.constraints import Constraints
from models.recommender.taste import MOST_TITLES, Taste


def test_the_last_word_counts() -> None:
    taste = Taste().with_titles(liked=("1", "2")).with_titles(disliked=("1",))
    assert (taste.liked, taste.disliked) == (("2",), ("1",))
    taste = taste.with_wishes(Constraints(exclude_genres=("恐怖",))).with_wishes(Constraints(genres=("恐怖",)))
    assert (taste.prefers, taste.avoids) == ((("genres", "恐怖"),), ())


def test_what_is_avoided_is_left_out_unless_asked_for() -> None:
    taste = Taste().with_wishes(Constraints(exclude_genres=("恐怖",)))
    assert taste.avoiding(Constraints(genres=("喜剧",))).exclude_genres == ("恐怖",)
    assert taste.avoiding(Constraints(genres=("恐怖",))).exclude_genres == ()


def test_it_forgets() -> None:
    taste = Taste().with_titles(liked=("1",), seen=("2",)).with_wishes(Constraints(exclude_genres=("恐怖",)))
    assert not taste.without(("1", "2"), Constraints(genres=("恐怖",)))


def test_it_survives_being_stored_and_strange_storage() -> None:
    taste = (
        Taste().with_titles(("1",), ("2",), ("3",)).with_wishes(Constraints(genres=("科幻",), exclude_moods=("黑暗",)))
    )
    assert Taste.from_dict(json.loads(json.dumps(taste.as_dict()))) == taste
    assert Taste.from_dict(None) == Taste.from_dict("x") == Taste.from_dict({}) == Taste()


def test_it_is_bounded() -> None:
    assert len(Taste().with_titles(seen=map(str, range(2 * MOST_TITLES))).seen) == MOST_TITLES
