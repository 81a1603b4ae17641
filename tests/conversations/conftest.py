"""A running dialogue process and action server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from benchmarks.stack import ROOT
from tests.conversations.assistant import DIALOGUE_PYTHON, Assistant


@pytest.fixture(scope="session")
def trained() -> None:
    """Train the archive unless it is up to date."""
    subprocess.run([DIALOGUE_PYTHON, "-m", "bot.dialogue.train"], cwd=ROOT, check=True, timeout=300)


@pytest.fixture(scope="session")
def assistant(trained: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """One for all tests that leave it as it was."""
    running = Assistant(tmp_path_factory.mktemp("assistant"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
