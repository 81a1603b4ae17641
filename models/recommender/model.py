"""The recommender: fit, recommend, predict, evaluate, save, load."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy import sparse

from models.artefact import verify
from models.recommender.catalogue import Catalogue
from models.recommender.config import RecommenderConfig
from models.recommender.constraints import Constraints
from models.recommender.data import Ratings, like_threshold
from models.recommender.factorisation import RatingModel, fit_mode
from models.recommender.metrics import ndcg
from models.recommender.neighbours import Neighbours, also_liked, item_knn, regress_items
from models.recommender.posterior import fit_mean
from models.recommender.ranker import discount, pick
from models.recommender.reasons import Because, Reason, reason_for
from models.recommender.scoring import Scorer

WEIGHTS_FILE = "recommender.safetensors"
CONFIG_FILE = "config.json"
CATALOGUE_FILE = "catalogue.tsv"
PACKAGE = Path(__file__).resolve().parent
DEFAULT_WEIGHTS = PACKAGE / "weights"
FILM_FACTS = PACKAGE / "films.tsv"
ANYTHING = Constraints()
DIVERSITY = 0.2
"""How far popular items are held back unless somebody asks otherwise: costs little accuracy and shows a tenth to a quarter more items."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item of a list. ``score`` orders it and has no unit; ``predicted`` is the rating the person would give."""

    item_id: str
    title: str
    year: int | None
    score: float
    predicted: float
    reason: Reason


