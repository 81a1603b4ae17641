"""Low-rank adapters (LoRA, Hu et al. 2021) for the sentence encoder: train a few megabytes, merge them at build time.

A linear layer's weight W [out, in] becomes W + (alpha / rank) * B @ A with A [rank, in] and B [out, rank]. After merging,
the network has the same shape and speed as before.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from knowledge.checksum import sha256_of

TARGETS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """rank: inner dimension. alpha: the update is scaled by alpha / rank. dropout: on the adapter's input.

    Layers below `first_layer` stay as they are: no gradient has to pass through them, which halves a step's cost.
    """

    rank: int = 12
    alpha: float = 24.0
    dropout: float = 0.05
    first_layer: int = 6


class LoraLinear(nn.Module):
    """A frozen linear layer with a trainable low-rank update; starts out equal to the layer it wraps."""

    def __init__(self, base: nn.Linear, config: LoraConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base
        self.scale = config.alpha / config.rank
        self.dropout = nn.Dropout(config.dropout)
        a = torch.randn(config.rank, base.in_features, generator=generator) / config.rank
        self.a = nn.Parameter(a)
        self.b = nn.Parameter(torch.zeros(base.out_features, config.rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., in] to [..., out]."""
        out: torch.Tensor = self.base(x)
        return out + self.scale * (self.dropout(x) @ self.a.T) @ self.b.T


def inject(model: nn.Module, config: LoraConfig, generator: torch.Generator) -> list[nn.Parameter]:
    """Freeze `model`, wrap its TARGETS in place and return the trainable parameters."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    trainable: list[nn.Parameter] = []
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    for name in names:
        layer = re.search(r"layer\.(\d+)\.", name)
        if layer is None or int(layer[1]) < config.first_layer or not name.endswith(TARGETS):
            continue
        parent = model.get_submodule(name.rpartition(".")[0])
        leaf = name.rpartition(".")[2]
        wrapped = LoraLinear(getattr(parent, leaf), config, generator)
        setattr(parent, leaf, wrapped)
        trainable += [wrapped.a, wrapped.b]
    return trainable


def adapter_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """The adapters of an injected model: `<layer>.a` float16 [rank, in] and `<layer>.b` float16 [out, rank]."""
    tensors: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, LoraLinear):
            tensors[f"{name}.a"] = module.a.detach().half().contiguous()
            tensors[f"{name}.b"] = module.b.detach().half().contiguous()
    return tensors


def save_adapter(folder: Path, tensors: dict[str, torch.Tensor], config: LoraConfig) -> None:
    """Write `adapter.safetensors` and `config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(folder / "adapter.safetensors"))
    (folder / "config.json").write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")


def merge_adapter(model: nn.Module, folder: Path) -> None:
    """Add the adapter in `folder` to `model`'s weights in place.

    Raises ValueError when the file's checksum is not the manifest's or a layer is missing.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    weights = folder / "adapter.safetensors"
    if sha256_of(weights) != manifest["sha256"]["adapter.safetensors"]:
        raise ValueError("adapter.safetensors is not the file its manifest describes")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    scale = config["alpha"] / config["rank"]
    tensors = load_file(str(weights))
    for name in sorted({key.rpartition(".")[0] for key in tensors}):
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        update = scale * tensors[f"{name}.b"].float() @ tensors[f"{name}.a"].float()
        with torch.no_grad():
            layer.weight += update
