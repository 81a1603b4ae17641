"""Runs the unit tests of the dialogue process under its own Python, where pytest is not installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-dialogue" / "bin" / "python"


@pytest.mark.timeout(120)
def test_the_dialogue_side() -> None:
    command = [PYTHON, "-m", "unittest", "discover", "-s", "tests/unit/dialogue", "-p", "check_*.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Ran 0 tests" not in done.stderr
