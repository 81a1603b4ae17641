"""Keeps a training that was stopped: it goes on where it was, and ends with the same weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import torch

from models.music.config import MusicConfig
from models.music.phrases import Phrases

State = dict[str, Any]
"""Tensors, numbers, and dictionaries and lists of them."""


class Checkpoint:
    """The state of one training, in one file that is named after what is trained on what.

    Args:
        folder: where the file lies; config, train, validation: another of these is another training.
    """

    def __init__(self, folder: Path, config: MusicConfig, train: Phrases, validation: Phrases) -> None:
        digest = hashlib.sha256(json.dumps(dataclasses.asdict(config), sort_keys=True).encode())
        for phrases in (train, validation):
            digest.update(phrases.tokens.tobytes() + phrases.chords.tobytes() + phrases.conditions.tobytes())
        self._began, self._before = time.process_time(), 0.0
        self.file = folder / f"{'-'.join(config.styles)}-{digest.hexdigest()[:16]}.pt"

    def load(self) -> State | None:
        """What was stored last; None at the beginning."""
        if not self.file.exists():
            return None
        stored: State = torch.load(self.file, weights_only=True)
        self._began, self._before = time.process_time(), stored["spent"]
        return stored

    @property
    def spent(self) -> float:
        """Seconds of processor time of the whole training so far."""
        return self._before + time.process_time() - self._began

    def store(self, state: State) -> None:
        """Keep ``state`` instead of what was kept before."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".part")
        torch.save({**state, "spent": self.spent}, draft)
        os.replace(draft, self.file)

    def remove(self) -> None:
        """Forget the training: it is finished."""
        self.file.unlink(missing_ok=True)
