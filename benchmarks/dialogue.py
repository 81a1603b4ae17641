"""Our dialogue configuration beside Rasa's default one, from the same data, in one run.

Each is trained and measured in a process of its own. A turn is measured through the same code as in production,
with an action server that answers at once, so that only the dialogue process counts.
"""

# ruff: noqa: E402, UP036 - this file starts under either Python

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIALOGUE_PYTHON = ROOT / ".venv-dialogue" / "bin" / "python"
if sys.version_info >= (3, 11):
    os.execv(DIALOGUE_PYTHON, [str(DIALOGUE_PYTHON), "-m", "benchmarks.dialogue", *sys.argv[1:]])  # noqa: S606

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import asyncio
import contextlib
import io
import json
import logging
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import uuid
from typing import Any

from benchmarks.nlu import archive_parser, measure
from bot.dialogue.env import read_env
from bot.dialogue.logs import configure_logging

RESULTS = ROOT / "benchmarks" / "results" / "dialogue.json"
KEPT = ROOT / "var" / "benchmark" / "rasa_default.tar.gz"
"""The default configuration's archive, which benchmarks.turns runs behind the same gateway."""
CONFIGS = {"wenyu": ROOT / "config.yml", "rasa default": ROOT / "benchmarks" / "rasa_default" / "config.yml"}
LONGEST_TRAINING = 3600.0
"""Seconds after which a network is not trained for another epoch; all 100 of DIET need about three hours of CPU time."""
SAID = ("怎么取消自动续费", "你好", "红烧肉怎么做", "谢谢", "推荐一部科幻电影", "电影票可以退吗")
TURNS = 300


def train(config: Path, folder: Path) -> dict[str, Any]:
    """Train an archive into ``folder``; seconds and peak resident memory."""
    logging.captureWarnings(True)
    logging.disable(logging.WARNING)
    from rasa.model_training import train as rasa_train

    from bot.dialogue.train import training_folders

    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    began, quiet = time.monotonic(), io.StringIO()
    epochs = count_epochs(began + LONGEST_TRAINING)
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        rasa_train(
            domain=str(ROOT / "bot" / "dialogue" / "domain"),
            config=str(config),
            training_files=[str(f) for f in training_folders(read_env()) if f.is_dir()],
            output=str(folder),
            fixed_model_name="model",
            force_training=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    return {
        "train_seconds": time.monotonic() - began,
        "train_cpu_seconds": cpu,
        "train_peak_mib": peak,
        "epochs": max(epochs, default=0),
    }


def count_epochs(end: float) -> list[int]:
    """Number of every epoch that a network of Rasa's is trained for from now on; after ``end`` each stops at its next."""
    from rasa.utils.tensorflow.callback import RasaTrainingLogger

    epochs: list[int] = []
    shown = RasaTrainingLogger.on_epoch_end

    def on_epoch_end(logger: Any, epoch: int, logs: Any = None) -> None:
        shown(logger, epoch, logs)
        epochs.append(epoch + 1)
        logger.model.stop_training = time.monotonic() > end

    RasaTrainingLogger.on_epoch_end = on_epoch_end
    return epochs


def serve(archive: Path) -> dict[str, Any]:
    """Held-out figures, milliseconds a turn, resident memory."""
    configure_logging("ERROR")
    began = time.monotonic()
    parse = archive_parser(archive)
    parse(SAID[0])
    loaded = time.monotonic() - began
    turns = asyncio.run(turn_times(archive))
    status = Path("/proc/self/status").read_text().splitlines()
    resident = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
    return {
        "load_seconds": loaded,
        "turn_ms_p50": statistics.median(turns),
        "turn_ms_p95": sorted(turns)[int(0.95 * len(turns))],
        "resident_mib": resident,
        "held_out": measure(parse),
    }


async def turn_times(archive: Path) -> list[float]:
    """Milliseconds of each of ``TURNS`` turns in one conversation, without the action server."""
    from rasa.core.agent import Agent

    from bot.dialogue.messages import Incoming, apology
    from bot.dialogue.patches import ActionClient, install
    from bot.dialogue.tracker_store import BoundedTrackerStore
    from bot.dialogue.turn import Turns

    class Instant(ActionClient):
        async def call(self, name: str, tracker: Any) -> dict[str, Any]:
            return {"events": [], "responses": [{"custom": apology("benchmark")}]}

    actions = Instant("", 3)
    install(actions)
    processor = Agent.load(archive).processor
    with tempfile.TemporaryDirectory() as folder:
        store = BoundedTrackerStore(processor.domain, f"sqlite:///{folder}/wenyu.db")
        turns = Turns(processor, store, actions)
        await turns.warm_up()
        times = []
        for n in range(TURNS):
            message = Incoming("benchmark", uuid.uuid4().hex, SAID[n % len(SAID)], (), "web")
            began = time.perf_counter()
            await turns.run(message)
            times.append((time.perf_counter() - began) * 1000)
        store.close()
    return times


def child(*arguments: str) -> dict[str, Any]:
    """Run this program with ``arguments`` in a new process; its last line of output is the result."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dialogue", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


ROWS = (
    ("train, seconds", lambda r: f"{r['train_seconds']:.0f}"),
    ("train, CPU seconds", lambda r: f"{r['train_cpu_seconds']:.0f}"),
    ("… epochs", lambda r: str(r["epochs"])),
    ("train, peak MiB", lambda r: f"{r['train_peak_mib']:.0f}"),
    ("load, seconds", lambda r: f"{r['load_seconds']:.1f}"),
    ("resident MiB", lambda r: f"{r['resident_mib']:.0f}"),
    ("turn, ms p50", lambda r: f"{r['turn_ms_p50']:.1f}"),
    ("turn, ms p95", lambda r: f"{r['turn_ms_p95']:.1f}"),
    ("understanding, ms", lambda r: f"{r['held_out']['ms_a_message']:.1f}"),
    ("held-out routing", lambda r: f"{r['held_out']['routing_accuracy']:.3f}"),
    ("held-out intents", lambda r: f"{r['held_out']['intent_accuracy']:.3f}"),
    ("off topic to a skill", lambda r: f"{r['held_out']['out_of_scope_to_skill']:.3f}"),
    ("… confidence of those", lambda r: f"{r['held_out']['confidence_of_those'] or 0:.2f}"),
    ("misheard: routing", lambda r: f"{r['held_out']['misheard']['routing_accuracy']:.3f}"),
    ("entity F1", lambda r: f"{r['held_out']['entities']['f1']:.3f}"),
)


def main() -> None:
    """Train and measure both, print the table, write the result."""
    if sys.argv[1:2] == ["--train"]:
        print(json.dumps(train(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    if sys.argv[1:2] == ["--serve"]:
        print(json.dumps(serve(Path(sys.argv[2])), ensure_ascii=False))
        return
    results: dict[str, Any] = {}
    RESULTS.parent.mkdir(exist_ok=True)
    for name, config in CONFIGS.items():
        with tempfile.TemporaryDirectory() as folder:
            results[name] = child("--train", str(config), folder)
            results[name] |= child("--serve", f"{folder}/model.tar.gz")
            if name == "rasa default":
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(f"{folder}/model.tar.gz", KEPT)
        # The default configuration trains for half an hour: what is known by then is kept.
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{'':22s}" + "".join(f"{name:>15s}" for name in results))
    for label, shown in ROWS:
        print(f"{label:22s}" + "".join(f"{shown(result):>15s}" for result in results.values()))


if __name__ == "__main__":
    main()
