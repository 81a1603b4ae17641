"""EfficientNet-Lite2 (Tan and Le 2019; the lite variant has no squeeze-and-excitation and ReLU6 for swish) in PyTorch.

Only what builds and trains needs this module; answers come from the exported graph. Sides of the input are multiples of
32, so that the padding of the original ("same") is the same constant at every size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

STRIDE = 32
HEAD_CHANNELS = 1280
STEM_CHANNELS = 32
BN_EPSILON = 1e-3


@dataclass(frozen=True)
class Stage:
    """Blocks of one resolution: ``repeats`` of them, the first with ``stride``."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),
)
TAPS = (0, 1, 2, 4, 6)
"""Stages whose activations describe texture: their means and standard deviations go into the texture vector."""
TEXTURE = 2 * sum(STAGES[i].channels for i in TAPS)


class Convolution(nn.Module):
    """Convolution with the "same" padding of TensorFlow, batch normalisation and, unless ``linear``, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BN_EPSILON)
        self.linear = linear
        total = kernel - stride if stride > 1 else kernel - 1
        self.padding = (total // 2, total - total // 2) * 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float32 [batch, inputs, h, w] to [batch, outputs, h / stride, w / stride]."""
        x = self.norm(self.conv(functional.pad(x, self.padding)))
        return x if self.linear else functional.relu6(x)


class Block(nn.Module):
    """Mobile inverted bottleneck (Sandler et al. 2018)."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        layers = [] if stage.expansion == 1 else [Convolution(inputs, inner, 1)]
        layers.append(Convolution(inner, inner, stage.kernel, stride, groups=inner))
        layers.append(Convolution(inner, stage.channels, 1, linear=True))
        self.layers = nn.Sequential(*layers)
        self.skips = stride == 1 and inputs == stage.channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float32 [batch, inputs, h, w] to [batch, channels, h / stride, w / stride]."""
        out: torch.Tensor = self.layers(x)
        return x + out if self.skips else out


class EfficientNetLite2(nn.Module):
    """The network up to the last feature map: stem, seven stages, a head of 1280 channels at a 32nd of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, STEM_CHANNELS, 3, 2)
        stages, inputs = [], STEM_CHANNELS
        for stage in STAGES:
            blocks = []
            for number in range(stage.repeats):
                blocks.append(Block(inputs, stage, stage.stride if number == 0 else 1))
                inputs = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.head = Convolution(inputs, HEAD_CHANNELS, 1)

    def upto(self, x: torch.Tensor, stage: int) -> torch.Tensor:
        """Activations after ``stage`` stages."""
        x = self.stem(x)
        for layer in self.stages[:stage]:
            x = layer(x)
        return x

    def onwards(self, x: torch.Tensor, stage: int) -> torch.Tensor:
        """The last feature map from the activations after ``stage`` stages."""
        for layer in self.stages[stage:]:
            x = layer(x)
        out: torch.Tensor = self.head(x)
        return out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float32 [batch, 3, h, w], normalised, to [batch, 1280, h / 32, w / 32]."""
        return self.onwards(self.upto(x, 0), 0)

    def load_published(self, published: Mapping[str, torch.Tensor]) -> None:
        """Take the weights of the published checkpoint, whose names follow the TensorFlow release.

        Raises:
            KeyError, RuntimeError: it is another network.
        """
        state = {}
        for conv, norm, target in self._names():
            state[f"{target}.conv.weight"] = published[f"{conv}.weight"]
            for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                state[f"{target}.norm.{part}"] = published[f"{norm}.{part}"]
        self.load_state_dict(state)

    def _names(self) -> Iterator[tuple[str, str, str]]:
        """Published convolution, published normalisation, and our module, layer by layer."""
        yield "_conv_stem", "_bn0", "stem"
        number = 0
        for s, stage in enumerate(STAGES):
            for b in range(stage.repeats):
                parts = ["_expand_conv", "_depthwise_conv", "_project_conv"][stage.expansion == 1 :]
                norms = ["_bn0", "_bn1", "_bn2"][stage.expansion == 1 :]
                for position, (part, norm) in enumerate(zip(parts, norms, strict=True)):
                    prefix = f"_blocks.{number}"
                    yield f"{prefix}.{part}", f"{prefix}.{norm}", f"stages.{s}.{b}.layers.{position}"
                number += 1
        yield "_conv_head", "_bn1", "head"


class Exported(nn.Module):
    """What is exported: the last feature map, its mean, and the texture vector, over the part that is picture.

    ``mask``, float32 [batch, 1, h, w], is 1 on the picture and 0 on the padding around it.
    """

    def __init__(self, network: EfficientNetLite2) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Feature map [batch, 1280, h / 32, w / 32], vector [batch, 1280], texture [batch, TEXTURE]."""
        texture = []
        x = self.network.stem(x)
        stride = 2
        for number, layer in enumerate(self.network.stages):
            x = layer(x)
            stride *= STAGES[number].stride
            if number in TAPS:
                texture += self._moments(x, mask, stride)
        last = self.network.head(x)
        return last, self._moments(last, mask, stride)[0], torch.cat(texture, 1)

    @staticmethod
    def _moments(x: torch.Tensor, mask: torch.Tensor, stride: int) -> list[torch.Tensor]:
        weight = functional.avg_pool2d(mask, stride)
        total = weight.sum((2, 3)).clamp(min=1e-6)
        mean = (x * weight).sum((2, 3)) / total
        square = (x * x * weight).sum((2, 3)) / total
        return [mean, (square - mean * mean).clamp(min=0).sqrt()]
