"""Where the files of replies (var/media) and of messages (var/uploads) lie."""

from __future__ import annotations

import re
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def find_file(var_dir: Path, name: str) -> Path | None:
    """The file of this name; None when there is none or the name is not one of ours."""
    if not NAME.fullmatch(name):
        return None
    for folder in ("media", "uploads"):
        path = var_dir / folder / name
        if path.is_file():
            return path
    return None
