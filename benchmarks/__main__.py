"""`make bench`: run every benchmark, one after the other, and print one summary."""

from __future__ import annotations

import subprocess
import sys
import time

PROGRAMS = (
    "turns",
    "faq",
    "encoder",
    "nlu",
    "dialogue",
    "faq_scale",
    "recommender",
    "recommend_language",
    "classifier_heldout",
)


def main() -> None:
    """Each program prints its own table and writes benchmarks/results/<name>.json."""
    failed = []
    for name in PROGRAMS:
        started = time.monotonic()
        print(f"\n===== {name} =====", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
        print(f"（{name}：{time.monotonic() - started:.0f} 秒）", flush=True)
    if failed:
        sys.exit("没有跑完：" + "、".join(failed))


if __name__ == "__main__":
    main()
