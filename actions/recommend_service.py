"""What the recommendation skill works with: for each domain the model and the understanding of its titles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from models.errors import WenyuError
from models.recommender.catalogue import Catalogue
from models.recommender.language import Language
from models.recommender.model import CATALOGUE_FILE, DEFAULT_WEIGHTS, FILM_FACTS, Recommender

log = structlog.get_logger(__name__)

NOT_COMMERCIAL = (
    "默认的影片推荐是用只许非商业使用的评分数据训练的，本站设为商业使用，所以停用了它。"
    "运营者导入自己的评分数据之后，我就能继续为您推荐；其它问题现在就可以问我。"
)
NOT_BUILT = "推荐用的模型还没有装好，暂时没法为您推荐；其它问题现在就可以问我。"


@dataclass(frozen=True)
class Shelf:
    """One domain: its model and its language."""

    recommender: Recommender
    language: Language

    @classmethod
    def of(cls, recommender: Recommender, original: Catalogue | None = None) -> Shelf:
        """``original``: the same items under the names of the ratings, which people may also use."""
        names = {}
        if original is not None:
            names = {i: [original[i].title] for i in recommender.catalogue.ids if i in original}
        return cls(recommender, Language(recommender.catalogue, recommender.ratings.tolist(), names))


@dataclass(frozen=True)
class RecommendService:
    """Shelves by domain; ``notice`` says why there is none when there is none."""

    shelves: Mapping[str, Shelf]
    notice: str = NOT_BUILT

    @classmethod
    def open(
        cls, *, commercial_use: bool, weights: Path = DEFAULT_WEIGHTS, imported: Path | None = None
    ) -> RecommendService:
        """Load what is there; a missing or broken model is logged and left out, so that the other skills work.

        Args:
            commercial_use: leaves out models whose data forbids it.
            weights: the embedded film model.
            imported: folder with a folder a domain, each with ``weights`` trained on the operator's ratings.
        """
        shelves: dict[str, Shelf] = {}
        notice = NOT_BUILT
        folders = {"film": weights}
        if imported is not None:
            folders |= {p.parent.name: p for p in sorted(imported.glob("[!.]*/weights"))}
        for domain, folder in folders.items():
            embedded = folder == weights
            try:
                recommender = Recommender.load(folder, FILM_FACTS if embedded else None)
            except WenyuError as error:
                log.warning("recommender_left_out", domain=domain, code=error.code, hint=error.hint)
                continue
            if commercial_use and not recommender.commercial_use:
                log.info("recommender_left_out", domain=domain, code="non_commercial_data")
                notice = NOT_COMMERCIAL
                continue
            original = Catalogue.read(folder / CATALOGUE_FILE) if embedded else None
            shelves[domain] = Shelf.of(recommender, original)
        return cls(shelves, notice)
