"""Does a second dialogue process help? Turns a second with one and with two on the same PostgreSQL and cores.

Prints one table and writes benchmarks/results/growing.json. Needs Debian's postgresql. Each arrangement is run twice,
in turn, because the machine may be busy with something else for a while.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.stack import running_stack
from benchmarks.turns import Load, run_load
from bot.settings import get_settings
from knowledge.store import load_faq
from tests.support.postgres import postgres

RESULTS = Path(__file__).parent / "results" / "growing.json"
USERS = 32
WARM_UP_TURNS = 64
TURNS = int(os.environ.get("GROWING_TURNS", "960"))
ROUNDS = 2


def measure(processes: int, questions: list[str]) -> tuple[Load, float]:
    """One run and the resident memory of everything in MiB."""
    with (
        postgres() as url,
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder) / "var", database_url=url, dialogue_processes=str(processes)) as stack,
    ):
        asyncio.run(run_load(stack.base, USERS, WARM_UP_TURNS, questions))
        load = asyncio.run(run_load(stack.base, USERS, TURNS, questions))
        return load, sum(stack.resident_mib().values())


def main() -> None:
    """Run, print, record."""
    questions = [q for entry in load_faq(get_settings().faq_dir) for q in entry.questions[1:4]]
    rows = []
    print(f"{USERS} 人同时问，PostgreSQL，{os.cpu_count()} 个核")
    print("对话进程   轮/秒     p50     p95     p99   错误   内存 MiB   负载")
    for _ in range(ROUNDS):
        for processes in (1, 2):
            load, memory = measure(processes, questions)
            busy = os.getloadavg()[0]
            rows.append({"processes": processes, **asdict(load), "resident_mib": memory, "load_average": busy})
            print(
                f"{processes:6} {load.turns_per_s:9.1f} {load.p50:7.0f} {load.p95:7.0f} {load.p99:7.0f} "
                f"{load.errors:5} {memory:9.0f} {busy:8.1f}",
                flush=True,
            )
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
