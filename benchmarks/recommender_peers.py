"""Peers of the recommender, run in an environment of their own (requirements/bench.in) by benchmarks/recommender.py.

    python benchmarks/recommender_peers.py TASK IN.npz OUT.npz

Imports nothing of the project. TASK is ``rating:NAME`` (IN holds u, i, r, tu, ti and the numbers of users and items; OUT
gets predictions p for tu, ti and CPU seconds of fitting), or ``ranking:NAME`` (IN holds u, i, r of training and the profiles as flat arrays; OUT
gets ten item codes a profile). Seconds of fitting go to OUT as well.
"""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

warnings.filterwarnings("ignore")


def surprise_svd(d: dict[str, Any]) -> np.ndarray:
    """Funk's SVD by stochastic gradient descent, tuned."""
    import pandas as pd
    from surprise import SVD, Dataset, Reader

    frame = pd.DataFrame({"u": d["u"], "i": d["i"], "r": d["r"]})
    reader = Reader(rating_scale=(float(d["low"]), float(d["high"])))
    train = Dataset.load_from_df(frame, reader).build_full_trainset()
    model = SVD(n_factors=50, n_epochs=40, lr_all=0.005, reg_all=0.08, random_state=0)
    model.fit(train)
    d["fitted"] = time.process_time()
    return np.array([model.predict(u, i).est for u, i in zip(d["tu"], d["ti"], strict=True)])


def lenskit_mf(d: dict[str, Any]) -> np.ndarray:
    """Biased matrix factorisation by alternating least squares."""
    import pandas as pd
    from lenskit.als import BiasedMFScorer
    from lenskit.data import ItemList, from_interactions_df

    frame = pd.DataFrame({"user_id": d["u"], "item_id": d["i"], "rating": d["r"].astype("f8")})
    data = from_interactions_df(frame)
    model = BiasedMFScorer(embedding_size=32, regularization=0.1, epochs=12, damping=5)
    model.train(data)
    d["fitted"] = time.process_time()
    result = np.full(len(d["tu"]), float(d["r"].mean()))
    for user in np.unique(d["tu"]):
        rows = np.flatnonzero(d["tu"] == user)
        query = data.user_row(user) if np.any(d["u"] == user) else None
        from lenskit.data import RecQuery

        asked = RecQuery(user_id=user, user_items=query)
        scores = model(asked, ItemList(item_ids=d["ti"][rows])).scores()
        result[rows] = np.where(np.isnan(scores), result[rows], scores)
    return result


def cmfrec_cmf(d: dict[str, Any]) -> np.ndarray:
    """Collective matrix factorisation without side information, by alternating least squares."""
    import pandas as pd
    from cmfrec import CMF

    frame = pd.DataFrame({"UserId": d["u"], "ItemId": d["i"], "Rating": d["r"]})
    model = CMF(k=40, lambda_=12.0, niter=15, verbose=False, nthreads=1, random_state=0)
    model.fit(frame)
    d["fitted"] = time.process_time()
    known_u, known_i = np.isin(d["tu"], d["u"]), np.isin(d["ti"], d["i"])
    result = np.full(len(d["tu"]), float(d["r"].mean()))
    both = known_u & known_i
    result[both] = model.predict(user=d["tu"][both], item=d["ti"][both])
    return result


def myfm_fm(d: dict[str, Any]) -> np.ndarray:
    """Bayesian factorisation machine by Gibbs sampling."""
    from myfm import MyFMRegressor
    from scipy import sparse

    n_u, n_i = int(d["n_users"]), int(d["n_items"])

    def design(u: np.ndarray, i: np.ndarray) -> sparse.csr_matrix:
        rows = np.repeat(np.arange(len(u)), 2)
        columns = np.column_stack([u, n_u + i]).ravel()
        return sparse.csr_matrix((np.ones(2 * len(u)), (rows, columns)), shape=(len(u), n_u + n_i))

    model = MyFMRegressor(rank=8, random_seed=42)
    model.fit(design(d["u"], d["i"]), d["r"].astype("f8"), n_iter=200, n_kept_samples=190, group_shapes=[n_u, n_i])
    d["fitted"] = time.process_time()
    return model.predict(design(d["tu"], d["ti"]))


Scorer = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _matrix(d: dict[str, Any], minimum: float) -> Any:
    from scipy import sparse

    keep = d["r"] >= minimum
    ones = np.ones(int(keep.sum()), np.float32)
    return sparse.csr_matrix((ones, (d["u"][keep], d["i"][keep])), shape=(int(d["n_users"]), int(d["n_items"])))


