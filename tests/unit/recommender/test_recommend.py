"""Lists for one person: taste, wishes, reasons, series, odd input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.artefact import ArtefactError, write_manifest
from models.recommender.config import RankConfig
from models.recommender.constraints import Constraints
from models.recommender.data import Ratings
from models.recommender.errors import ContradictionError
from models.recommender.model import Recommender
from models.recommender.ranker import discount, level, long_profile_share, pick, recency_weights
from models.recommender.reasons import Because, Reason, sentence
from tests.unit.recommender.conftest import FAST, N_ITEMS, plain_catalogue

EVEN = {"i0": 5.0, "i2": 5.0, "i4": 5.0}


def numbers(result) -> list[int]:
    return [int(item.item_id[1:]) for item in result]


def test_who_likes_even_items_gets_even_ones(recommender: Recommender) -> None:
    result = recommender.recommend(EVEN, n=10)
    assert len(result) == 10
    assert all(n % 2 == 0 for n in numbers(result))


def test_a_low_rating_is_a_dislike(recommender: Recommender) -> None:
    by_rating = recommender.recommend({"i1": 1.0, "i3": 1.0, "i0": 5.0}, n=10)
    assert all(n % 2 == 0 for n in numbers(by_rating))


def test_liked_disliked_and_seen_items_do_not_come_back(recommender: Recommender) -> None:
    result = numbers(recommender.recommend(EVEN, ["i1"], ["i6", "i8"], n=N_ITEMS))
    assert len(result) == N_ITEMS - 6
    assert not {0, 1, 2, 4, 6, 8} & set(result)


def test_what_is_like_a_disliked_item_comes_last(recommender: Recommender) -> None:
    result = numbers(recommender.recommend(EVEN, ["i1", "i3"], n=N_ITEMS))
    assert all(n % 2 == 0 for n in result[:17])
    assert all(n % 2 for n in result[17:])


def test_scores_fall_and_predictions_are_in_the_scale(recommender: Recommender) -> None:
    result = recommender.recommend(EVEN, n=20, diversity=0)
    scores = [item.score for item in result]
    assert scores == sorted(scores, reverse=True)
    assert all(1 <= item.predicted <= 5 for item in result)
    assert np.mean([i.predicted for i in result if int(i.item_id[1:]) % 2 == 0]) > 4


def test_nothing_known_gives_what_many_like(recommender: Recommender) -> None:
    result = recommender.recommend({}, n=5)
    assert len(result) == 5
    assert {item.reason.kind for item in result} == {"popular"}


@pytest.mark.parametrize("n", [0, -1])
def test_no_items_are_no_items(recommender: Recommender, n: int) -> None:
    assert recommender.recommend(EVEN, n=n) == ()


def test_unknown_items_are_left_out(recommender: Recommender) -> None:
    assert recommender.recommend({"nobody": 5.0, **EVEN}) == recommender.recommend(EVEN)


def test_ratings_out_of_the_scale_are_clipped(recommender: Recommender) -> None:
    assert recommender.recommend(dict.fromkeys(EVEN, 900.0)) == recommender.recommend(EVEN)


def test_everything_liked_at_once_leaves_an_empty_list(recommender: Recommender) -> None:
    assert recommender.recommend({f"i{n}": 5.0 for n in range(N_ITEMS)}) == ()


@pytest.mark.parametrize(
    ("wishes", "right"),
    [
        (Constraints(genres=("喜剧",)), lambda n: n < 10),
        (Constraints(genres=("剧情", "爱情")), lambda n: n >= 10),
        (Constraints(exclude_genres=("喜剧",)), lambda n: n >= 10),
        (Constraints(years=(2000, 2005)), lambda n: 10 <= n <= 15),
        (Constraints(years=(None, 1995)), lambda n: n <= 5),
        (Constraints(runtime=(None, 90)), lambda n: n <= 10),
        (Constraints(directors=("甲导演",)), lambda n: n % 4 == 0),
        (Constraints(exclude_directors=("甲导演",)), lambda n: n % 4),
        (Constraints(actors=("丙", "丁")), lambda n: n % 8 == 0),
        (Constraints(countries=("法国", "日本")), lambda n: n % 2),
        (Constraints(moods=("紧张",)), lambda n: n >= 20),
        (Constraints(audience="family"), lambda n: n % 3 == 0),
        (Constraints(audience="grown_up"), lambda n: n % 3 == 1),
        (Constraints(genres=("喜剧",), countries=("美国",), years=(1992, None)), lambda n: n in (2, 4, 6, 8)),
    ],
)
def test_every_item_meets_the_wishes_and_none_is_missing(recommender: Recommender, wishes, right) -> None:
    result = recommender.recommend({}, constraints=wishes, n=N_ITEMS)
    assert sorted(numbers(result)) == [n for n in range(N_ITEMS) if right(n)]


def test_wishes_that_nothing_meets_say_what_to_give_up(recommender: Recommender) -> None:
    wishes = Constraints(genres=("喜剧",), moods=("紧张",))
    assert recommender.recommend(EVEN, constraints=wishes) == ()
    assert recommender.catalogue.relaxations(wishes) == (("genres", 20), ("moods", 10))


@pytest.mark.parametrize(
    "wishes",
    [
        Constraints(genres=("喜剧",), exclude_genres=("喜剧",)),
        Constraints(years=(2000, 1990)),
        Constraints(runtime=(200, 100)),
    ],
)
def test_contradictory_wishes_are_said_to_be_so(recommender: Recommender, wishes: Constraints) -> None:
    with pytest.raises(ContradictionError) as caught:
        recommender.recommend({}, constraints=wishes)
    assert caught.value.user_message


def test_the_shares_of_a_reason_are_those_of_the_score(recommender: Recommender) -> None:
    """Without one of the liked items, its share of the score is gone: shares are computed, not made up."""
    for item in recommender.recommend(EVEN, n=5):
        shares = [because.share for because in item.reason.because]
        assert {because.item_id for because in item.reason.because} <= set(EVEN)
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-6


def test_the_counts_of_a_reason_are_those_of_the_data(recommender: Recommender, board: Ratings) -> None:
    liked = {(int(u), int(i)) for u, i, v in zip(board.users, board.items, board.values, strict=True) if v >= 4}
    for item in recommender.recommend(EVEN, n=5):
        code = int(item.item_id[1:])
        assert item.reason.likes == sum(1 for _, i in liked if i == code)
        for because in item.reason.because:
            other = int(because.item_id[1:])
            fans = {u for u, i in liked if i == other}
            assert because.likes == len(fans)
            assert because.both == sum(1 for u in fans if (u, code) in liked)


def test_directors_and_actors_in_common_are_named(recommender: Recommender) -> None:
    result = {item.item_id: item.reason for item in recommender.recommend({"i0": 5.0}, n=N_ITEMS)}
    assert result["i8"].directors == (("甲导演", "i0"),)
    assert result["i8"].actors == (("丙", "i0"), ("丁", "i0"))
    assert result["i2"].directors == ()


def test_a_sentence_says_only_what_the_reason_holds(recommender: Recommender) -> None:
    catalogue = recommender.catalogue
    first, second = (catalogue[i].title for i in ("i0", "i2"))
    few = Reason("because", (Because("i0", 0.9, 3, 5),))
    assert sentence(few, catalogue) == f"因为您喜欢《{first}》"
    many = Reason("because", (Because("i0", 0.6, 30, 40), Because("i2", 0.3, 1, 40)), likes=50, ratings=60)
    assert sentence(many, catalogue) == f"因为您喜欢《{first}》、《{second}》；喜欢《{first}》的 40 人里有 75% 也喜欢它"
    assert sentence(Reason("people", directors=(("甲导演", "i0"),)), catalogue) == f"和《{first}》一样由甲导演执导"
    assert sentence(Reason("genres", genres=("喜剧",)), catalogue) == "和您喜欢的一样是喜剧类"
    assert sentence(Reason("popular", likes=3, ratings=9), catalogue) == "合乎您说的条件"
    assert sentence(Reason("popular", likes=30, ratings=40), catalogue) == "评过它的 40 人里有 30 人喜欢"


def test_at_most_two_of_a_series(board: Ratings) -> None:
    titles = [f"长片{n}" if n < 20 else f"片名{chr(0x4E00 + 7 * n)}甲" for n in range(N_ITEMS)]
    recommender = Recommender.fit(board, plain_catalogue(title=titles), FAST)
    result = numbers(recommender.recommend(EVEN, n=15))
    assert sum(n < 20 for n in result) == 2


def test_popular_items_are_held_back_by_diversity() -> None:
    config = RankConfig()
    factors = discount(np.array([0, 100, 1000]), 1.0, config)
    assert list(factors) == sorted(factors, reverse=True)
    assert factors[0] == 1
    assert (discount(np.array([0, 100, 1000]), 0.0, config) == 1).all()


def test_the_last_item_said_counts_most() -> None:
    weights = recency_weights(4, RankConfig())
    assert list(weights) == sorted(weights)


def test_long_profiles_use_the_regression() -> None:
    config = RankConfig()
    assert long_profile_share(0, config) == 0
    assert long_profile_share(int(config.half_profile), config) == pytest.approx(0.5)
    assert long_profile_share(200, config) > 0.95


def test_levels_of_nothing_change_nothing() -> None:
    assert level(np.zeros(5, np.float32)) == 1
    assert level(np.full(40, 2, np.float32)) == 2


def test_pick_stops_at_n() -> None:
    assert pick(np.arange(9), np.arange(9), 3, RankConfig()) == [0, 1, 2]


def test_predict_answers_for_known_items_only(recommender: Recommender) -> None:
    predicted = recommender.predict(EVEN, ["i6", "nobody", "i7"])
    assert set(predicted) == {"i6", "i7"}
    assert predicted["i6"] > predicted["i7"] + 1


def test_similar_items_are_of_the_same_colour(recommender: Recommender) -> None:
    assert all(int(item[1:]) % 2 == 0 for item, _ in recommender.similar("i0", 10))
    assert recommender.similar("nobody") == ()


def test_evaluate_sees_that_it_is_good(recommender: Recommender, board: Ratings) -> None:
    figures = recommender.evaluate(board)
    assert figures["rmse"] < 1
    assert figures["ndcg_at_10"] > 0.3
    assert figures["people"] > 50


def test_what_is_saved_recommends_the_same(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    fields = {"version": "1", "data": [], "metrics": {}, "command": "x", "commit": "x"}
    write_manifest(tmp_path, name="recommender", commercial_use=False, **fields)
    loaded = Recommender.load(tmp_path)
    before, after = (r.recommend(EVEN, ["i1"], n=10) for r in (recommender, loaded))
    assert [i.item_id for i in after] == [i.item_id for i in before]
    assert [i.reason.because[0].item_id for i in after] == [i.reason.because[0].item_id for i in before]
    assert [i.predicted for i in after] == pytest.approx([i.predicted for i in before], abs=1e-3)
    assert not loaded.commercial_use
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArtefactError):
        Recommender.load(tmp_path)
