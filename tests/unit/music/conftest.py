"""Models with random weights: what they write is no music, but it keeps to what was asked just the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from actions.compose_service import ComposeService
from models.music.config import MusicConfig
from models.music.model import MusicModel, new_critic, new_generator

torch.set_num_threads(1)
SMALL = {"width": 16, "hidden": 24, "noise": 4, "critic_width": 16}


def untrained(*styles: str) -> MusicModel:
    """A small model that has learned nothing."""
    torch.manual_seed(0)
    config = MusicConfig(styles=styles, **SMALL)  # type: ignore[arg-type]
    return MusicModel(config, new_generator(config), new_critic(config), commercial_use=True)


@pytest.fixture(scope="session")
def model() -> MusicModel:
    return untrained("fiddle", "chorale", "chinese")


@pytest.fixture
def service(model: MusicModel, tmp_path: Path) -> ComposeService:
    return ComposeService(dict.fromkeys(model.styles, model), tmp_path / "media")
