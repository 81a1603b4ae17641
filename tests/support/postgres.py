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


class PostgresServer:
    """One server with its data in a new folder.

    Attributes:
        url: of an empty database, for SQLAlchemy.
    """

    def __init__(self, name: str = "wenyu") -> None:
        found = programs()
        assert found is not None
        self._binaries = found
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="wenyu-postgres-"))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(self._folder, self._user, self._user)
        self._run(
            "initdb", "-D", str(self._data), *["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        )
        self.url = f"postgresql+asyncpg://postgres@127.0.0.1:{self._port}/{name}"
        self.start()
        self._run("createdb", *self._connection, name)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _connection(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        subprocess.run(command, user=self._user, cwd=self._folder, check=True, capture_output=True)

    def start(self, within_s: float = 60.0) -> None:
        """Start it and wait until it answers; after a kill it may have to wait for the old one's children."""
        deadline = time.monotonic() + within_s
        check = [str(self._binaries / "pg_isready"), *self._connection]
        while self._process is None or subprocess.run(check, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-3000:])
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            time.sleep(0.1)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A process that is killed loses nothing that the kernel has; without fsync the tests are faster.
        options = (
            *("-c", "fsync=off", "-c", f"unix_socket_directories={self._folder}"),
            *("-c", "listen_addresses=127.0.0.1"),
        )
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self._port), *options],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def postgres(name: str = "wenyu") -> Iterator[str]:
    """The URL of an empty database on a server of its own."""
    server = PostgresServer(name)
    try:
        yield server.url
    finally:
        server.stop()
