"""Export the encoder to ONNX and quantise it: the run time needs neither torch nor transformers.

The graph takes input_ids and attention_mask, int64 [batch, tokens], and gives sentence_embedding, float32 [batch, dim] of
unit length (mean pooling inside).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn


class PooledEncoder(nn.Module):
    """The network with mean pooling and normalisation, as one module that can be exported."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """int64 [batch, tokens] twice to float32 [batch, dim]."""
        hidden = self.network(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)


def export_onnx(network: nn.Module, path: Path) -> None:
    """Write the float32 graph to `path`. `network` must use eager attention, which traces to plain operators."""
    example = (torch.full((2, 9), 5), torch.ones(2, 9, dtype=torch.long))
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs two more packages; this network traces exactly.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            PooledEncoder(network).eval(),
            example,
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["sentence_embedding"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "sentence_embedding": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def quantise(source: Path, target: Path) -> None:
    """Write an int8 copy (weights per channel, activations at run time): a quarter of the size, twice the speed."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Seven-bit weights: without VNNI, sums of two eight-bit products overflow sixteen bits.
        reduce_range=True,
        op_types_to_quantize=["MatMul", "Gather"],
        extra_options={"MatMulConstBOnly": True},
    )
