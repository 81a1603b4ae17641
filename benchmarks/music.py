"""The music generator beside a VAE, Markov chains, random notes and its own ablations; latency of composing.

    python -m benchmarks.music [--var DIR] [--only default,chinese,latency] [--without 朴素对抗,VAE] [--detect GAN,VAE]

Needs music21 the first time, when it reads the corpora into DIR/music/corpus.npz. The comparison models are trained
by this program and kept in DIR/music/bench; delete that folder to train them again (about an hour on one core).
Every number is on tunes that no model was trained on; a network writes whole tunes phrase by phrase from its own
phrases. The GAN's critic chooses among four candidates for each phrase, as it does for users; a second column is the
generator alone. The accuracy of a fresh discriminator against the GAN is that of its manifest unless it is asked for. Prints every table and writes benchmarks/results/music.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from models.music import corpus
from models.music.config import MusicConfig
from models.music.evaluate import Judgement, Writer, judge, markov_writer, network_writer, random_writer, real_writer
from models.music.files import midi_file, page_files, sound_files
from models.music.game import play, warm_start
from models.music.generator import Generator
from models.music.measures import COPY, MEASURES
from models.music.model import MusicModel, new_critic, new_generator
from models.music.phrases import Phrases
from models.music.piece import Request
from models.music.train import CONFIGS, FOLDERS, hop_of, parts, tunes_of
from models.music.vae import fit_vae

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "music.json"
PLAIN_STEPS = 60
ALL_MEASURES = (*MEASURES, "nearest neighbour")
TITLES = {"default": "默认权重（欧洲民间舞曲、巴赫众赞歌）", "chinese": "中国风权重（Essen 汉族民歌）"}


def say(line: str) -> None:
    """Progress."""
    print(line, flush=True)


def kept(file: Path, config: MusicConfig, train: Callable[[], Generator]) -> Generator:
    """A comparison model from ``file``, or trained now and written there."""
    if not file.exists():
        say(f"训练 {file.stem} …")
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({k: v.contiguous() for k, v in train().state_dict().items()}, file)
    generator = new_generator(config)
    generator.load_state_dict(load_file(file))
    return generator


def rivals(name: str, folder: Path, train: Phrases, validation: Phrases, without: set[str]) -> dict[str, Generator]:
    """The networks beside the GAN: its warm start alone, the plain game from there, and the VAE."""
    config = CONFIGS[name]

    def warm() -> Generator:
        torch.manual_seed(config.seed)
        generator = new_generator(config)
        warm_start(generator, train, validation, config, say)
        return generator

    warmed = kept(folder / f"{name}-warm.safetensors", config, warm)
    found = {"不对抗": warmed}
    if "VAE" not in without:
        vae = folder / f"{name}-vae.safetensors"
        found["VAE"] = kept(vae, config, lambda: fit_vae(train, validation, config, say))
    if name == "default" and "朴素对抗" not in without:
        plain = replace(config, loss="minimax", anchor=0.0, matching=0.0, game_steps=PLAIN_STEPS, critic_head_start=20)

        def played() -> Generator:
            torch.manual_seed(config.seed)
            generator = new_generator(config)
            generator.load_state_dict(warmed.state_dict())
            return play(generator, new_critic(plain), train, plain, say)

        found["朴素对抗"] = kept(folder / f"{name}-plain.safetensors", config, played)
    return found


def quality(name: str, var: Path, without: set[str], detected: set[str]) -> list[dict[str, Any]]:
    """Distances to the held-out tunes by measure, and what else is known of each writer."""
    config = CONFIGS[name]
    tunes = tunes_of(name, var / "music")
    train, validation, test = parts(tunes, config.styles, hop_of(name))
    learned = [t for t in tunes if corpus.split_of(t.source) == "train"]
    model = MusicModel.load(FOLDERS[name])
    writers: dict[str, Writer] = {
        "GAN": network_writer(model.generator, model.score), "GAN 不挑选": network_writer(model.generator)
    }  # fmt: skip
    writers |= {
        n: network_writer(g) for n, g in rivals(name, var / "music" / "bench", train, validation, without).items()
    }
    writers |= {f"{order} 阶马尔可夫": markov_writer(learned, config.styles, order) for order in (3, 1)}
    writers["随机音符"] = random_writer
    judged: dict[str, Judgement] = {}
    for title, writer in writers.items():
        judged[title] = judge(writer, train, validation, test, detect=title in detected)
        if title == "GAN" and title not in detected:
            manifest = json.loads((FOLDERS[name] / "manifest.json").read_text(encoding="utf-8"))
            found = manifest["metrics"].get("fresh discriminator accuracy")
            judged[title] = replace(judged[title], detected=found)
        say(f"  {title}：平均距离 {np.mean(list(judged[title].distances.values())):.3f}")
    real = judge(real_writer, train, validation, test, detect=False)
    styles = list(config.styles)
    columns = ["指标", *judged]
    rows = [[m, *(f"{j.distances[m]:.3f}" for j in judged.values())] for m in ALL_MEASURES]
    rows.append(["平均", *(f"{np.mean(list(j.distances.values())):.3f}" for j in judged.values())])
    gan = judged["GAN"]
    nearer = ["GAN 更近的指标数", f"共 {len(ALL_MEASURES)}"]
    nearer += [
        f"{sum(gan.distances[m] < j.distances[m] for m in ALL_MEASURES)}" for t, j in judged.items() if t != "GAN"
    ]
    rows.append(nearer)
    means = [
        [m, f"{real.means[i]:.3f}", *(f"{j.means[i]:.3f}" for j in judged.values())] for i, m in enumerate(MEASURES)
    ]
    means += [
        ["最近邻距离（中位）", f"{real.nearest:.3f}", *(f"{j.nearest:.3f}" for j in judged.values())],
        [f"抄袭（编辑距离 ≤ {COPY:.0%}）", f"{real.copied:.1%}", *(f"{j.copied:.1%}" for j in judged.values())],
        ["多样性（两两距离）", f"{real.diversity:.3f}", *(f"{j.diversity:.3f}" for j in judged.values())],
        ["新判别器准确率", "–", *("–" if j.detected is None else f"{j.detected:.1%}" for j in judged.values())],
    ]
    count = f"训练 {len(train)}、测试 {len(test)} 个乐句"
    return [
        {"title": f"{TITLES[name]}：到真实乐句的距离（{count}）", "styles": styles, "columns": columns, "rows": rows},
        {"title": f"{TITLES[name]}：数值", "styles": styles, "columns": ["指标", "真实", *judged], "rows": means},
    ]


def latency() -> list[dict[str, Any]]:
    """Seconds of processor time and of the clock for 16 bars at 100 quarters a minute, ten seeds."""
    model = MusicModel.load()
    timings: dict[str, list[tuple[float, float]]] = {"写谱": [], "MIDI、MP3、WAV": [], "乐谱、卷帘图、MusicXML": []}
    torch.set_num_threads(1)
    for seed in range(-1, 10):
        marks = [(time.perf_counter(), time.process_time())]
        piece = model.compose(Request("fiddle", seed=max(0, seed), pattern="march"))
        marks.append((time.perf_counter(), time.process_time()))
        sound_files(midi_file(piece, "x"), "x")
        marks.append((time.perf_counter(), time.process_time()))
        page_files(piece, "x", "钢琴")
        marks.append((time.perf_counter(), time.process_time()))
        if seed >= 0:
            for name, before, after in zip(timings, marks, marks[1:], strict=False):
                timings[name].append((after[0] - before[0], after[1] - before[1]))
    rows = [
        [name, f"{statistics.median(t[0] for t in found):.2f}", f"{max(t[0] for t in found):.2f}",
         f"{statistics.median(t[1] for t in found):.2f}"]
        for name, found in timings.items()
    ]  # fmt: skip
    return [{"title": "16 小节的用时（秒，一个线程）", "columns": ["步骤", "中位", "最慢", "CPU 中位"], "rows": rows}]


def show(table: dict[str, Any]) -> None:
    """Print a table."""
    say(f"\n{table['title']}")
    for row in [table["columns"], *table["rows"]]:
        say("  " + "\t".join(str(cell) for cell in row))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="作曲基准")
    parser.add_argument("--var", type=Path, default=ROOT / "var")
    parser.add_argument("--only", default="default,chinese,latency")
    parser.add_argument("--without", default="", help="不比较的模型，逗号分隔，免去训练它们")
    parser.add_argument("--detect", default="不对抗,VAE", help="对哪些另训判别器，逗号分隔")
    options = parser.parse_args()
    without, detected = set(options.without.split(",")), set(options.detect.split(","))
    asked = options.only.split(",")
    recorded: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"tables": []}
    for name in asked:
        tables = latency() if name == "latency" else quality(name, options.var, without, detected)
        titles = {t["title"] for t in tables}
        others = [t for t in recorded["tables"] if t["title"] not in titles]
        recorded["tables"] = others + tables
        for table in tables:
            show(table)
        with tempfile.NamedTemporaryFile("w", dir=RESULTS.parent, delete=False, encoding="utf-8") as draft:
            draft.write(json.dumps(recorded, ensure_ascii=False, indent=1) + "\n")
        os.replace(draft.name, RESULTS)


if __name__ == "__main__":
    main()
