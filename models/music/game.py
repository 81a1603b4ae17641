"""Training: a warm start by maximum likelihood, then the game of generator and critic.

The game is the min-max game of Goodfellow et al. (2014). The critic and the generator take turns:

    max over D   E log D(x) + E log(1 - D(G(z)))        min over G   the same

That plain form is ``loss="minimax"``. The default is its hinge form with a spectrally normalised critic
(Miyato et al. 2018), which does not saturate and does not let the critic run away.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.music.config import MusicConfig
from models.music.critic import Critic
from models.music.generator import Generator, Given, gumbel_noise
from models.music.phrases import Phrases
from models.music.tensor import CHORDS, PHRASE_STEPS, TOKENS

Report = Callable[[str], None]


def tensors(phrases: Phrases) -> tuple[Tensor, Tensor, Given]:
    """tokens [n, 64], chords [n, 8] and what is given, as integer tensors."""
    t = [torch.from_numpy(np.asarray(a, np.int64)) for a in (phrases.tokens, phrases.chords)]
    g = [torch.from_numpy(np.asarray(a, np.int64)) for a in (phrases.before, phrases.chords_before, phrases.conditions)]
    return t[0], t[1], Given(*g)


def batches(phrases: Phrases, size: int, random: np.random.Generator) -> Iterator[Phrases]:
    """The phrases in random order, in whole batches."""
    order = random.permutation(len(phrases))
    for start in range(0, len(order) - size + 1, size):
        yield phrases.pick(order[start : start + size])


def likelihood_loss(generator: Generator, phrases: Phrases, random: torch.Generator, dropout: float) -> Tensor:
    """Mean negative log-likelihood a step of the melody, and of the chords, in nats.

    Args:
        dropout: share of the tokens that the generator reads replaced by another phrase's at the same step, so that
            it learns to go on after what it would not have written.
    """
    tokens, chords, given = tensors(phrases)
    seen = tokens
    if dropout:
        other = tokens[torch.randperm(len(tokens), generator=random)]
        seen = torch.where(torch.rand(tokens.shape, generator=random) < dropout, other, tokens)
    z = torch.randn(len(tokens), generator.noise, generator=random)
    token_logits, chord_logits = generator(seen, chords, given, z)
    token_loss = F.cross_entropy(token_logits.flatten(0, 1), tokens.flatten())
    chord_loss = F.cross_entropy(chord_logits.flatten(0, 1), chords.flatten())
    return token_loss + chord_loss / 8


@torch.no_grad()
def validation_loss(generator: Generator, phrases: Phrases) -> float:
    """likelihood_loss over all ``phrases``, without dropout."""
    random = torch.Generator().manual_seed(0)
    parts = [phrases.pick(slice(i, i + 256)) for i in range(0, len(phrases), 256)]
    losses = [float(likelihood_loss(generator, p, random, 0.0)) * len(p) for p in parts]
    return sum(losses) / len(phrases)


def warm_start(generator: Generator, train: Phrases, validation: Phrases, config: MusicConfig, report: Report) -> None:
    """Maximum likelihood with Adam and a cosine schedule; keeps the weights of the best epoch on ``validation``."""
    optimiser = torch.optim.Adam(generator.parameters(), config.warm_rate)
    steps = config.warm_epochs * (len(train) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.warm_rate, total_steps=steps + 1)
    random = torch.Generator().manual_seed(config.seed)
    order = np.random.default_rng(config.seed)
    best, kept = float("inf"), copy.deepcopy(generator.state_dict())
    for epoch in range(config.warm_epochs):
        began = time.perf_counter()
        losses = []
        for batch in batches(train, config.batch, order):
            loss = likelihood_loss(generator, batch, random, config.dropout)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        now = validation_loss(generator, validation)
        report(
            f"warm start {epoch + 1}/{config.warm_epochs}: train {np.mean(losses):.3f}, validation {now:.3f}, "
            f"{time.perf_counter() - began:.0f} s"
        )
        if now < best:
            best, kept = now, copy.deepcopy(generator.state_dict())
    generator.load_state_dict(kept)


def written(generator: Generator, given: Given, random: torch.Generator, *, through: bool) -> tuple[Tensor, Tensor]:
    """A batch of generated phrases, one-hot."""
    n = len(given.before)
    z = torch.randn(n, generator.noise, generator=random)
    gumbel = gumbel_noise((n, PHRASE_STEPS, TOKENS), random)
    return generator.roll(given, z, gumbel, gumbel_noise((n, 8, CHORDS), random), through=through)


def judged(critic: Critic, tokens: Tensor, chords: Tensor, given: Given) -> Tensor:
    """The critic's scores of one-hot phrases."""
    before = F.one_hot(given.before, TOKENS + 1)[..., :TOKENS].float()
    chords_before = F.one_hot(given.chords_before, CHORDS).float()
    scores: Tensor = critic(tokens, chords, before, chords_before, given.conditions)
    return scores


