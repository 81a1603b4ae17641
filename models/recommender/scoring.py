"""One person's scores: folded-in factors, neighbours of what they like, candidates, and what each like contributed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from models.recommender.catalogue import Catalogue
from models.recommender.config import RecommenderConfig
from models.recommender.content import ContentModel
from models.recommender.data import preference
from models.recommender.factorisation import RatingModel
from models.recommender.neighbours import Floats, Neighbours
from models.recommender.ranker import level, long_profile_share, recency_weights

POPULARITY_WEIGHT = 0.5
"""How many stars a natural logarithm of the number of likes weighs where neighbours say nothing."""
MIN_SHARE = 0.1


@dataclass(frozen=True)
class Profile:
    """One person as codes: liked and disliked items with weights, and the folded-in factors."""

    liked: NDArray[np.int32]
    preferences: Floats
    disliked: NDArray[np.int32]
    bias: float
    factors: NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Neighbour scores over all items, and what each liked item's row of the three models was multiplied with."""

    blend: Floats
    near: Floats
    far: Floats
    alike: Floats


@dataclass(frozen=True, slots=True)
class Contribution:
    """A liked item's part in a score: its position among the liked items and its share in (0, 1]."""

    liked: int
    share: float


class Scorer:
    """The trained parts, put together for one person at a time. Thread-safe."""

    def __init__(
        self,
        catalogue: Catalogue,
        rating: RatingModel,
        *,
        knn: Neighbours,
        ease: Neighbours,
        likes: NDArray[np.int32],
        config: RecommenderConfig,
    ) -> None:
        self.catalogue = catalogue
        self.rating = rating
        self.knn = knn
        self.ease = ease
        self.likes = likes
        self.config = config
        popularity = np.log1p(likes.astype(np.float32))
        vectors = np.column_stack([rating.item_factors, rating.item_bias, popularity]).astype(np.float32)
        self._content = ContentModel(catalogue)
        described = catalogue.described
        bare = config.rank.bare_factor if described.any() else 1.0
        self._worth = np.where(described, 1, bare).astype(np.float32)
        self._faiss: Any = faiss
        self._index = self._faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors))

    def profile(self, liked: Mapping[str, float], disliked: Collection[str]) -> Profile:
        low, high = self.rating.scale
        known = {item: min(max(float(r), low), high) for item, r in liked.items() if item in self.catalogue}
        codes = self.catalogue.codes(known)
        values = np.array(list(known.values()), np.float32)
        speaks = preference(values, self.rating.scale)
        bad = self.catalogue.codes(item for item in disliked if item not in known)
        all_codes = np.concatenate([codes, bad])
        # A dislike is a rating in the lowest quarter; the exact number matters little to a ridge regression.
        all_values = np.concatenate([values, np.full(len(bad), low + (high - low) / 8)]).astype(np.float64)
        ridge = self.config.factors.ridge(len(all_codes))
        bias, factors = self.rating.fold_in(all_codes, all_values, ridge)
        return Profile(codes[speaks > 0], speaks[speaks > 0], np.concatenate([codes[speaks == 0], bad]), bias, factors)

    def scores(self, profile: Profile) -> Scores:
        """Blend of item-kNN and regression over all items, the best of each about 1."""
        rank = self.config.rank
        items = np.concatenate([profile.liked, profile.disliked])
        against = np.full(len(profile.disliked), -rank.dislike_weight, np.float32)
        near = self.knn.scores(items, np.concatenate([profile.preferences, against]))
        recent = recency_weights(len(profile.liked), rank)
        far = self.ease.scores(items, np.concatenate([recent, against]))
        share = long_profile_share(len(profile.liked), rank)
        near_factor, far_factor = (1 - share) / level(near), share / level(far)
        blend = np.float32(near_factor) * near + np.float32(far_factor) * far
        thin = rank.content_weight * rank.content_half / (rank.content_half + self.likes[profile.liked])
        alike = (thin * profile.preferences / max(len(profile.liked), 1)).astype(np.float32)
        blend += self._content.scores(profile.liked, alike)
        return Scores(blend, near_factor * profile.preferences, far_factor * recent, alike)

    def candidates(self, profile: Profile, blend: Floats, allowed: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
        """Codes that can make the list: the best by factors and popularity, and the best by neighbours, if allowed."""
        wanted = min(max(self.config.rank.candidates, 4 * n), len(self.catalogue))
        query = np.concatenate([profile.factors, [1.0, POPULARITY_WEIGHT]]).astype(np.float32)
        selector = self._faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        _, found = self._index.search(query[None], wanted, params=self._faiss.SearchParameters(sel=selector))
        near = np.flatnonzero((blend > 0) & allowed)
        if len(near) > wanted:
            near = near[np.argpartition(-blend[near], wanted)[:wanted]]
        return np.union1d(found[0][found[0] >= 0], near).astype(np.int64)

    def total(self, profile: Profile, blend: Floats, codes: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Final scores of ``codes``, all positive, and the part of them that does not come from neighbours."""
        stars = self.rating.predict_new(profile.bias, profile.factors, codes)
        filler = (stars + POPULARITY_WEIGHT * np.log1p(self.likes[codes])).astype(np.float32)
        spread = float(np.ptp(filler)) or 1.0
        filler = self.config.rank.filler_weight * ((filler - filler.min()) / spread + np.float32(0.01))
        near = blend[codes]
        # What is like a disliked item falls below everything else, but stays when little else is left.
        score = np.where(near < 0, filler / (100 * (1 - np.minimum(near, 0))), near + filler) * self._worth[codes]
        return score.astype(np.float32), filler

    def contributions(
        self, profile: Profile, scores: Scores, codes: NDArray[np.int64], filler: Floats
    ) -> list[tuple[Contribution, ...]]:
        """For each of ``codes``, the liked items that make up at least a tenth of its score, at most three.

        Args:
            filler: the part of each score that no liked item accounts for.
        """
        near = self.knn.block(profile.liked, codes) * scores.near[:, None]
        far = self.ease.block(profile.liked, codes) * scores.far[:, None]
        alike = self._content.similarities(profile.liked, codes) * scores.alike[:, None]
        parts = np.maximum(near + far + alike, 0)
        shares = parts / (parts.sum(0) + filler)
        result = []
        for column in shares.T:
            strongest = np.argsort(-column, kind="stable")[:3]
            result.append(tuple(Contribution(int(r), float(column[r])) for r in strongest if column[r] >= MIN_SHARE))
        return result
