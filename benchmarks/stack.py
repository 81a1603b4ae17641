"""Starts the real three processes on free ports with a state folder of their own, for benchmarks and tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """A running assistant.

    Attributes:
        base: ``http://127.0.0.1:PORT`` of the gateway.
        process: the `wenyu run` process above everything.
        ready_s: seconds from the start of the command to the first 200 of /readyz.
        var: its state folder.
    """

    base: str
    process: subprocess.Popen[bytes]
    ready_s: float
    var: Path

    def pids(self) -> dict[str, int]:
        """Process ids below supervisord by program name."""
        found: dict[str, int] = {}
        for status in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = status.read_bytes().replace(b"\0", b" ").decode()
                environment = (status.parent / "environ").read_bytes()
            except OSError:
                continue
            if f"WENYU_VAR_DIR={self.var}".encode() not in environment:
                continue
            for name, module in (
                ("actions", "-m actions.server"),
                ("dialogue", "-m bot.dialogue.server"),
                ("gateway", "-m bot.gateway.server"),
                ("supervisord", "-m supervisor.supervisord"),
                ("watch", "-m bot.process_events"),
                ("wenyu", "from bot.cli import main; main() run"),
            ):
                if module in command:
                    # Of several dialogue processes each has a name.
                    number = sum(known.partition("-")[0] == name for known in found) + 1
                    found[name if number == 1 else f"{name}-{number}"] = int(status.parent.name)
        return found

    def resident_mib(self) -> dict[str, float]:
        """Resident memory (VmRSS) in MiB by program."""
        sizes = {}
        for name, pid in self.pids().items():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kib = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
            sizes[name] = kib / 1024
        return sizes


def _ready(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _loading(actions_port: int) -> bool:
    """Whether a skill's model is still being loaded; a visitor who needs it in these seconds is asked to wait."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{actions_port}/health", timeout=2) as answer:
            return bool(json.load(answer)["loading"])
    except (urllib.error.URLError, OSError):
        return True


START_DEADLINE = 300
"""Seconds; Rasa's default pipeline alone loads for a minute and a half."""


def with_archive(archive: Path, folder: Path) -> Path:
    """A copy of the project in ``folder`` whose dialogue process loads ``archive``; the environments are shared."""
    project = folder / "project"
    for name in ("bot", "actions", "knowledge", "models", "nlu_data"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copyfile(archive, project / "models" / "dialogue" / "wenyu.tar.gz")
    for name in (".venv", ".venv-dialogue"):
        (project / name).symlink_to(ROOT / name)
    return project


@contextmanager
def running_stack(var: Path, project: Path = ROOT, **settings: str) -> Iterator[Stack]:
    """Start `wenyu run` with ``var`` as its state folder and stop it with SIGTERM afterwards.

    The encoder that the project already built is used through a symbolic link; everything else is new.

    Args:
        project: the folder that the code and the trained archive are in, such as one that with_archive() made.
        settings: further WENYU_ settings, by lower-case name.
    """
    var.mkdir(parents=True, exist_ok=True)
    built = Path(os.environ.get("WENYU_VAR_DIR") or ROOT / "var")
    for name in ("encoder", "index", "vision"):
        if (built / name).exists() and not (var / name).exists():
            (var / name).symlink_to((built / name).resolve())
    port = free_port()
    own = {"var_dir": str(var), "port": str(port), "dialogue_port": str(free_port()), "actions_port": str(free_port())}
    own |= {"rate_limit_per_minute": "100000", "new_sessions_per_minute": "100000"}
    environment = {**os.environ, **{f"WENYU_{k.upper()}": v for k, v in (own | settings).items()}}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", "from bot.cli import main; main()", "run"],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        while not _ready(base):
            if process.poll() is not None or time.monotonic() - started > START_DEADLINE:
                log = var / "log" / "wenyu.jsonl"
                tail = log.read_text()[-3000:] if log.exists() else ""
                raise RuntimeError(f"the stack did not start (status {process.poll()})\n{tail}")
            time.sleep(0.1)
        ready_s = time.monotonic() - started
        while _loading(int(own["actions_port"])) and time.monotonic() - started < 180:
            time.sleep(0.2)
        yield Stack(base, process, ready_s, var)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def post(url: str, body: object, token: str = "") -> tuple[int, dict[str, object]]:
    """POST JSON; returns the status and the decoded body, also for 4xx and 5xx."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")