class Recommender:
    """Recommends items of a catalogue to people it has never seen. Thread-safe after construction.

    Args:
        catalogue: the items, in the order of the codes.
        rating: the rating model.
        knn, ease: the item-item models.
        both: for every pair stored in ``knn``, how many people liked both; sparse, shape (n_items, n_items).
        likes, ratings: per item, how many people liked and rated it.
        commercial_use: False when the data forbids it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rating: RatingModel,
        *,
        knn: Neighbours,
        ease: Neighbours,
        both: sparse.csr_matrix,
        likes: NDArray[np.int32],
        ratings: NDArray[np.int32],
        config: RecommenderConfig,
        commercial_use: bool = True,
    ) -> None:
        self.catalogue = catalogue
        self.rating = rating
        self.knn = knn
        self.ease = ease
        self.both = both
        self.likes = likes
        self.ratings = ratings
        self.config = config
        self.commercial_use = commercial_use
        self._scorer = Scorer(catalogue, rating, knn=knn, ease=ease, likes=likes, config=config)

    @classmethod
    def fit(cls, ratings: Ratings, catalogue: Catalogue, config: RecommenderConfig | None = None) -> Recommender:
        """Train on ``ratings``; ``catalogue`` must list the same items in the same order."""
        config = config or RecommenderConfig()
        factors = config.factors
        rating = fit_mean(ratings, factors) if factors.estimator == "mean" else fit_mode(ratings, factors)
        return cls.with_rating_model(rating, ratings, catalogue, config)

    @classmethod
    def with_rating_model(
        cls, rating: RatingModel, ratings: Ratings, catalogue: Catalogue, config: RecommenderConfig
    ) -> Recommender:
        """Train the rest around a rating model that was trained elsewhere, such as on Spark."""
        if catalogue.ids != ratings.item_ids:
            raise ValueError("catalogue and ratings list different items")
        knn = item_knn(ratings, config.neighbours)
        threshold = like_threshold(ratings.scale)
        likes = np.bincount(ratings.items[ratings.values >= threshold], minlength=len(catalogue))
        counts = np.bincount(ratings.items, minlength=len(catalogue))
        return cls(
            catalogue,
            rating,
            knn=knn,
            ease=regress_items(ratings, config.neighbours),
            both=also_liked(ratings, threshold, knn),
            likes=likes.astype(np.int32),
            ratings=counts.astype(np.int32),
            config=config,
        )

    def recommend(
        self,
        liked: Mapping[str, float],
        disliked: Collection[str] = (),
        seen: Collection[str] = (),
        *,
        constraints: Constraints = ANYTHING,
        n: int = 10,
        diversity: float = DIVERSITY,
    ) -> tuple[Recommendation, ...]:
        """The ``n`` best items, best first; fewer, or none, when not so many meet the wishes.

        Args:
            liked: rating by item id, in the order in which they were said: the last one counts most. Unknown ids are
                left out; ratings are clipped to the scale, and one that speaks for nothing counts as a dislike.
            disliked: ids; they are not recommended, nor what is like them.
            seen: ids that are not recommended but say nothing about taste; such as those already shown.
            constraints: wishes that every item meets.
            diversity: 0 ranks by score alone, 1 holds popular items back most.

        Raises:
            ContradictionError: when no item whatever could meet the wishes.
        """
        constraints.check()
        scorer = self._scorer
        profile = scorer.profile(liked, disliked)
        allowed = self.catalogue.allowed(constraints)
        for gone in (liked, disliked, seen):
            allowed[self.catalogue.codes(gone)] = False
        if n <= 0 or not allowed.any():
            return ()
        scores = scorer.scores(profile)
        candidates = scorer.candidates(profile, scores.blend, allowed, n)
        score, filler = scorer.total(profile, scores.blend, candidates)
        held_back = score * discount(self.likes[candidates], diversity, self.config.rank)
        order = candidates[np.argsort(-held_back, kind="stable")]
        picked = pick(order, self.catalogue.series, n, self.config.rank)
        liked_items = [self.catalogue.at(int(code)) for code in profile.liked]
        codes = np.array(picked, np.int64)
        rows = np.searchsorted(candidates, codes)
        predicted = self.rating.predict_new(profile.bias, profile.factors, codes)
        contributions = scorer.contributions(profile, scores, codes, filler[rows])
        result = []
        for code, row, stars, parts in zip(picked, rows, predicted, contributions, strict=True):
            item = self.catalogue.at(code)
            liked_codes = [int(profile.liked[part.liked]) for part in parts]
            because = tuple(
                Because(self.catalogue.ids[other], part.share, int(self.both[other, code]), int(self.likes[other]))
                for other, part in zip(liked_codes, parts, strict=True)
            )
            reason = reason_for(item, liked_items, because, int(self.likes[code]), int(self.ratings[code]))
            result.append(Recommendation(item.id, item.title, item.year, float(held_back[row]), float(stars), reason))
        return tuple(result)

    def predict(self, liked: Mapping[str, float], item_ids: Collection[str]) -> dict[str, float]:
        """Ratings that a person with these ratings would give to the known ones among ``item_ids``."""
        profile = self._scorer.profile(liked, ())
        known = [item for item in item_ids if item in self.catalogue]
        stars = self.rating.predict_new(profile.bias, profile.factors, self.catalogue.codes(known))
        return dict(zip(known, stars.tolist(), strict=True))

    def evaluate(self, people: Ratings, seed: int = 0) -> dict[str, float]:
        """How well it serves people that it was not trained on: a fifth of each one's ratings is hidden.

        Returns:
            ``rmse`` of the hidden ratings; ``ndcg_at_10`` of ten recommendations, the hidden likes being what is wanted;
            ``people``, the number of them. Items are told by their id, so ``people`` may number them differently.
        """
        rng = np.random.default_rng(seed)
        threshold = like_threshold(people.scale)
        errors: list[float] = []
        gains: list[float] = []
        order = np.lexsort((people.times, people.users))
        groups = np.split(order, np.flatnonzero(np.diff(people.users[order])) + 1)
        groups = [rows for rows in groups if len(rows) >= 5]
        for rows in groups:
            hidden = np.isin(np.arange(len(rows)), rng.choice(len(rows), len(rows) // 5, replace=False))
            given = {people.item_ids[people.items[r]]: float(people.values[r]) for r in rows[~hidden]}
            truth = {people.item_ids[people.items[r]]: float(people.values[r]) for r in rows[hidden]}
            predicted = self.predict(given, truth)
            errors += [predicted[item] - truth[item] for item in predicted]
            wanted = {item for item, value in truth.items() if value >= threshold}
            if wanted:
                shown = [item.item_id for item in self.recommend(given, diversity=0)]
                gains.append(ndcg(shown, wanted))
        return {
            "rmse": float(np.sqrt(np.square(errors).mean())) if errors else float("nan"),
            "ndcg_at_10": float(np.mean(gains)) if gains else float("nan"),
            "people": float(len(groups)),
        }

    def similar(self, item_id: str, n: int = 10) -> tuple[tuple[str, float], ...]:
        """Nearest neighbours of one item, ids and similarities, best first; empty when it is unknown."""
        code = self.catalogue.code(item_id)
        if code is None:
            return ()
        row = self.knn.matrix[[code]]
        best = np.argsort(-row.data, kind="stable")[:n]
        return tuple((self.catalogue.ids[row.indices[place]], float(row.data[place])) for place in best)

    def save(self, folder: Path) -> None:
        """Write weights, configuration and catalogue; the manifest and the card are written by train.py.

        User factors are not kept: people the model was trained on cannot be found in it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, NDArray[Any]] = {
            "item_bias": self.rating.item_bias.astype(np.float32),
            "item_factors": self.rating.item_factors.astype(np.float32),
            "both": _smallest(self.both.data),
            "likes": self.likes,
            "ratings": self.ratings,
        }
        for name, part in (("knn", self.knn), ("ease", self.ease)):
            tensors |= {
                f"{name}.starts": part.matrix.indptr.astype(np.int32),
                f"{name}.others": _smallest(part.matrix.indices),
                f"{name}.weights": part.matrix.data.astype(np.float16),
            }
        save_file(tensors, folder / WEIGHTS_FILE)
        config = {"mean": self.rating.mean, "scale": self.rating.scale, **self.config.as_dict()}
        (folder / CONFIG_FILE).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        self.catalogue.write(folder / CATALOGUE_FILE)

    @classmethod
    def load(cls, folder: Path = DEFAULT_WEIGHTS, facts: Path | None = None) -> Recommender:
        """Read an artefact folder after its manifest was checked.

        Args:
            folder: what save() and train.py wrote; the embedded film model when left out.
            facts: a catalogue file whose fields replace those of the folder, such as FILM_FACTS.

        Raises:
            ArtefactError: when a file is missing or changed.
        """
        manifest = verify(folder)
        settings = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        mean, scale = float(settings.pop("mean")), settings.pop("scale")
        tensors = load_file(folder / WEIGHTS_FILE)
        catalogue = Catalogue.read(folder / CATALOGUE_FILE)
        if facts is not None:
            catalogue = catalogue.with_facts(Catalogue.read(facts))
        factors = tensors["item_factors"].astype(np.float64)
        nobody = np.zeros((0, factors.shape[1]))
        rating = RatingModel(
            mean, np.zeros(0), tensors["item_bias"].astype(np.float64), nobody, factors, (scale[0], scale[1])
        )
        knn, far = (
            Neighbours.of(tensors[f"{p}.starts"], tensors[f"{p}.others"], tensors[f"{p}.weights"])
            for p in ("knn", "ease")
        )
        both = (tensors["both"].astype(np.int32), knn.matrix.indices, knn.matrix.indptr)
        return cls(
            catalogue,
            rating,
            knn=knn,
            ease=far,
            both=sparse.csr_matrix(both, shape=knn.matrix.shape),
            likes=tensors["likes"],
            ratings=tensors["ratings"],
            config=RecommenderConfig.from_dict(settings),
            commercial_use=bool(manifest["commercial_use"]),
        )


def _smallest(codes: NDArray[np.int32]) -> NDArray[Any]:
    """The same numbers (none negative) in two bytes each when they fit."""
    fits = not len(codes) or int(codes.max()) <= np.iinfo(np.uint16).max
    return codes.astype(np.uint16) if fits else codes
