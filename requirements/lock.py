"""Writes the locks, with hashes, from what is installed and works: `make lock`.

Nothing is resolved here. The application's lock is the closure of app.in in the present environment without torch;
the dialogue's lock is dialogue.in, which is complete by itself.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
UV = Path(sys.executable).with_name("uv")
NOT_LOCKED = {"torch", "wenyu", "pip"}


def names_in(file: Path) -> list[str]:
    """The requirement lines of an .in file."""
    lines = (line.split("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]


def closure(names: list[str]) -> dict[str, str]:
    """Installed versions of ``names`` and of everything they need, by canonical name."""
    versions: dict[str, str] = {}
    waiting = [Requirement(name) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen or name.startswith(("nvidia-", "cuda-", "triton")):
            continue
        seen.add(key)
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        if name not in NOT_LOCKED:
            versions[name] = package.version
        for text in package.requires or ():
            needed = Requirement(text)
            contexts = [{"extra": extra} for extra in (requirement.extras or {""})]
            if needed.marker is None or any(needed.marker.evaluate(c) for c in contexts):
                waiting.append(needed)
    return versions


def write_lock(pins: list[str], python: str, target: Path) -> None:
    """Add the hashes of every file of every pin and write ``target``."""
    command = [UV, "pip", "compile", "-", "--no-deps", "--generate-hashes", "--python-version", python, "--no-header"]
    command += ["--quiet", "--no-annotate"]
    result = subprocess.run(command, input="\n".join(pins), capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(result.stderr)
    target.write_text(f"# Written by `make lock`; do not edit.\n{result.stdout}")


def main() -> None:
    """Write app.txt, test.txt and dialogue.txt."""
    app = closure(names_in(HERE / "app.in"))
    test = {n: v for n, v in closure(names_in(HERE / "test.in")).items() if n not in app}
    write_lock([f"{n}=={v}" for n, v in sorted(app.items())], "3.11", HERE / "app.txt")
    write_lock([f"{n}=={v}" for n, v in sorted(test.items())], "3.11", HERE / "test.txt")
    write_lock(names_in(HERE / "dialogue.in"), "3.10", HERE / "dialogue.txt")


if __name__ == "__main__":
    main()
