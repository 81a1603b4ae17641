"""Whole turns through the public API: latency alone, throughput at 32 users, memory, start-up.

Every request is a question that gets an answer from the FAQ, so a turn crosses gateway, Rasa, the action server, the
encoder and the index, and is committed to the database. Prints one table and writes benchmarks/results/turns.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from benchmarks.stack import ROOT, Stack, running_stack, with_archive
from bot.settings import get_settings
from knowledge.store import load_faq

RESULTS = Path(__file__).parent / "results" / "turns.json"
RASA_DEFAULT = ROOT / "var" / "benchmark" / "rasa_default.tar.gz"
TURNS_A_CONVERSATION = 10


@dataclass
class Load:
    """Result of one run. Times in milliseconds."""

    users: int
    turns: int
    p50: float
    p95: float
    p99: float
    longest: float
    turns_per_s: float
    errors: int
    answered: int


async def run_load(base: str, users: int, turns: int, questions: list[str]) -> Load:
    """``users`` people ask one question after the other, ``turns`` in all, a new conversation every ten turns."""
    latencies: list[float] = []
    errors = answered = 0
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:

        async def user(number: int) -> None:
            nonlocal errors, answered
            headers: dict[str, str] = {}
            for turn in range(turns // users):
                if turn % TURNS_A_CONVERSATION == 0:
                    async with http.post(f"{base}/api/v1/sessions") as response:
                        headers = {"Authorization": f"Bearer {(await response.json())['token']}"}
                question = questions[(number * 97 + turn * 13) % len(questions)]
                body = {"client_message_id": uuid.uuid4().hex, "text": question}
                started = time.perf_counter()
                async with http.post(f"{base}/api/v1/messages", json=body, headers=headers) as response:
                    answer = await response.json()
                latencies.append((time.perf_counter() - started) * 1000)
                messages = answer.get("messages") or []
                if response.status != 200 or not messages or messages[0]["data"].get("reference"):
                    errors += 1
                elif messages[0]["capability"] == "faq" and messages[0]["band"] == "answer":
                    answered += 1

        started = time.perf_counter()
        await asyncio.gather(*(user(n) for n in range(users)))
        elapsed = time.perf_counter() - started
    latencies.sort()

    def quantile(q: float) -> float:
        return latencies[min(len(latencies) - 1, int(q * len(latencies)))]

    return Load(
        users,
        len(latencies),
        quantile(0.5),
        quantile(0.95),
        quantile(0.99),
        latencies[-1],
        len(latencies) / elapsed,
        errors,
        answered,
    )


def measure(stack: Stack, questions: list[str]) -> dict[str, object]:
    """Warm up, then one user, eight and thirty-two."""
    asyncio.run(run_load(stack.base, 4, 80, questions))
    loads = [
        asyncio.run(run_load(stack.base, users, turns, questions)) for users, turns in ((1, 300), (8, 800), (32, 1920))
    ]
    for load in loads:
        print(
            f"{load.users:3d} users  {load.turns:5d} turns  p50 {load.p50:7.1f}  p95 {load.p95:7.1f}  p99 {load.p99:7.1f}"
            f"  max {load.longest:7.1f} ms  {load.turns_per_s:6.1f} turns/s  errors {load.errors}"
            f"  answered {load.answered}"
        )
    memory = stack.resident_mib()
    print("resident MiB:", {k: round(v) for k, v in memory.items()}, "sum", round(sum(memory.values())))
    return {"loads": [asdict(load) for load in loads], "resident_mib": memory, "resident_sum_mib": sum(memory.values())}


def measured(var: Path, project: Path, questions: list[str]) -> dict[str, object]:
    """Start twice, the second time with everything built, and load it."""
    with running_stack(var, project) as stack:
        first = stack.ready_s
    with running_stack(var, project) as stack:
        print(f"ready after {stack.ready_s:.1f} s (first start {first:.1f} s), {os.cpu_count()} cores")
        return measure(stack, questions) | {"ready_s": stack.ready_s, "first_ready_s": first}


def main() -> None:
    """Ours, and Rasa's default pipeline behind the same gateway where benchmarks.dialogue has left its archive."""
    questions = [q for entry in load_faq(get_settings().faq_dir) for q in entry.questions[1:4]]
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder), ROOT, questions)
    if RASA_DEFAULT.is_file():
        print("Rasa's default pipeline, same data, same gateway:")
        with tempfile.TemporaryDirectory() as folder:
            project = with_archive(RASA_DEFAULT, Path(folder))
            result["rasa_default"] = measured(Path(folder) / "var", project, questions)
    else:
        print("Rasa's default pipeline is not trained; python -m benchmarks.dialogue does it (half an hour).")
    result |= {"cores": os.cpu_count(), "machine": platform.machine()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
