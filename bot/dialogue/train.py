"""Trains the dialogue archive: ``python -m bot.dialogue.train [--check]``.

Everything that the archive depends on goes into one fingerprint: the configuration, the domain, the training data,
the questions of the FAQ, the components and the static vectors. The same fingerprint means nothing to do.
"""

import os

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import contextlib
import hashlib
import io
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from bot.dialogue.corpus import generate
from bot.dialogue.env import ARCHIVE, PROJECT_DIR, Env, read_env

NLU_DIR = PROJECT_DIR / "nlu_data" / "nlu"
CHITCHAT_DIR = PROJECT_DIR / "knowledge" / "chitchat"
DEVELOPMENT = PROJECT_DIR / "knowledge" / "development.yml"
RECORD = ARCHIVE.with_name("wenyu.json")


def training_folders(env: Env) -> List[Path]:
    """Folders with training data; ``nlu_data/heldout`` is never among them."""
    data = PROJECT_DIR / "nlu_data"
    return [data / "nlu", data / "lookups", data / "rules", data / "stories", env.var_dir / "nlu"]


def inputs(env: Env) -> List[Path]:
    """Every file that the archive depends on."""
    dialogue = PROJECT_DIR / "bot" / "dialogue"
    found = [PROJECT_DIR / "config.yml", *dialogue.glob("domain/*.yml"), *dialogue.glob("nlu/*.py")]
    found += [dialogue / "policy.py", dialogue / "corpus.py"]
    for folder in training_folders(env):
        found += folder.glob("*.yml")
    return sorted(found) + sorted((env.var_dir / "encoder" / "static").glob("*"))


def fingerprint(env: Env) -> str:
    """One digest over the contents of all inputs."""
    digest = hashlib.sha256()
    for path in inputs(env):
        digest.update(path.name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def trained_fingerprint() -> Optional[str]:
    """What the archive on disk was trained from; None when there is none, or it is not the one that was recorded."""
    try:
        record: Dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
        intact = record["archive_sha256"] == hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError):
        return None
    return str(record["fingerprint"]) if intact else None


def train(env: Env) -> float:
    """Train and put the archive in place at once; returns the seconds it took."""
    began, trained_from = time.monotonic(), fingerprint(env)
    logging.captureWarnings(True)
    logging.disable(logging.WARNING)
    from rasa.model_training import train as rasa_train

    ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ARCHIVE.parent) as folder:
        # Rasa's cache of components would only grow: this program decides what is up to date.
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(folder) / "cache")
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            result = rasa_train(
                domain=str(PROJECT_DIR / "bot" / "dialogue" / "domain"),
                config=str(PROJECT_DIR / "config.yml"),
                training_files=[str(f) for f in training_folders(env) if f.is_dir()],
                output=folder,
                fixed_model_name="wenyu",
                force_training=True,
            )
        if not result.model:
            raise RuntimeError("rasa wrote no archive")
        os.replace(result.model, ARCHIVE)
    seconds = time.monotonic() - began
    record = {
        "fingerprint": trained_from,
        "archive_sha256": hashlib.sha256(ARCHIVE.read_bytes()).hexdigest(),
        "seconds": round(seconds, 1),
    }
    draft = RECORD.with_suffix(".draft")
    draft.write_text(json.dumps(record, indent=1), encoding="utf-8")
    os.replace(draft, RECORD)
    return seconds


def say(text: str) -> None:
    """One line of progress for the operator."""
    print(text, flush=True)  # noqa: T201 - a command-line program


def main() -> None:
    """Train when an input has changed. ``--check`` only says how things stand (exit status 1: training is due)."""
    env = read_env()
    os.chdir(PROJECT_DIR)
    check = "--check" in sys.argv[1:]
    unread = generate(NLU_DIR, {"faq": env.faq_dir, "chitchat": CHITCHAT_DIR}, DEVELOPMENT, env.var_dir / "nlu")
    for name in unread:
        say(f"问题文件 {name} 读不了，训练时先略过；请用 wenyu faq lint 检查。")
    trained = trained_fingerprint()
    if trained == fingerprint(env):
        say(f"对话模型是最新的（{ARCHIVE.name}）。")
        return
    if check:
        say("对话模型还没有训练。" if trained is None else "对话模型已过期：训练数据或配置有改动。")
        sys.exit(1)
    say("正在训练对话模型，约需半分钟……")
    from bot.dialogue.nlu.static_vectors import MissingVectors, StaticVectors

    try:
        StaticVectors(env.var_dir / "encoder" / "static")
        seconds = train(env)
    except MissingVectors as error:
        sys.exit(str(error))
    except Exception as error:  # noqa: BLE001 - the operator gets a sentence; the archive in use stays as it was
        sys.exit(
            f"对话模型没有训练成功（{type(error).__name__}：{error}）。请检查最近改过的 nlu_data、config.yml 和 domain。"
        )
    say(f"对话模型训练完成，用时 {seconds:.0f} 秒。")


if __name__ == "__main__":
    main()
