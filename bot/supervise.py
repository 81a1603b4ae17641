"""Starts the three processes under supervisord, as one, with one merged log.

supervisord restarts a process that crashes (with a growing delay while it keeps failing) and stops them in order:
the gateway first, so that it can finish the turns in progress while dialogue and actions still answer. This
process stands above it, writes the merged log, waits until the assistant is ready and passes signals on.
"""

from __future__ import annotations

import ctypes
import logging.handlers
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bot.keys import load_keys
from bot.settings import PROJECT_DIR, Settings
from models.errors import WenyuError

LOG_BYTES, LOG_FILES = 10_000_000, 5
# A quiet machine needs about ten; one that is busy with other work gets time.
READY_WITHIN_S = 180.0
PROGRAMS = (
    # name, interpreter, module, priority (low starts first and stops last), seconds it may take to stop
    ("actions", ".venv/bin/python", "actions.server", 10, 8),
    ("dialogue", ".venv-dialogue/bin/python", "bot.dialogue.server", 20, 8),
    ("gateway", ".venv/bin/python", "bot.gateway.server", 30, 10),
)


class NotReadyError(WenyuError):
    """The processes were started and did not become ready in time."""

    code = "not_ready"
    status = 500


def _programs(settings: Settings) -> Iterator[tuple[str, str, str, int, int, str]]:
    """:data:`PROGRAMS` with the variables of each; the dialogue as many times as there shall be processes."""
    for name, python, module, priority, stop_s in PROGRAMS:
        if name != "dialogue":
            yield name, python, module, priority, stop_s, ""
            continue
        for number, port in enumerate(settings.dialogue_ports, 1):
            own_name = name if number == 1 else f"{name}-{number}"
            yield own_name, python, module, priority, stop_s, f'WENYU_DIALOGUE_PORT="{port}"'


def supervisor_config(settings: Settings) -> str:
    """The text of supervisord's configuration file; it holds no secret."""
    parts = [
        "[supervisord]\nnodaemon=true\nsilent=true\n"
        f"logfile={settings.var_dir}/log/supervisord.log\nlogfile_maxbytes=1MB\nlogfile_backups=1\n"
        f"pidfile={settings.var_dir}/supervisord.pid\nchildlogdir={settings.var_dir}/log\n"
    ]
    for name, python, module, priority, stop_s, environment in _programs(settings):
        parts.append(
            f"[program:{name}]\ncommand={PROJECT_DIR / python} -m {module}\ndirectory={PROJECT_DIR}\n"
            f"priority={priority}\nautorestart=true\nstartsecs=3\nstartretries=30\nstopsignal=TERM\n"
            f"stopwaitsecs={stop_s}\nstopasgroup=false\nkillasgroup=true\nredirect_stderr=true\n"
            f"environment={environment}\n"
            "stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\n"
        )
    parts.append(
        f"[eventlistener:watch]\ncommand={sys.executable} -m bot.process_events\ndirectory={PROJECT_DIR}\n"
        "events=PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL\npriority=1\n"
        "stderr_logfile=/dev/fd/1\nstderr_logfile_maxbytes=0\n"
    )
    return "\n".join(parts)


def child_environment(settings: Settings) -> dict[str, str]:
    """What the processes inherit: the settings that the dialogue process cannot read itself, and thread limits.

    One computing thread a process: with two cores and three processes more threads only wait for each other.
    """
    dialogue = {
        "WENYU_VAR_DIR": str(settings.var_dir),
        "WENYU_FAQ_DIR": str(settings.faq_dir),
        "WENYU_ACTIONS_PORT": str(settings.actions_port),
        "WENYU_ACTION_TIMEOUT_S": str(settings.action_timeout_s),
        "WENYU_TURN_DEADLINE_S": str(settings.turn_deadline_s),
        "WENYU_DATABASE_URL": settings.database_url,
        "WENYU_INTERNAL_TOKEN": load_keys(settings).internal,
        "WENYU_LOG_LEVEL": settings.log_level,
    }
    limits = {
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "TOKENIZERS_PARALLELISM": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HF_HUB_OFFLINE": "0" if settings.encoder else "1",
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **dialogue, **limits}


def _die_with_parent() -> None:
    """Ask the kernel to end supervisord when this process dies without being able to (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _is_ready(settings: Settings) -> bool:
    url = f"http://127.0.0.1:{settings.port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _pump(process: subprocess.Popen[bytes], log_file: Path, echo: bool) -> None:
    """Write the merged log to a rotating file, and to standard output when asked."""
    handler = logging.handlers.RotatingFileHandler(
        log_file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    for raw in process.stdout or ():
        line = raw.decode("utf-8", "replace").rstrip("\n")
        handler.emit(logging.makeLogRecord({"msg": line, "levelno": logging.INFO, "levelname": "INFO"}))
        if echo:
            print(line, flush=True)
    handler.close()


def run(settings: Settings, echo: bool) -> int:
    """Run everything until a signal comes; returns the exit status.

    Args:
        echo: also write the merged log to standard output, for containers.

    Raises:
        NotReadyError: when the assistant is not ready within three minutes; everything has been stopped again then.
    """
    started = time.monotonic()
    log_file = settings.var_dir / "log" / "wenyu.jsonl"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    config = settings.var_dir / "supervisord.conf"
    config.write_text(supervisor_config(settings), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)],
        env=child_environment(settings),
        cwd=PROJECT_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs yet
    )
    pump = threading.Thread(target=_pump, args=(process, log_file, echo))
    pump.start()
    stopping = False

    def stop(*_: object) -> None:
        # A second signal may interrupt this function, so it takes no lock (an Event would wait for itself).
        nonlocal stopping
        stopping = True
        if process.poll() is None:
            process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        while not _is_ready(settings):
            if process.poll() is not None or stopping:
                return process.wait()
            if time.monotonic() - started > READY_WITHIN_S:
                raise NotReadyError(f"服务在 {READY_WITHIN_S:.0f} 秒内没有就绪，已停止。", hint=f"原因见 {log_file}")
            time.sleep(0.2)
        print(f"文娱助手已就绪（{time.monotonic() - started:.1f} 秒）：{settings.effective_public_url}/", flush=True)
        print(f"日志：{log_file}    停止：Ctrl+C", flush=True)
        return process.wait()
    finally:
        stop()
        process.wait()
        pump.join()
