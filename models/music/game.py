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

from models.music.checkpoint import Checkpoint, State
from models.music.config import MusicConfig
from models.music.critic import Critic
from models.music.generator import Generator, Given, gumbel_noise
from models.music.page import STATISTICS, statistics
from models.music.phrases import Phrases
from models.music.tensor import CHORDS, PHRASE_STEPS, TOKENS

Report = Callable[[str], None]
Distance = Callable[[Generator], float]
"""How far what a generator writes is from music that it did not learn."""


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


class Matching:
    """Matches the moments of the page's statistics (feature matching, Salimans et al. 2016).

    The generator writes under the conditions of a real batch, so the two differ in what it does wrong. The difference
    of the mean and the mean square of each standardised statistic is averaged over the batches, because that of one
    batch is mostly chance, and the generator is pushed against it.

    Args:
        critic: standardises the statistics; train: the real phrases that set the standard.
    """

    MEMORY = 0.9

    def __init__(self, critic: Critic, train: Phrases) -> None:
        self.critic = critic
        with torch.no_grad():
            real = torch.cat([statistics(*_one_hot(train.pick(rows))) for rows in _slices(len(train), 512)])
            critic.centre.copy_(real.mean(0))
            critic.scale.copy_(real.std(0).clamp(min=1e-3))
        self.apart = torch.zeros(2 * STATISTICS)

    def moments(self, tokens: Tensor, modes: Tensor) -> Tensor:
        """[2 * STATISTICS] means and mean squares of one-hot phrases."""
        told = self.critic.standardise(statistics(tokens, modes))
        return torch.cat([told.mean(0), told.square().mean(0)])

    def loss(self, fake: Tensor, real: Phrases) -> Tensor:
        """The push, a scalar, for the phrases written under the conditions of ``real``."""
        tokens, modes = _one_hot(real)
        apart = self.moments(fake, modes) - self.moments(tokens, modes)
        self.apart = self.MEMORY * self.apart + (1 - self.MEMORY) * apart.detach()
        return (self.apart * apart).sum()


def _one_hot(phrases: Phrases) -> tuple[Tensor, Tensor]:
    tokens, _, given = tensors(phrases)
    return F.one_hot(tokens, TOKENS).float(), given.conditions[:, 1]


def _slices(count: int, size: int) -> list[slice]:
    return [slice(i, i + size) for i in range(0, count, size)]


