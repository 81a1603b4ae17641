"""Files that belong to a reply: stored under names that only the conversation leads to, and forgotten after a while."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

KEPT_DAYS = 30


def store(folder: Path, prefix: str, owner: str, data: bytes, suffix: str) -> str:
    """Write ``data`` and return its URL under /media/; the same file of the same owner keeps its name."""
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(owner.encode()).digest()
    name = prefix + hashlib.blake2b(data, digest_size=16, key=key).hexdigest() + suffix
    path = folder / name
    if not path.exists():
        draft = path.with_suffix(".part")
        draft.write_bytes(data)
        os.replace(draft, path)
    return f"/media/{name}"


def forget_old(folder: Path, prefix: str) -> None:
    """Remove files that were written more than KEPT_DAYS days ago; the same request makes them again."""
    limit = time.time() - KEPT_DAYS * 86_400
    for path in folder.glob(f"{prefix}*"):
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
        except FileNotFoundError:
            continue
