"""What a music model is made of and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MusicConfig:
    """Sizes, and the schedule of a training.

    Attributes:
        styles: the corpora's styles, in the order of the condition's column.
        width, hidden, noise: of the generator; critic_width: of the critic.
        batch, game_batch: phrases a step in the warm start and in the game; seed: of everything random.
        warm_epochs, warm_rate: of the warm start by maximum likelihood; dropout of the tokens it reads.
        game_steps: alternations of the game; critic_steps: of the critic in each; critic_head_start: before the first.
        generator_rate, critic_rate: learning rates in the game.
        anchor: weight of the likelihood in the generator's loss, which keeps the game from forgetting.
        matching: weight of the matching of the page's statistics.
        loss: "hinge" with spectral normalisation, or "minimax", the plain game, without.
        average: decay of the exponential moving average of the generator's weights, which is what is kept.
    """

    styles: tuple[str, ...] = ("fiddle", "chorale")
    width: int = 128
    hidden: int = 256
    noise: int = 32
    critic_width: int = 96
    batch: int = 64
    game_batch: int = 48
    seed: int = 1
    warm_epochs: int = 8
    warm_rate: float = 2e-3
    dropout: float = 0.1
    game_steps: int = 250
    critic_steps: int = 1
    critic_head_start: int = 100
    generator_rate: float = 2e-4
    critic_rate: float = 4e-4
    anchor: float = 1.0
    matching: float = 32.0
    loss: str = "hinge"
    average: float = 0.99
