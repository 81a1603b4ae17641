"""Generator, critic and the game."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.music import game
from models.music.baselines import MarkovChain, random_notes
from models.music.checkpoint import Checkpoint
from models.music.config import MusicConfig
from models.music.critic import Critic
from models.music.game import (
    Report,
    critic_loss,
    generator_loss,
    judged,
    likelihood_loss,
    play,
    warm_start,
    written,
)
from models.music.generator import SIZES, Generator, Given, ages, sounding
from models.music.model import MusicModel, new_critic, new_generator
from models.music.phrases import NONE, Phrases, phrases_of
from models.music.tensor import CHORDS, HOLD, PITCHES, REST, STEPS, TOKENS, Note, Tune, tokens_of
from models.music.vae import fit_vae

SMALL = MusicConfig(
    styles=("fiddle",), width=16, hidden=24, noise=4, critic_width=16, batch=16, warm_epochs=2, game_steps=2,
    critic_head_start=1,
)  # fmt: skip


def scales() -> Phrases:
    """Tunes of one scale going up, each at its own pitch."""
    tunes = []
    for start in range(8):
        notes = [Note(4 * i, 4, 8 + start + i % 8) for i in range(32)]
        tunes.append(Tune(tokens_of(notes, 128), np.zeros(16, np.uint8), 60, "major", "fiddle", f"t{start}"))
    return phrases_of(tunes, ("fiddle",))


def given(n: int = 6) -> Given:
    random = torch.Generator().manual_seed(1)
    before = torch.randint(0, TOKENS, (n, 64), generator=random)
    before[: n // 2] = NONE
    sizes = (1, *SIZES)
    conditions = torch.stack([torch.randint(0, s, (n,), generator=random) for s in sizes], 1)
    return Given(before, torch.randint(0, CHORDS, (n, 8), generator=random), conditions)


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    return new_generator(SMALL)


def test_what_sounds_and_for_how_long() -> None:
    row = torch.tensor([[5, HOLD, HOLD, REST, HOLD, 7]])
    assert sounding(row).tolist() == [[5, 5, 5, 36, 36, 7]]
    assert ages(row).tolist() == [[0, 1, 2, 0, 1, 0]]


def test_step_by_step_and_all_at_once_are_the_same_network(generator: Generator) -> None:
    conditions = given()
    z = torch.randn(6, SMALL.noise)
    with torch.no_grad():
        tokens, chords = generator.roll(conditions, z, torch.zeros(6, 64, TOKENS), torch.zeros(6, 8, CHORDS))
        token_logits, chord_logits = generator(tokens.argmax(-1), chords.argmax(-1), conditions, z)
    assert torch.equal(token_logits.argmax(-1), tokens.argmax(-1))
    assert torch.equal(chord_logits.argmax(-1), chords.argmax(-1))


def test_nothing_forbidden_is_written(generator: Generator) -> None:
    allowed = torch.zeros(6, 64, TOKENS, dtype=torch.bool)
    allowed[..., [12, HOLD]] = True
    chords_allowed = torch.zeros(6, 8, CHORDS, dtype=torch.bool)
    chords_allowed[..., 3] = True
    gumbel = torch.randn(6, 64, TOKENS) * 5
    tokens, chords = generator.roll(
        given(), torch.randn(6, 4), gumbel, torch.randn(6, 8, CHORDS), allowed=allowed, chords_allowed=chords_allowed
    )
    assert set(tokens.argmax(-1).unique().tolist()) <= {12, HOLD}
    assert chords.argmax(-1).unique().tolist() == [3]


def test_the_critic_s_opinion_reaches_every_part_of_the_generator(generator: Generator) -> None:
    tokens, chords = written(generator, given(16), torch.Generator().manual_seed(0), through=True)
    torch.autograd.backward(-judged(new_critic(SMALL), tokens, chords, given(16)).mean())
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
    assert float(generator.z.weight.grad.abs().sum()) > 0  # type: ignore[union-attr]


def test_the_critic_tells_whether_a_batch_is_all_the_same() -> None:
    torch.manual_seed(0)
    critic = Critic(1, 16)
    one = given(16)
    tokens = torch.nn.functional.one_hot(torch.randint(0, TOKENS, (16, 64)), TOKENS).float()
    chords = torch.nn.functional.one_hot(torch.zeros(16, 8, dtype=torch.long), CHORDS).float()
    same = Given(*(t[:1].expand(16, -1) for t in (one.before, one.chords_before, one.conditions)))
    varied = judged(critic, tokens, chords, same)[0]
    alike = judged(critic, tokens[:1].expand(16, -1, -1), chords, same)[0]
    assert float((varied - alike).abs().detach()) > 1e-6


@pytest.mark.parametrize("kind", ["hinge", "minimax"])
def test_both_losses_pull_in_opposite_directions(kind: str) -> None:
    low, high = torch.tensor([-2.0]), torch.tensor([2.0])
    assert critic_loss(kind, high, low) < critic_loss(kind, low, high)
    assert generator_loss(kind, high) < generator_loss(kind, low)


def test_training_lowers_the_loss_and_the_game_runs() -> None:
    torch.manual_seed(0)
    phrases = scales()
    generator = new_generator(SMALL)
    random = torch.Generator().manual_seed(0)
    before = likelihood_loss(generator, phrases, random, 0.0).item()
    lines: list[str] = []
    warm_start(generator, phrases, phrases, SMALL, lines.append)
    after = likelihood_loss(generator, phrases, random, 0.0).item()
    assert after < before
    assert len(lines) == SMALL.warm_epochs
    played = play(generator, new_critic(SMALL), phrases, SMALL, lines.append)
    assert all(bool(torch.isfinite(p).all()) for p in played.parameters())


def test_a_training_that_was_stopped_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(game, "CHECK_EVERY", 2)
    monkeypatch.setattr(game, "LOOK_EVERY", 2)
    phrases = scales()
    config = replace(SMALL, game_steps=5, game_batch=16, warm_epochs=1)

    class Stop(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("game 4/"):
            raise Stop

    def fit(report: Report, folder: Path) -> MusicModel:
        checkpoint = Checkpoint(folder, config, phrases, phrases)
        return MusicModel.fit(phrases, phrases, config, report, commercial_use=True, checkpoint=checkpoint)

    whole = fit(lambda line: None, tmp_path / "whole")
    for _ in range(2):
        # The first time it stops before the checkpoint of that step is written, the second before it is again.
        with pytest.raises(Stop):
            fit(stop, tmp_path / "stopped")
    resumed = fit(lambda line: None, tmp_path / "stopped")
    for a, b in ((whole.generator, resumed.generator), (whole.critic, resumed.critic)):
        for name, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[name]), name


def test_a_silence_is_broken(generator: Generator) -> None:
    quiet = torch.full((6, 64, TOKENS), -50.0)
    quiet[..., REST] = 50.0
    tokens, _ = generator.roll(given(), torch.zeros(6, SMALL.noise), quiet, torch.zeros(6, 8, CHORDS))
    assert (tokens.argmax(-1)[:, : 2 * STEPS] < PITCHES).any(1).all()


def test_the_comparison_models_write_phrases_of_the_right_shape() -> None:
    phrases = scales()
    decoder = fit_vae(phrases, phrases, SMALL, lambda line: None)
    assert isinstance(decoder, Generator)
    tune = Tune(phrases.tokens[0], phrases.chords[0], 60, "major", "fiddle", "t")
    random = np.random.default_rng(0)
    for order in (1, 3):
        row = MarkovChain([tune], order).sample(128, random)
        assert row.shape == (128,)
        assert set(row[row < 36].tolist()) <= set(tune.tokens[tune.tokens < 36].tolist())
    assert 2 <= int((random_notes(random, 5) < 36).sum()) <= 40


def test_a_phrase_knows_what_came_before_and_what_it_is() -> None:
    phrases = scales()
    assert len(phrases) == 16
    first, second = phrases.conditions[0], phrases.conditions[1]
    assert first.tolist() == [0, 0, 4, 8, 15, 0, 0]
    assert second.tolist() == [0, 0, 4, 8, 15, 1, 1]
    assert phrases.before[0][0] == NONE
    assert phrases.before[1].tolist() == phrases.tokens[0].tolist()
