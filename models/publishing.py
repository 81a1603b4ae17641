"""Writes what a trained model is published with: the manifest, and the model card with the parts that every card has.

What is particular to a model — what it is made of, its limits — its own ``card`` puts between these parts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from models.artefact import write_manifest

PROJECT = Path(__file__).resolve().parent.parent
CARD = "MODEL_CARD.md"


def publish(folder: Path, card: str, **fields: Any) -> None:
    """Write card and manifest beside the weights that are in ``folder`` already.

    Args:
        fields: what the manifest says (see models/artefact.py), without the commit, which is the present one.
    """
    (folder / CARD).write_text(card, encoding="utf-8")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.strip()
    write_manifest(folder, commit=head or "unknown", **fields)


def data_section(data: Iterable[Mapping[str, str]], commercial_use: bool, *notes: str) -> list[str]:
    """What the model was trained on, and whether it may be used commercially; ``notes`` stand between the two."""
    return [
        "## 数据和条款",
        "",
        *(f"- {d['name']}：{d['source']}；{d['terms']}" for d in data),
        "",
        *(line for note in notes for line in (note, "")),
        "可以商用。" if commercial_use else "**不可商用**：设置 `WENYU_COMMERCIAL_USE=true` 后不会启用。",
        "",
    ]


def metrics_section(title: str, metrics: Mapping[str, float], *notes: str) -> list[str]:
    """The figures as a table, with ``notes`` above it."""
    return [
        f"## {title}",
        "",
        *(line for note in notes for line in (note, "")),
        "| 指标 | 值 |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in metrics.items()),
        "",
    ]


def tables(recorded: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tables of a file in benchmarks/results as Markdown."""
    lines: list[str] = []
    for table in recorded:
        lines += [f"### {table['title']}", "", "| " + " | ".join(table["columns"]) + " |"]
        lines.append("|" + "---|" * len(table["columns"]))
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in table["rows"]]
        lines.append("")
    return lines


def training_section(command: str) -> list[str]:
    """How to train it again."""
    return ["## 重新训练", "", "```bash", command, "```", ""]
