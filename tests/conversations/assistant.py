"""Starts the dialogue process and the action server, and talks to them as the gateway does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from benchmarks.stack import ROOT, free_port

DIALOGUE_PYTHON = ROOT / ".venv-dialogue" / "bin" / "python"
ARCHIVE = ROOT / "models" / "dialogue" / "wenyu.tar.gz"
TOKEN = "a-token-that-only-the-tests-know"


class Assistant:
    """Both processes on free ports, with a state folder of their own."""

    def __init__(self, var: Path, **environment: str) -> None:
        built = Path(os.environ.get("WENYU_VAR_DIR") or ROOT / "var")
        for name in ("encoder", "vision"):
            (var / name).symlink_to((built / name).resolve())
        self.var = var
        self.dialogue_port, self.actions_port = free_port(), free_port()
        self.environment = {
            **os.environ,
            "WENYU_VAR_DIR": str(var),
            "WENYU_DIALOGUE_PORT": str(self.dialogue_port),
            "WENYU_ACTIONS_PORT": str(self.actions_port),
            "WENYU_INTERNAL_TOKEN": TOKEN,
            **environment,
        }
        self.dialogue: subprocess.Popen[bytes] | None = None
        self.actions: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.start_actions()
        self.start_dialogue()

    def start_actions(self) -> None:
        self.actions = self._start("actions", sys.executable, "tests.conversations.small_faq_server")
        self._wait(self.actions, self.actions_port)

    def start_dialogue(self) -> None:
        self.dialogue = self._start("dialogue", str(DIALOGUE_PYTHON), "bot.dialogue.server")
        self._wait(self.dialogue, self.dialogue_port)

    def kill_actions(self) -> None:
        assert self.actions
        self.actions.kill()
        self.actions.wait(10)

    def stop(self) -> None:
        for process in (self.dialogue, self.actions):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()

    def log_of(self, name: str) -> str:
        return (self.var / f"{name}.log").read_text(encoding="utf-8")

    def turn(self, body: object, token: str = TOKEN, path: str = "/webhooks/wenyu/turn") -> tuple[int, Any]:
        """POST a turn; returns the status and the decoded body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.dialogue_port}{path}", data, {"X-Wenyu-Token": token})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read()
            return error.code, json.loads(said) if said.startswith(b"{") else said

    def _start(self, name: str, python: str, module: str) -> subprocess.Popen[bytes]:
        with open(self.var / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [python, "-m", module], cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        logs = {path.name: path.read_text(encoding="utf-8")[-2000:] for path in self.var.glob("*.log")}
        raise RuntimeError(f"a process did not start (status {process.poll()}): {logs}")


class Conversation:
    """One conversation with an assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant, self.id = assistant, uuid.uuid4().hex

    def say(self, text: str, message_id: str | None = None, attachments: list[dict[str, str]] | None = None) -> Any:
        """Send a message; returns the reply, of which there must be exactly one."""
        status, body = self.send(text, message_id, attachments)
        assert status == 200, body
        assert len(body["messages"]) == 1, body
        return body["messages"][0]["custom"]

    def send(
        self, text: str, message_id: str | None = None, attachments: list[dict[str, str]] | None = None
    ) -> tuple[int, Any]:
        return self.assistant.turn(
            {
                "conversation": self.id,
                "message_id": message_id or uuid.uuid4().hex,
                "text": text,
                "attachments": attachments or [],
                "channel": "web",
            }
        )
