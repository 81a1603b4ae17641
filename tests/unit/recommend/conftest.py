"""The shipped film model, loaded once."""

from __future__ import annotations

import pytest

from actions.recommend_service import RecommendService
from models.recommender.language import Language


@pytest.fixture(scope="session")
def service() -> RecommendService:
    opened = RecommendService.open(commercial_use=False)
    assert "film" in opened.shelves, "the embedded weights do not load"
    return opened


@pytest.fixture(scope="session")
def language(service: RecommendService) -> Language:
    return service.shelves["film"].language
