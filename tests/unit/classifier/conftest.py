from __future__ import annotations

import pytest

from models.classifier.model import TextClassifier
from tests.unit.classifier import toys


@pytest.fixture(scope="session")
def toy() -> TextClassifier:
    return toys.classifier()
