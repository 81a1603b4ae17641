"""`make load`: 100 people chat for ten minutes with the real processes; locust counts, and memory is watched.

Prints one table and writes benchmarks/results/load.json. Fails when a turn failed. ``LOAD_USERS`` and ``LOAD_MINUTES``
make it smaller.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.stack import ROOT, Stack, running_stack

RESULTS = Path(__file__).parent / "results" / "load.json"
USERS = int(os.environ.get("LOAD_USERS", "100"))
MINUTES = float(os.environ.get("LOAD_MINUTES", "10"))
SAMPLE_S = 5.0
# Caches fill and the allocator settles at first; growth is looked for behind it.
WARM_UP_S = 120.0
PERCENTILES = ("50%", "95%", "99%", "99.9%", "100%")


class MemoryWatch(threading.Thread):
    """Samples the resident memory of every process."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._over = threading.Event()
        self.samples: list[tuple[float, dict[str, float]]] = []

    def run(self) -> None:
        """Sample until :meth:`stop`."""
        started = time.monotonic()
        while not self._over.wait(SAMPLE_S):
            self.samples.append((time.monotonic() - started, self._stack.resident_mib()))

    def stop(self) -> None:
        """End."""
        self._over.set()
        self.join()

    def slope(self, name: str) -> float:
        """Growth of a process in MiB a minute after the warm-up, by least squares."""
        points = [(at / 60, sizes[name]) for at, sizes in self.samples if at >= min(WARM_UP_S, MINUTES * 30)]
        minutes, sizes = np.array(points).T
        return float(np.polyfit(minutes, sizes, 1)[0])


def locust(base: str, folder: Path) -> list[dict[str, str]]:
    """Run it without its web page; returns the rows of its statistics."""
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks" / "locustfile.py"), "--headless"]
    command += ["--users", str(USERS), "--spawn-rate", str(max(1, USERS // 10)), "--host", base, "--only-summary"]
    command += ["--run-time", f"{round(MINUTES * 60)}s", "--csv", str(folder / "load"), "--exit-code-on-error", "0"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    with (folder / "load_stats.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Run, print, record."""
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "var") as stack:
        pids = stack.pids()
        watch = MemoryWatch(stack)
        watch.start()
        rows = locust(stack.base, Path(folder))
        watch.stop()
        same_processes = stack.pids() == pids
    turns = next(row for row in rows if row["Name"] == "turn")
    every = next(row for row in rows if row["Name"] == "Aggregated")
    result = {
        "users": USERS,
        "minutes": MINUTES,
        "turns": int(turns["Request Count"]),
        "turns_per_s": float(turns["Requests/s"]),
        "errors": int(every["Failure Count"]),
        "ms": {name: float(turns[name]) for name in PERCENTILES},
        "resident_mib": watch.samples[-1][1],
        "mib_a_minute": {name: watch.slope(name) for name in ("gateway", "dialogue", "actions")},
        "processes_restarted": not same_processes,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[1],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    times = "  ".join(f"p{name.rstrip('%')} {ms:.0f} ms" for name, ms in result["ms"].items())  # type: ignore[attr-defined]
    print(
        f"\n{USERS} 人同时聊 {MINUTES:g} 分钟：{result['turns']} 轮，{result['turns_per_s']:.1f} 轮/秒，{result['errors']} 个错误"
    )
    print(f"{times}")
    for name, slope in result["mib_a_minute"].items():  # type: ignore[attr-defined]
        print(f"{name:10} {result['resident_mib'][name]:7.0f} MiB  {slope:+.2f} MiB/分钟")  # type: ignore[index]
    print(f"{result['cores']} 个核，负载 {result['load_average']:.1f}（包括机器上的其他程序）")
    if result["errors"] or result["processes_restarted"]:
        sys.exit("有错误，或有进程重启过。")


if __name__ == "__main__":
    main()