class Players:
    """Both sides of the game, what drives them, and all that decides how it goes on.

    Attributes:
        average: the generator with the moving average of its weights; matching: see Matching.
        random: of noise; drawn: batches used so far; step: the next one, negative during the critic's head start.
        best: state of the average and of the critic when the average was nearest, at the distance ``least``.
    """

    def __init__(self, generator: Generator, critic: Critic, train: Phrases, config: MusicConfig) -> None:
        self.generator, self.critic, self.config = generator, critic, config
        self.average = copy.deepcopy(generator)
        self.g_steps = torch.optim.Adam(generator.parameters(), config.generator_rate, betas=(0.0, 0.9))
        self.d_steps = torch.optim.Adam(critic.parameters(), config.critic_rate, betas=(0.0, 0.9))
        self.random = torch.Generator().manual_seed(config.seed + 1)
        self.matching = Matching(critic, train)
        self.drawn, self.step = 0, -config.critic_head_start
        self.least, self.best = float("inf"), self._both()

    def _both(self) -> State:
        return copy.deepcopy({"average": self.average.state_dict(), "critic": self.critic.state_dict()})

    def look(self, distance: Distance) -> float:
        """Remember the average as it is now, with its critic, if nothing so far was nearer. Returns its distance."""
        found = distance(self.average)
        if found < self.least:
            self.least, self.best = found, self._both()
        return found

    def leave(self) -> Generator:
        """Put average and critic back to where the average was nearest; returns it."""
        self.average.load_state_dict(self.best["average"])
        self.critic.load_state_dict(self.best["critic"])
        return self.average

    def state(self) -> State:
        """Everything of it, for a checkpoint."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        numbers = {"drawn": self.drawn, "step": self.step, "least": self.least}
        found = {"random": self.random.get_state(), "apart": self.matching.apart, "best": self.best}
        return {**parts, **numbers, **found}

    def restore(self, state: State) -> None:
        """The inverse of ``state``."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.drawn, self.step = state["drawn"], state["step"]
        self.random.set_state(state["random"])
        self.matching.apart = state["apart"]
        self.least, self.best = state["least"], state["best"]

    def _parts(self) -> dict[str, Generator | Critic | torch.optim.Adam]:
        return {
            "generator": self.generator, "critic": self.critic, "average": self.average,
            "g_steps": self.g_steps, "d_steps": self.d_steps,
        }  # fmt: skip

    def critic_turn(self, batch: Phrases) -> tuple[float, float]:
        """One step of the critic. Returns its loss and the share of phrases it told right."""
        tokens, chords, given = tensors(batch)
        with torch.no_grad():
            fake, fake_chords = written(self.generator, given, self.random, through=False)
        one_hot, one_hot_chords = F.one_hot(tokens, TOKENS).float(), F.one_hot(chords, CHORDS).float()
        real_score = judged(self.critic, one_hot, one_hot_chords, given)
        fake_score = judged(self.critic, fake, fake_chords, given)
        loss = critic_loss(self.config.loss, real_score, fake_score)
        self.d_steps.zero_grad()
        torch.autograd.backward(loss)
        self.d_steps.step()
        right = float((real_score > 0).float().mean()) + float((fake_score < 0).float().mean())
        return loss.item(), right / 2

    def generator_turn(self, batch: Phrases) -> tuple[float, float]:
        """One step of the generator and of the average. Returns its loss in the game and its likelihood loss."""
        config = self.config
        given = tensors(batch)[2]
        fake, fake_chords = written(self.generator, given, self.random, through=True)
        loss = generator_loss(config.loss, judged(self.critic, fake, fake_chords, given))
        total, anchor = loss, torch.zeros(())
        if config.anchor:
            anchor = likelihood_loss(self.generator, batch, self.random, config.dropout)
            total = total + config.anchor * anchor
        if config.matching:
            total = total + config.matching * self.matching.loss(fake, batch)
        self.g_steps.zero_grad()
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.g_steps.step()
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                kept.lerp_(now, 1 - config.average)
        return loss.item(), anchor.item()


CHECK_EVERY = 25
"""Steps between two checkpoints, and between two lines of the report."""
LOOK_EVERY = 50
"""Steps between two looks at how far the average is."""


def play(
    generator: Generator,
    critic: Critic,
    train: Phrases,
    config: MusicConfig,
    report: Report,
    checkpoint: Checkpoint | None = None,
    distance: Distance | None = None,
) -> Generator:
    """The game, from the checkpoint on if there is one. Returns the generator with the average of its weights.

    Args:
        distance: chooses the step whose average is returned, and whose critic stays; the last one without it.
    """
    players = Players(generator, critic, train, config)
    stored = checkpoint.load() if checkpoint else None
    if stored and "step" in stored:
        players.restore(stored)
    source = _for_ever(train, config.game_batch, np.random.default_rng(config.seed + 1))
    for _ in range(players.drawn):
        next(source)
    seen: list[tuple[float, ...]] = []
    began = time.perf_counter()
    while players.step < config.game_steps:
        for _ in range(config.critic_steps):
            d_loss, right = players.critic_turn(next(source))
            players.drawn += 1
        g_loss = anchor = 0.0
        if players.step >= 0:
            g_loss, anchor = players.generator_turn(next(source))
            players.drawn += 1
        players.step += 1
        seen.append((d_loss, g_loss, anchor, right))
        if distance and players.step > 0 and players.step % LOOK_EVERY == 0:
            report(f"game {players.step}/{config.game_steps}: distance {players.look(distance):.3f}")
        if players.step % CHECK_EVERY == 0:
            d, g, a, r = np.mean(seen[-CHECK_EVERY:], 0)
            report(
                f"game {players.step}/{config.game_steps}: critic {d:.3f}, generator {g:.3f}, likelihood {a:.3f}, "
                f"critic right {r:.2f}, apart {float(players.matching.apart.norm()):.2f}, "
                f"{time.perf_counter() - began:.0f} s"
            )
            if checkpoint:
                checkpoint.store(players.state())
    return players.leave() if players.least < float("inf") else players.average


def _for_ever(phrases: Phrases, size: int, random: np.random.Generator) -> Iterator[Phrases]:
    # A collection smaller than a batch would never fill one.
    size = min(size, len(phrases))
    while True:
        yield from batches(phrases, size, random)