def implicit_als(d: dict[str, Any]) -> Scorer:
    """Implicit ALS; a profile is folded in as a new user."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse

    model = AlternatingLeastSquares(
        factors=int(d["factors"]), regularization=float(d["reg"]), alpha=float(d["alpha"]),
        iterations=15, random_state=0, num_threads=1,
    )  # fmt: skip
    model.fit(_matrix(d, float(d["minimum"])), show_progress=False)

    def score(items: np.ndarray, values: np.ndarray) -> np.ndarray:
        del values
        row = sparse.csr_matrix(
            (np.ones(len(items), np.float32), ([0] * len(items), items)), shape=(1, int(d["n_items"]))
        )
        return model.item_factors @ model.recalculate_user([0], row)[0]

    return score


def implicit_knn(d: dict[str, Any]) -> Scorer:
    """Item-kNN by cosine."""
    from implicit.nearest_neighbours import CosineRecommender

    model = CosineRecommender(K=200, num_threads=1)
    model.fit(_matrix(d, float(d["minimum"])), show_progress=False)
    similarity = model.similarity.tocsr()
    return lambda items, values: np.asarray(similarity[items].sum(0)).ravel()


def ease(d: dict[str, Any]) -> Scorer:
    """EASE as published: every item, ridge tuned by the caller."""
    matrix = _matrix(d, float(d["minimum"]))
    chosen = np.flatnonzero(np.asarray(matrix.sum(0)).ravel() >= float(d["least"]))
    part = matrix[:, chosen]
    gram = (part.T @ part).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += float(d["reg"])
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    place = np.full(int(d["n_items"]), -1)
    place[chosen] = np.arange(len(chosen))

    def score(items: np.ndarray, values: np.ndarray) -> np.ndarray:
        del values
        known = place[items]
        result = np.full(int(d["n_items"]), -1e9)
        result[chosen] = weights[known[known >= 0]].sum(0)
        return result

    return score


def popularity(d: dict[str, Any]) -> Scorer:
    """Everybody gets what most people liked."""
    counts = np.asarray(_matrix(d, float(d["minimum"])).sum(0)).ravel()
    return lambda items, values: counts


RATING = {"surprise SVD": surprise_svd, "lenskit BiasedMF": lenskit_mf, "cmfrec CMF": cmfrec_cmf, "myfm": myfm_fm}
RANKING = {"implicit ALS": implicit_als, "implicit item-kNN": implicit_knn, "EASE": ease, "popularity": popularity}

MODULES = {
    "surprise SVD": ("pandas", "surprise"),
    "lenskit BiasedMF": ("pandas", "lenskit.als", "lenskit.data"),
    "cmfrec CMF": ("pandas", "cmfrec"),
    "myfm": ("myfm", "scipy.sparse"),
    "implicit ALS": ("implicit.cpu.als", "scipy.sparse"),
    "implicit item-kNN": ("implicit.nearest_neighbours", "scipy.sparse"),
    "EASE": ("scipy.sparse",),
    "popularity": ("scipy.sparse",),
}


def main() -> None:
    """See the module's docstring."""
    task, source, target = sys.argv[1:4]
    kind, _, name = task.partition(":")
    with np.load(source, allow_pickle=False) as stored:
        data: dict[str, Any] = {key: stored[key] for key in stored.files}
    # Imports belong to nobody's fitting time.
    for module in MODULES[name]:
        importlib.import_module(module)
    if kind == "rating":
        started = time.process_time()
        predicted = RATING[name](data)
        np.savez(target, p=predicted, cpu=data["fitted"] - started)
        return
    started = time.perf_counter()
    score = RANKING[name](data)
    seconds = time.perf_counter() - started
    starts = np.concatenate([[0], np.cumsum(data["lengths"])])
    shown = np.zeros((len(data["lengths"]), 10), np.int64)
    for row in range(len(data["lengths"])):
        items = data["known"][starts[row] : starts[row + 1]]
        scores = np.asarray(score(items, data["values"][starts[row] : starts[row + 1]]), float).copy()
        scores[items] = -1e18
        shown[row] = np.argsort(-scores, kind="stable")[:10]
    np.savez(target, shown=shown, seconds=seconds)


if __name__ == "__main__":
    main()
