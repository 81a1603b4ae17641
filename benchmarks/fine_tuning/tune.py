"""Fine-tune the embedded encoder with LoRA on Chinese sentence pairs; never on the FAQ that it will serve.

Two kinds of batches alternate: triplets under multiple-negatives ranking (the other rows of the batch and the hard
negatives are wrong answers; Henderson et al. 2017) and labelled pairs under CoSENT (an equal pair must be closer than an
unequal one; Su 2022). The base was trained with the prefix "query: "; tuning runs without it, which saves three of a
dozen tokens a query at run time.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.fine_tuning.lora import LoraConfig, adapter_tensors, inject, save_adapter
from knowledge import pair_data
from knowledge.checksum import sha256_of
from knowledge.e5_weights import TOKENIZER, WEIGHTS

log = logging.getLogger(__name__)

MAX_TOKENS = 32
LENGTH_GROUPS = 4


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """minutes bounds the wall clock; the learning rate warms up over 5 % of it and then falls to zero linearly.

    interpolation: share of the update that is kept when merging. Halfway between base and tuned weights keeps what the
    base knows outside the training data (Wortsman et al. 2022); the whole update lost on the FAQ and on LCQMC.
    """

    minutes: float = 30.0
    triplets_a_batch: int = 24
    pairs_a_batch: int = 24
    learning_rate: float = 5e-4
    temperature: float = 0.03
    cosent_scale: float = 20.0
    interpolation: float = 0.5
    seed: int = 20240601


def embed(model: nn.Module, tokenizer: Any, sentences: Sequence[str]) -> torch.Tensor:
    """Unit-length mean-pooled vectors, float32 [n, hidden].

    Sentences of like length go through the network together: half of a mixed batch would be padding.
    """
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    size = math.ceil(len(order) / LENGTH_GROUPS)
    parts = []
    for start in range(0, len(order), size):
        texts = [sentences[i] for i in order[start : start + size]]
        batch = tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        hidden = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).float()
        parts.append(functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


def ranking_loss(anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, t: float) -> torch.Tensor:
    """Cross entropy of each anchor's own positive among all positives and hard negatives; vectors [n, d], [n, d], [m, d]."""
    scores = anchor @ torch.cat([positive, negative]).T / t
    target = torch.arange(len(anchor))
    return functional.cross_entropy(scores, target)


def cosent_loss(cosine: torch.Tensor, label: torch.Tensor, scale: float) -> torch.Tensor:
    """log(1 + sum of exp(scale * (cos of an unequal pair - cos of an equal pair))); both arguments [n]."""
    gap = scale * (cosine[label == 0][:, None] - cosine[label == 1][None, :])
    return torch.logsumexp(torch.cat([torch.zeros(1), gap.flatten()]), dim=0)


def tune(base: Path, data: Path, out: Path, config: TuneConfig, lora: LoraConfig) -> dict[str, float]:
    """Train and write the adapter to `out` (overwritten every 200 steps); returns counts and the last losses."""
    from transformers import AutoTokenizer, BertModel

    rng = random.Random(config.seed)
    torch.manual_seed(config.seed)
    model = BertModel.from_pretrained(str(base), add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    parameters = inject(model, lora, torch.Generator().manual_seed(config.seed))
    model.train()
    optimiser = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=0.01)
    triplets, pairs = pair_data.training_triplets(data, rng), pair_data.training_pairs(data, rng)
    started, step, seen = time.monotonic(), 0, 0
    rank_mean = pair_mean = math.nan
    merged = replace(lora, alpha=lora.alpha * config.interpolation)
    t_at = p_at = 0
    while (done := (time.monotonic() - started) / 60 / config.minutes) < 1:
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * min(1.0, done / 0.05) * (1 - done)
        if step % 3 < 2:
            rows = [triplets[(t_at + i) % len(triplets)] for i in range(config.triplets_a_batch)]
            t_at += len(rows)
            hard = [r.negative for r in rows if r.negative]
            vectors = embed(model, tokenizer, [r.anchor for r in rows] + [r.positive for r in rows] + hard)
            n = len(rows)
            loss = ranking_loss(vectors[:n], vectors[n : 2 * n], vectors[2 * n :], config.temperature)
            rank_mean = loss.item() if math.isnan(rank_mean) else 0.98 * rank_mean + 0.02 * loss.item()
        else:
            some = [pairs[(p_at + i) % len(pairs)] for i in range(config.pairs_a_batch)]
            p_at += len(some)
            vectors = embed(model, tokenizer, [r.first for r in some] + [r.second for r in some])
            n = len(some)
            label = torch.tensor([r.label for r in some])
            loss = cosent_loss((vectors[:n] * vectors[n:]).sum(1), label, config.cosent_scale)
            pair_mean = loss.item() if math.isnan(pair_mean) else 0.98 * pair_mean + 0.02 * loss.item()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        seen += n
        if step % 20 == 0:
            print(
                f"{done:5.1%} 第 {step} 步，{seen} 行，排序损失 {rank_mean:.4f}，成对损失 {pair_mean:.4f}", flush=True
            )
        if step % 200 == 0:
            save_adapter(out, adapter_tensors(model), merged)
    save_adapter(out, adapter_tensors(model), merged)
    return {"steps": step, "rows": seen, "ranking_loss": rank_mean, "pair_loss": pair_mean}


def main() -> None:
    """Command line: `python -m knowledge.encoder_tune --base DIR --data DIR --out DIR --minutes N`."""
    parser = argparse.ArgumentParser(description="用句对数据微调内置编码器（LoRA）")
    parser.add_argument("--base", type=Path, required=True, help="未合并适配器的编码器目录")
    parser.add_argument("--data", type=Path, required=True, help="句对数据目录")
    parser.add_argument("--out", type=Path, required=True, help="适配器写到哪里")
    parser.add_argument("--minutes", type=float, default=30.0, help="训练多少分钟")
    parser.add_argument("--threads", type=int, default=2, help="线程数")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(arguments.threads)
    config, lora = TuneConfig(minutes=arguments.minutes), LoraConfig()
    result = tune(arguments.base, arguments.data, arguments.out, config, lora)
    manifest = {
        "sha256": {"adapter.safetensors": sha256_of(arguments.out / "adapter.safetensors")},
        "base": [f"{w.name}=={w.version} sha256:{w.sha256}" for w in (WEIGHTS, TOKENIZER)],
        "data": pair_data.SOURCES,
        "training": {"config": asdict(config), "lora": asdict(lora), "result": result},
    }
    (arguments.out / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
