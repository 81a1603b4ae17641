"""The generator: writes a phrase step by step, from noise, the phrase before and what is asked of it.

A gated recurrent unit reads, at each step, the token before and those one bar, two bars and a whole phrase ago (so
that repeating and varying are easy to learn), the pitch that sounds, how long it has sounded, the place in the bar
and the chord. Its noise is a vector z for the phrase and Gumbel noise at every choice. In the adversarial game the
chosen tokens are one-hot forwards and differentiable backwards (straight-through Gumbel-softmax, Jang et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.music.phrases import MOST_NOTES, NONE, RELATIONS
from models.music.tensor import CHORD_STEPS, CHORDS, HOLD, MODES, PHRASE_BARS, PHRASE_STEPS, PITCHES, STEPS, TOKENS

SIZES = (len(MODES), MOST_NOTES + 1, PITCHES, PITCHES, len(RELATIONS), 2)
"""Of the condition's columns after the style."""
OLDEST = 15
GRU_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
LONGEST_SILENCE = 12
"""Steps: three beats, longer than all but a few silences in what the networks learn from."""
OCTAVE = 12
_FAR = F.pad((torch.arange(PITCHES)[:, None] - torch.arange(PITCHES)).abs() > OCTAVE, (0, TOKENS - PITCHES, 0, 1))
"""[37, 38] by the last pitch (or none), the tokens more than an octave away."""
_NO_NOTE = torch.arange(TOKENS) >= PITCHES
LOOKBACKS = (STEPS, 2 * STEPS, PHRASE_STEPS)


@dataclass(frozen=True)
class Given:
    """What a batch of phrases is made from: before [n, 64], chords_before [n, 8] and conditions [n, 7] (integers)."""

    before: Tensor
    chords_before: Tensor
    conditions: Tensor


class Conditioner(nn.Module):
    """The condition as one vector: the sum of an embedding for each column."""

    def __init__(self, styles: int, width: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, width) for size in (styles, *SIZES))

    def forward(self, conditions: Tensor) -> Tensor:
        """[n, 7] → [n, width]"""
        return torch.stack([table(conditions[:, i]) for i, table in enumerate(self.tables)]).sum(0)


def sounding(tokens: Tensor) -> Tensor:
    """The pitch that sounds at each step (PITCHES for silence) in rows of tokens [n, steps]."""
    state = torch.full_like(tokens[:, 0], PITCHES)
    columns = []
    for token in tokens.unbind(1):
        state = torch.where(token == HOLD, state, token.clamp(max=PITCHES))
        columns.append(state)
    return torch.stack(columns, 1)


def ages(tokens: Tensor) -> Tensor:
    """Steps since the last token that is not a hold, at most OLDEST, in rows of tokens [n, steps]."""
    state = torch.zeros_like(tokens[:, 0])
    columns = []
    for token in tokens.unbind(1):
        state = torch.where(token == HOLD, (state + 1).clamp(max=OLDEST), torch.zeros_like(state))
        columns.append(state)
    return torch.stack(columns, 1)


