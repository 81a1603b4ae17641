"""A real PostgreSQL server on a free loopback port, in a folder of its own, stopped and removed afterwards.

It takes the programs of Debian's package (``apt-get install postgresql``); the server refuses to run as root, so a
root user starts it as ``postgres``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stack import free_port


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; None when they are not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def postgres(name: str = "wenyu") -> Iterator[str]:
    """The URL of an empty database."""
    binaries = programs()
    assert binaries is not None
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="wenyu-postgres-"))
    if user:
        shutil.chown(folder, user, user)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True)

    run(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
    log = (folder / "log").open("wb")
    options = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
    server = subprocess.Popen(
        [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options],
        user=user,
        cwd=folder,
        stdout=log,
        stderr=log,
    )
    try:
        connection = ("-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
        deadline = time.monotonic() + 30
        while subprocess.run([binaries / "pg_isready", *connection], capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.1)
        run(str(binaries / "createdb"), *connection, name)
        yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/{name}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
