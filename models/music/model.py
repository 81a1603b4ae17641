"""The music model: fit, compose, evaluate, save, load."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.artefact import verify
from models.music.checkpoint import Checkpoint
from models.music.composer import Composer
from models.music.config import MusicConfig
from models.music.critic import Critic
from models.music.evaluate import Judgement, distance_to, judge, network_writer
from models.music.game import Report, judged, play, warm_start
from models.music.generator import Generator, Given
from models.music.phrases import Phrases
from models.music.piece import Piece, Request

FOLDER = Path(__file__).resolve().parent
DEFAULT_WEIGHTS = FOLDER / "weights"
CHINESE_WEIGHTS = FOLDER / "weights_chinese"
WEIGHTS_FILE = "music.safetensors"
CONFIG_FILE = "config.json"


class MusicModel:
    """A generator with its critic.

    Args:
        config: what they are made of; generator, critic: trained.
        commercial_use: whether the data allows it.
    """

    def __init__(self, config: MusicConfig, generator: Generator, critic: Critic, *, commercial_use: bool) -> None:
        self.config = config
        self.generator = generator.eval()
        self.critic = critic.eval()
        self.commercial_use = commercial_use
        self._composer = Composer(self.generator, config.styles, self.score)

    @classmethod
    def fit(
        cls,
        train: Phrases,
        validation: Phrases,
        config: MusicConfig,
        report: Report,
        *,
        commercial_use: bool,
        checkpoint: Checkpoint | None = None,
    ) -> MusicModel:
        """Train by a warm start and the game; ``validation`` chooses the warm start's epoch and the game's step.

        Args:
            checkpoint: keeps the training; one that was stopped goes on from there.
        """
        torch.manual_seed(config.seed)
        generator = new_generator(config)
        stored = checkpoint.load() if checkpoint else None
        if stored is None:
            warm_start(generator, train, validation, config, report)
            if checkpoint:
                checkpoint.store({"generator": generator.state_dict()})
        else:
            generator.load_state_dict(stored["generator"])
        critic = new_critic(config)
        average = play(generator, critic, train, config, report, checkpoint, distance_to(validation))
        return cls(config, average, critic, commercial_use=commercial_use)

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that it can write in."""
        return self.config.styles

    def compose(self, request: Request) -> Piece:
        """Write a piece; the same request gives the same piece.

        Raises:
            RequestError: when the request is out of bounds.
        """
        return self._composer.compose(request)

    def evaluate(self, train: Phrases, validation: Phrases, test: Phrases, seed: int = 0) -> Judgement:
        """Judge what it writes on the conditions of ``test`` against what people wrote; the critic chooses, as in compose()."""
        return judge(network_writer(self.generator, self.score), train, validation, test, seed=seed)

    def score(self, tokens: Tensor, chords: Tensor, given: Given) -> Tensor:
        """The critic's scores [n] of one-hot tokens [n, 64, 38] and chords [n, 8, 24]."""
        return judged(self.critic, tokens, chords, given)

    def save(self, folder: Path) -> None:
        """Write weights and configuration; the manifest and the card are train.py's."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"generator.{k}": v for k, v in self.generator.state_dict().items()}
        tensors |= {f"critic.{k}": v for k, v in self.critic.state_dict().items()}
        save_file({name: value.contiguous() for name, value in tensors.items()}, folder / WEIGHTS_FILE)
        (folder / CONFIG_FILE).write_text(
            json.dumps(dataclasses.asdict(self.config), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path = DEFAULT_WEIGHTS) -> MusicModel:
        """Raises:
        ArtefactError: the folder is incomplete or was changed; nothing of it is parsed then.
        """
        manifest = verify(folder)
        stored: dict[str, Any] = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        config = MusicConfig(**{**stored, "styles": tuple(stored["styles"])})
        tensors = load_file(folder / WEIGHTS_FILE)
        generator, critic = new_generator(config), new_critic(config)
        for name, net in (("generator.", generator), ("critic.", critic)):
            net.load_state_dict({k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)})
        return cls(config, generator, critic, commercial_use=bool(manifest["commercial_use"]))


def new_generator(config: MusicConfig) -> Generator:
    """An untrained generator."""
    return Generator(len(config.styles), config.width, config.hidden, config.noise)


def new_critic(config: MusicConfig) -> Critic:
    """An untrained critic; the plain game's is not normalised."""
    return Critic(len(config.styles), config.critic_width, normalised=config.loss == "hinge")