class Generator(nn.Module):
    """Args:
    styles: how many; width: of the embeddings; hidden: of the recurrent state; noise: of z.
    """

    def __init__(self, styles: int, width: int = 128, hidden: int = 256, noise: int = 32) -> None:
        super().__init__()
        self.noise = noise
        self.previous = nn.Embedding(TOKENS + 1, width)
        self.lookback = nn.ModuleList(nn.Embedding(TOKENS + 1, width) for _ in LOOKBACKS)
        self.pitch = nn.Embedding(PITCHES + 1, width)
        self.age = nn.Embedding(OLDEST + 1, width)
        self.step = nn.Embedding(PHRASE_STEPS, width)
        self.chord = nn.Embedding(CHORDS, width)
        self.condition = Conditioner(styles, width)
        self.agree = nn.Linear(len(LOOKBACKS), width)
        self.z = nn.Linear(noise, width, bias=False)
        self.context = nn.Sequential(
            nn.Conv1d(width, width, 4, 4), nn.ReLU(), nn.Conv1d(width, width, 4, 4), nn.ReLU(), nn.Flatten()
        )
        self.start = nn.Linear(width * PHRASE_BARS + width + noise, hidden)
        self.cell = nn.GRU(width, hidden, batch_first=True)
        self.next_chord = nn.Linear(hidden + width, CHORDS)
        self.next_token = nn.Sequential(nn.Linear(hidden + width, hidden), nn.ReLU(), nn.Linear(hidden, TOKENS))

    def prepare(self, given: Given, z: Tensor) -> tuple[Tensor, Tensor]:
        """What is known before the first step: the recurrent state [n, hidden] and the inputs [n, 64, width]."""
        condition = self.condition(given.conditions)
        read = self.previous(given.before) + self.chord(given.chords_before).repeat_interleave(CHORD_STEPS, 1)
        context = self.context(read.transpose(1, 2))
        state = torch.tanh(self.start(torch.cat([context, condition, z], 1)))
        fixed = self.step.weight + (condition + self.z(z))[:, None] + self.lookback[2](given.before)
        return state, fixed

    def forward(self, tokens: Tensor, chords: Tensor, given: Given, z: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of tokens [n, 64, 38] and chords [n, 8, 24] when the phrase itself is ``tokens``, ``chords``."""
        state, fixed = self.prepare(given, z)
        history = torch.cat([given.before, tokens], 1)
        at = PHRASE_STEPS
        before = history[:, at - 1 : -1]
        read = fixed + self.previous(before)
        for table, back in zip(self.lookback[:2], LOOKBACKS[:2], strict=True):
            read = read + table(history[:, at - back : -back])
        read = read + self.pitch(sounding(history)[:, at - 1 : -1]) + self.age(ages(history)[:, at - 1 : -1])
        padded = F.pad(history, (1, 0), value=NONE)
        same = torch.stack(
            [before == padded[:, at - back : at - back + PHRASE_STEPS] for back in LOOKBACKS], -1
        ).float()
        read = read + self.agree(same)
        read_chorded = read + self.chord(chords).repeat_interleave(CHORD_STEPS, 1)
        states, _ = self.cell(read_chorded, state[None])
        earlier = torch.cat([state[:, None], states[:, :-1]], 1)
        chord_logits = self.next_chord(torch.cat([earlier, read], -1)[:, ::CHORD_STEPS])
        return self.next_token(torch.cat([states, read_chorded], -1)), chord_logits

    def roll(
        self,
        given: Given,
        z: Tensor,
        gumbel: Tensor,
        chord_gumbel: Tensor,
        *,
        temperature: float = 1.0,
        through: bool = False,
        allowed: Tensor | None = None,
        chords_allowed: Tensor | None = None,
        near: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Write phrases.

        Args:
            z: [n, noise]; gumbel: [n, 64, 38] and chord_gumbel: [n, 8, 24], noise that makes the choices.
            temperature: below 1 the likely gets likelier.
            through: differentiable one-hot choices, for the game.
            allowed: [n, 64, 38], chords_allowed: [n, 24] or [n, 8, 24], False for what must not be chosen.
            near: [n] the last pitch before the phrase (PITCHES for none); if given, no interval exceeds an octave
                as long as anything else is allowed.

        Returns:
            one-hot tokens [n, 64, 38] and chords [n, 8, 24].
        """
        state, fixed = self.prepare(given, z)
        weights = [cast(Tensor, getattr(self.cell, f"{name}_l0")) for name in GRU_WEIGHTS]
        one_hot = F.one_hot(given.before, TOKENS + 1)[..., :TOKENS].float()
        steps = list(one_hot.unbind(1))
        hard = list(given.before.unbind(1))
        pitch = F.one_hot(sounding(given.before)[:, -1], PITCHES + 1).float()
        age = ages(given.before)[:, -1]
        # The embeddings of a step before the beginning have a row of their own, which one-hot tokens do not reach.
        none = (given.before[:, :1] == NONE).float()
        quiet = (1 - none[:, 0]) * (sounding(given.before) == PITCHES).flip(1).cumprod(1).sum(1)
        chord = chord_read = given.chords_before
        chords: list[Tensor] = []
        for t in range(PHRASE_STEPS):
            at = PHRASE_STEPS + t
            read = fixed[:, t] + _look(self.previous, steps[at - 1], none if t == 0 else None)
            for table, back in zip(self.lookback[:2], LOOKBACKS[:2], strict=True):
                read = read + _look(table, steps[at - back], none if t < back else None)
            read = read + pitch @ self.pitch.weight + self.age(age)
            earlier = [hard[at - 1 - back] if at > back else torch.full_like(age, NONE) for back in LOOKBACKS]
            read = read + self.agree(torch.stack([hard[at - 1] == e for e in earlier], -1).float())
            if t % CHORD_STEPS == 0:
                logits = self.next_chord(torch.cat([state, read], -1))
                if chords_allowed is not None:
                    mask = chords_allowed if chords_allowed.dim() == 2 else chords_allowed[:, t // CHORD_STEPS]
                    logits = logits.masked_fill(~mask, -1e9)
                chord = _choose(logits, chord_gumbel[:, t // CHORD_STEPS], temperature, through)
                chords.append(chord)
                chord_read = chord @ self.chord.weight
            read = read + chord_read
            state = torch.gru_cell(read, state, *weights)
            logits = self.next_token(torch.cat([state, read], -1))
            if allowed is not None:
                logits = logits.masked_fill(~allowed[:, t], -1e9)
            if near is not None:
                logits = _stay_near(logits, near)
            logits = _break_silence(logits, quiet, None if allowed is None else allowed[:, t])
            token = _choose(logits, gumbel[:, t], temperature, through)
            steps.append(token)
            index = token.detach().argmax(-1)
            hard.append(index)
            if near is not None:
                near = torch.where(index < PITCHES, index, near)
            held = token[:, HOLD : HOLD + 1]
            pitch = torch.cat([token[:, :PITCHES], token[:, -1:]], 1) + held * pitch
            quiet = (quiet + 1) * pitch[:, PITCHES].detach().round()
            age = torch.where(index == HOLD, (age + 1).clamp(max=OLDEST), torch.zeros_like(age))
        return torch.stack(steps[PHRASE_STEPS:], 1), torch.stack(chords, 1)


def _look(table: nn.Module, one_hot: Tensor, none: Tensor | None) -> Tensor:
    weight = cast(Tensor, table.weight)
    read = one_hot @ weight[:TOKENS]
    return read if none is None else read + none * weight[NONE]


def _stay_near(logits: Tensor, near: Tensor) -> Tensor:
    """No pitch more than an octave from the last one, unless only those are allowed."""
    far = _FAR[near]
    stuck = logits.masked_fill(far, -1e9).amax(1) <= -1e8
    return logits.masked_fill(far & ~stuck[:, None], -1e9)


def _break_silence(logits: Tensor, quiet: Tensor, allowed: Tensor | None) -> Tensor:
    """After LONGEST_SILENCE steps without a sound a note has to begin, if one may: nothing teaches what comes then."""
    over = quiet >= LONGEST_SILENCE
    if allowed is not None:
        over = over & allowed[:, :PITCHES].any(1)
    return logits.masked_fill(over[:, None] & _NO_NOTE, -1e9)


def _choose(logits: Tensor, gumbel: Tensor, temperature: float, through: bool) -> Tensor:
    noisy = logits / temperature + gumbel
    hard = F.one_hot(noisy.argmax(-1), logits.shape[-1]).float()
    if not through:
        return hard
    soft = noisy.softmax(-1)
    return hard + soft - soft.detach()


def gumbel_noise(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """Standard Gumbel noise."""
    uniform = torch.rand(shape, generator=random).clamp_(1e-9, 1 - 1e-7)
    return -torch.log(-torch.log(uniform))
