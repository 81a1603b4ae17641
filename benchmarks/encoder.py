"""Run-time forms of the embedded sentence encoder: quality and milliseconds of float32 and int8, ONNX and torch.

    python -m benchmarks.encoder [--pairs DIR]

Quality in the repository: nearest question of the FAQ by cosine, for the development paraphrases (right entry first, and first
four). With --pairs, a folder of public sentence pairs (see benchmarks/fine_tuning/pair_data.py), also the ROC AUC of the cosine
on LCQMC dev. Speed: median of one text at a time on one thread.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.fine_tuning.pair_data import held_out_pairs
from knowledge.calibrate import DEVELOPMENT, read_development
from knowledge.corpus import Corpus, lay_out
from knowledge.encoder import OnnxEncoder
from knowledge.normalise import normalise
from knowledge.store import load_faq

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "encoder.json"
TIMED = 200
PAIRS = 3000

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


def float_copy(folder: Path, out: Path) -> None:
    """The built encoder with a float32 graph instead of the quantised one."""
    from transformers import BertModel

    from knowledge.onnx_export import export_onnx

    shutil.copytree(folder / "st", out / "st")
    shutil.copy(folder / "build.json", out / "build.json")
    (out / "onnx").mkdir()
    network = BertModel.from_pretrained(str(folder / "st"), add_pooling_layer=False, attn_implementation="eager")
    export_onnx(network, out / "onnx" / "model.onnx")


def torch_encode(folder: Path) -> Encode:
    """The same network through sentence-transformers, one thread."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(folder / "st"), device="cpu")
    return lambda texts: model.encode(list(texts), show_progress_bar=False)


def milliseconds(encode: Encode, texts: Sequence[str]) -> float:
    """Median time of one text."""
    took = []
    for text in texts[:TIMED]:
        started = time.perf_counter()
        encode([text])
        took.append(1000 * (time.perf_counter() - started))
    return float(np.median(took))


def nearest_question(encode: Encode, corpus: Corpus, known: Sequence[tuple[str, int]]) -> tuple[float, float]:
    """Share of the paraphrases whose entry has the nearest question, and is among the nearest four entries."""
    cosines = encode([text for text, _ in known]) @ encode(corpus.questions).T
    best = np.maximum.reduceat(cosines, corpus.question_starts[:-1], axis=1)
    targets = np.array([target for _, target in known])
    place = (best > best[np.arange(len(known)), targets][:, None]).sum(axis=1)
    return float((place == 0).mean()), float((place < 4).mean())


def auc(encode: Encode, pairs: Path) -> float:
    """Area under the ROC curve of the cosine on LCQMC dev's first pairs."""
    from sklearn.metrics import roc_auc_score

    rows = held_out_pairs(pairs)["LCQMC dev"][:PAIRS]
    cosines = (encode([r.first for r in rows]) * encode([r.second for r in rows])).sum(axis=1)
    return float(roc_auc_score([r.label for r in rows], cosines))


def main() -> None:
    """Print the table and write benchmarks/results/encoder.json."""
    parser = argparse.ArgumentParser(description="句编码器的几种运行形式")
    parser.add_argument("--encoder", type=Path, default=ROOT / "var" / "encoder")
    parser.add_argument("--pairs", type=Path)
    arguments = parser.parse_args()
    corpus = lay_out(load_faq(ROOT / "knowledge" / "faq"))
    ids = {entry.id: i for i, entry in enumerate(corpus.entries)}
    known = [(normalise(t), ids[e]) for t, e in read_development(DEVELOPMENT, ()).paraphrases if e in ids]
    with tempfile.TemporaryDirectory() as folder:
        float_copy(arguments.encoder, Path(folder))
        forms: dict[str, Encode] = {
            "ONNX int8（使用中）": OnnxEncoder(arguments.encoder).encode,
            "ONNX float32": OnnxEncoder(Path(folder)).encode,
            "torch float32": torch_encode(arguments.encoder),
        }
        rows = []
        print("毫秒/句  首位   前四   LCQMC AUC  形式")
        for name, encode in forms.items():
            speed = milliseconds(encode, [text for text, _ in known])
            first, four = nearest_question(encode, corpus, known)
            area = auc(encode, arguments.pairs) if arguments.pairs else None
            shown = f"{area:9.4f}" if area is not None else "        –"
            print(f"{speed:7.2f}  {first:.3f}  {four:.3f}  {shown}  {name}", flush=True)
            row = {"form": name, "ms": round(speed, 2), "first": round(first, 4), "first_four": round(four, 4)}
            rows.append({**row, "lcqmc_auc": round(area, 4)} if area is not None else row)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"paraphrases": len(known), "questions": len(corpus.questions), "rows": rows}
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
