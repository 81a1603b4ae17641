"""Ratings whose right answers are known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from models.recommender.catalogue import COLUMNS, Catalogue
from models.recommender.config import FactorConfig, NeighbourConfig, RecommenderConfig
from models.recommender.data import Ratings
from models.recommender.model import Recommender

N_USERS, N_ITEMS = 60, 40
FAST = RecommenderConfig(
    factors=FactorConfig(embedding_size=4, burn_in=10, samples=30),
    neighbours=NeighbourConfig(ease_min_ratings=1, ease_reg=10.0),
)


def checkerboard(hidden: float = 0.4, seed: int = 0) -> Ratings:
    """Even users give 5 to even items and 1 to odd ones, odd users the other way round; a part of it is unknown."""
    rng = np.random.default_rng(seed)
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(N_USERS), np.arange(N_ITEMS), indexing="ij"))
    known = rng.random(len(users)) >= hidden
    values = np.where((users + items) % 2 == 0, 5, 1)
    ids = tuple(f"i{n}" for n in range(N_ITEMS))
    return Ratings(
        users[known].astype(np.int32),
        items[known].astype(np.int32),
        values[known].astype(np.float32),
        np.arange(int(known.sum()), dtype=np.int64),
        N_USERS,
        ids,
        (1.0, 5.0),
    )


def plain_catalogue(**columns: list[str]) -> Catalogue:
    """Items i0 to i39 with titles that are no series, and the given columns."""
    filled = {name: [""] * N_ITEMS for name in COLUMNS}
    filled["id"] = [f"i{n}" for n in range(N_ITEMS)]
    filled["title"] = [f"片名{chr(0x4E00 + 7 * n)}甲" for n in range(N_ITEMS)]
    return Catalogue(filled | columns)


@pytest.fixture(scope="session")
def board() -> Ratings:
    return checkerboard()


@pytest.fixture(scope="session")
def recommender(board: Ratings) -> Recommender:
    """Trained on the checkerboard; the first ten items are comedies of the years 1990 to 1999."""
    catalogue = plain_catalogue(
        genres=["喜剧"] * 10 + ["剧情/爱情"] * 30,
        year=[str(1990 + n) for n in range(N_ITEMS)],
        directors=["甲导演" if n % 4 == 0 else "乙导演" for n in range(N_ITEMS)],
        actors=["丙/丁" if n % 8 == 0 else "" for n in range(N_ITEMS)],
        countries=["中国大陆/法国" if n % 2 else "美国" for n in range(N_ITEMS)],
        runtime=[str(80 + n) for n in range(N_ITEMS)],
        moods=["轻松"] * 20 + ["紧张"] * 20,
        family=["1", "0", ""] * 13 + ["1"],
        plot=["有"] * N_ITEMS,
    )
    return Recommender.fit(board, catalogue, FAST)
