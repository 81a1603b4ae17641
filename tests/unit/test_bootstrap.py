"""Set-up: the right interpreters are found, finished steps are reused, changed ones are done again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot import bootstrap


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A one-step plan; returns the list of times it was done."""
    done: list[str] = []
    state = {"fingerprint": "one"}
    result = tmp_path / "result"

    def step() -> None:
        done.append(state["fingerprint"])
        result.write_text("x")

    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(bootstrap, "steps", lambda goal: [("step", "一步", state["fingerprint"], result, step)])
    monkeypatch.setattr(bootstrap, "state", state, raising=False)
    return done


def test_a_finished_step_is_reused(plan: list[str]) -> None:
    bootstrap.setup("run")
    bootstrap.setup("run")
    assert plan == ["one"]


def test_a_changed_fingerprint_does_it_again(plan: list[str]) -> None:
    bootstrap.setup("run")
    bootstrap.state["fingerprint"] = "two"  # type: ignore[attr-defined]
    bootstrap.setup("run")
    assert plan == ["one", "two"]


def test_an_interrupted_step_is_done_again(plan: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted() -> None:
        (tmp_path / "result").write_text("half")
        raise KeyboardInterrupt

    whole = bootstrap.steps("run")
    monkeypatch.setattr(bootstrap, "steps", lambda goal: [(*whole[0][:4], interrupted)])
    with pytest.raises(KeyboardInterrupt):
        bootstrap.setup("run")
    monkeypatch.setattr(bootstrap, "steps", lambda goal: whole)
    bootstrap.setup("run")
    assert plan == ["one"]


def test_this_python_is_found_by_its_full_path() -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = bootstrap.find_python(version)
    assert Path(found).is_absolute()
    assert "shims" not in found


def test_a_missing_python_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    monkeypatch.setattr(bootstrap.Path, "home", lambda: Path("/nonexistent"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    with pytest.raises(bootstrap.SetupError, match=r"没有找到 Python 3\.10") as caught:
        bootstrap.find_python("3.10")
    assert "uv" in str(caught.value)


def test_uv_installs_a_missing_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A uv that behaves like the real one: `install` brings the interpreter, `find` prints where it is."""
    brought = tmp_path / "cpython" / "bin" / "python3.10"
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    brought.parent.mkdir(parents=True)
    uv.write_text(
        "#!/bin/sh\n"
        f'case "$2" in\n install) printf "#!/bin/sh\\necho 3.10 {brought}\\n" > {brought}; chmod +x {brought};;\n'
        f" find) test -x {brought} && echo {brought};;\nesac\n"
    )
    uv.chmod(0o755)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: str(uv) if name == "uv" else None)
    monkeypatch.setattr(bootstrap.Path, "home", lambda: tmp_path)
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert bootstrap.find_python("3.10") == str(brought)


def test_an_environment_is_kept_unless_its_installation_broke_off(tmp_path: Path) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = tmp_path / "venv"
    complete = bootstrap.make_venv(folder, version)
    (folder / "half").touch()
    bootstrap.make_venv(folder, version)
    assert not (folder / "half").exists()
    (folder / "installed").touch()
    complete.touch()
    assert bootstrap.make_venv(folder, version) == complete
    assert (folder / "installed").exists()
    assert not complete.exists()


@pytest.mark.parametrize(
    ("report", "cuda"),
    [
        ('{"install": [{"metadata": {"name": "torch"}}]}', False),
        ('{"install": [{"metadata": {"name": "torch"}}, {"metadata": {"name": "nvidia-cublas"}}]}', True),
        ("", True),
    ],
)
def test_a_cuda_build_is_seen_before_it_is_downloaded(report: str, cuda: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "output", lambda args, env=None: report)
    assert bootstrap.brings_cuda(["pip"]) is cuda


def test_the_locks_are_complete_and_leave_torch_to_its_own_step() -> None:
    for name in ("app", "test", "dialogue"):
        lines = (bootstrap.ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        pins = [line for line in lines if "==" in line]
        assert pins
        assert all("==" in line and line.endswith("\\") for line in pins), name
        names = {line.split("==")[0] for line in pins}
        assert not names & {"torch", "tensorflow", "jax", "jaxlib", "libclang"}
        assert not any(n.startswith(("nvidia-", "cuda-")) for n in names)
