"""The comparison: a variational autoencoder (Kingma and Welling 2014) of phrases on the same data.

Its decoder is the generator's network, with everything that it reads; z is what an encoder finds in the phrase, and
phrases are written from z drawn from the prior.
"""

from __future__ import annotations

import copy
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.music.config import MusicConfig
from models.music.game import Report, batches, tensors
from models.music.generator import Conditioner, Generator
from models.music.phrases import Phrases
from models.music.tensor import CHORD_STEPS, CHORDS, TOKENS

FREE_NATS = 4.0
"""Of the divergence that cost nothing, so that z keeps a meaning."""


class Encoder(nn.Module):
    """A phrase and its condition as mean and log-variance of z."""

    def __init__(self, styles: int, width: int, noise: int) -> None:
        super().__init__()
        self.token = nn.Embedding(TOKENS, width)
        self.chord = nn.Embedding(CHORDS, width)
        self.condition = Conditioner(styles, width)
        self.read = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * width, 2 * noise)

    def forward(self, tokens: Tensor, chords: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """[n, noise] each."""
        x = self.token(tokens) + self.chord(chords).repeat_interleave(CHORD_STEPS, 1)
        states, _ = self.read(x + self.condition(conditions)[:, None])
        mean, log_variance = self.out(states.mean(1)).chunk(2, -1)
        return mean, log_variance


def vae_loss(
    encoder: Encoder, decoder: Generator, phrases: Phrases, random: torch.Generator, dropout: float, weight: float
) -> Tensor:
    """Negative evidence lower bound a step, in nats; ``weight`` of the divergence."""
    tokens, chords, given = tensors(phrases)
    mean, log_variance = encoder(tokens, chords, given.conditions)
    z = mean + torch.randn(mean.shape, generator=random) * (log_variance / 2).exp()
    seen = tokens
    if dropout:
        other = tokens[torch.randperm(len(tokens), generator=random)]
        seen = torch.where(torch.rand(tokens.shape, generator=random) < dropout, other, tokens)
    token_logits, chord_logits = decoder(seen, chords, given, z)
    token_loss = F.cross_entropy(token_logits.flatten(0, 1), tokens.flatten())
    chord_loss = F.cross_entropy(chord_logits.flatten(0, 1), chords.flatten())
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
    return token_loss + chord_loss / 8 + weight * F.relu(divergence - FREE_NATS) / tokens.shape[1]


def fit_vae(train: Phrases, validation: Phrases, config: MusicConfig, report: Report) -> Generator:
    """The decoder of a VAE trained as long as the generator's warm start, with the divergence weighed in slowly."""
    torch.manual_seed(config.seed)
    decoder = Generator(len(config.styles), config.width, config.hidden, config.noise)
    encoder = Encoder(len(config.styles), config.width, config.noise)
    parameters = [*decoder.parameters(), *encoder.parameters()]
    optimiser = torch.optim.Adam(parameters, config.warm_rate)
    steps = config.warm_epochs * (len(train) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.warm_rate, total_steps=steps + 1)
    random = torch.Generator().manual_seed(config.seed)
    order = np.random.default_rng(config.seed)
    best, kept, step = float("inf"), copy.deepcopy(decoder.state_dict()), 0
    for epoch in range(config.warm_epochs):
        began = time.perf_counter()
        for batch in batches(train, config.batch, order):
            weight = min(1.0, step / (steps / 3))
            loss = vae_loss(encoder, decoder, batch, random, config.dropout, weight)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            step += 1
        with torch.no_grad():
            now = float(vae_loss(encoder, decoder, validation, random, 0.0, 1.0))
        report(f"VAE {epoch + 1}/{config.warm_epochs}: validation {now:.3f}, {time.perf_counter() - began:.0f} s")
        if now < best and epoch >= config.warm_epochs // 3:
            best, kept = now, copy.deepcopy(decoder.state_dict())
    decoder.load_state_dict(kept)
    return decoder