def critic_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the critic minimises."""
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    """What the generator minimises; the plain game's is E log(1 - D(G(z)))."""
    return -fake.mean() if kind == "hinge" else -F.softplus(fake).mean()


def play(generator: Generator, critic: Critic, train: Phrases, config: MusicConfig, report: Report) -> Generator:
    """The game. Returns the generator with the moving average of its weights."""
    average = copy.deepcopy(generator)
    g_steps = torch.optim.Adam(generator.parameters(), config.generator_rate, betas=(0.0, 0.9))
    d_steps = torch.optim.Adam(critic.parameters(), config.critic_rate, betas=(0.0, 0.9))
    random = torch.Generator().manual_seed(config.seed + 1)
    order = np.random.default_rng(config.seed + 1)
    source = _for_ever(train, config.game_batch, order)
    seen: list[tuple[float, ...]] = []
    began = time.perf_counter()
    for step in range(-config.critic_head_start, config.game_steps):
        for _ in range(config.critic_steps):
            tokens, chords, given = tensors(next(source))
            with torch.no_grad():
                fake, fake_chords = written(generator, given, random, through=False)
            real_score = judged(critic, F.one_hot(tokens, TOKENS).float(), F.one_hot(chords, CHORDS).float(), given)
            fake_score = judged(critic, fake, fake_chords, given)
            d_loss = critic_loss(config.loss, real_score, fake_score)
            d_steps.zero_grad()
            torch.autograd.backward(d_loss)
            d_steps.step()
        right = (float((real_score > 0).float().mean()) + float((fake_score < 0).float().mean())) / 2
        if step < 0:
            seen.append((d_loss.item(), 0.0, 0.0, right))
            continue
        batch = next(source)
        given = tensors(batch)[2]
        fake, fake_chords = written(generator, given, random, through=True)
        g_loss = generator_loss(config.loss, judged(critic, fake, fake_chords, given))
        anchor = likelihood_loss(generator, batch, random, config.dropout) if config.anchor else torch.zeros(())
        g_steps.zero_grad()
        torch.autograd.backward(g_loss + config.anchor * anchor)
        torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
        g_steps.step()
        with torch.no_grad():
            for kept, now in zip(average.parameters(), generator.parameters(), strict=True):
                kept.lerp_(now, 1 - config.average)
        seen.append((d_loss.item(), g_loss.item(), anchor.item(), right))
        if (step + 1) % 50 == 0:
            d, g, a, r = np.mean(seen[-50:], 0)
            report(
                f"game {step + 1}/{config.game_steps}: critic {d:.3f}, generator {g:.3f}, likelihood {a:.3f}, "
                f"critic right {r:.2f}, {time.perf_counter() - began:.0f} s"
            )
    return average


def _for_ever(phrases: Phrases, size: int, random: np.random.Generator) -> Iterator[Phrases]:
    # A collection smaller than a batch would never fill one.
    size = min(size, len(phrases))
    while True:
        yield from batches(phrases, size, random)
