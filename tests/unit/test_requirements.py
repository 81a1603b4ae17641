"""The application runs on app.txt alone: no module needs what only tests and checks install."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

IMPORT_ALL_WITHOUT_TEST_TOOLS = r"""
import importlib, importlib.abc, importlib.metadata, pathlib, pkgutil, re, sys, warnings

lock = pathlib.Path("requirements/test.txt").read_text()
blocked = set()
for name in re.findall(r"^([\w.-]+)==", lock, re.M):
    try:
        files = importlib.metadata.files(name) or ()
    except importlib.metadata.PackageNotFoundError:
        continue
    blocked |= {f.parts[0].removesuffix(".py") for f in files if f.suffix in {".py", ".so"} and ".." not in f.parts}
assert "pytest" in blocked


class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"{fullname} is only in requirements/test.txt", name=fullname)
        return None


sys.meta_path.insert(0, Blocker())
warnings.simplefilter("ignore")
count = 0
for top in ("bot", "actions", "knowledge", "models"):
    for module in pkgutil.walk_packages([top], top + "."):
        # bot.dialogue runs in the other environment; the build of the encoder and migrations run as programs.
        if module.name.startswith(("bot.dialogue", "bot.gateway.db.migrations")) or module.name.endswith("__main__"):
            continue
        importlib.import_module(module.name)
        count += 1
print(count)
"""


def test_every_module_imports_without_test_tools() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL_WITHOUT_TEST_TOOLS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) > 100
