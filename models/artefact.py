"""The artefact contract: what every folder with trained weights holds, and how it is checked before it is read.

A folder holds ``*.safetensors`` (never pickle), ``config.json``, ``MODEL_CARD.md`` and ``manifest.json`` with

* ``name``: what it is; ``version``: of the weights;
* ``sha256``: hexadecimal digest by file name, for every file but the manifest and the card;
* ``data``: list of ``{"name", "source", "terms"}`` of what it was trained on;
* ``commercial_use``: False when any of that data forbids it;
* ``metrics``: numbers by name; ``command``: what trains it again; ``commit``: of the code that trained it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from models.errors import WenyuError

MANIFEST = "manifest.json"
REQUIRED = ("name", "version", "sha256", "data", "commercial_use", "metrics", "command", "commit")


class ArtefactError(WenyuError):
    """A folder with weights is incomplete or was changed; nothing of it has been parsed."""

    code = "bad_artefact"
    status = 500


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of ``folder``, after every file it names was found unchanged.

    Raises:
        ArtefactError: when the manifest is missing or incomplete, or a file is missing or not the one it names.
    """
    hint = f"从版本库恢复 {folder.name}，或者重新训练"
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError("模型文件不完整，不能使用。", hint=hint) from error
    missing = [key for key in REQUIRED if key not in manifest]
    if missing:
        raise ArtefactError("模型清单不完整，不能使用。", hint=f"{hint}；缺少 {', '.join(missing)}")
    for name, digest in manifest["sha256"].items():
        file = folder / name
        if not file.is_file() or sha256_of(file) != digest:
            raise ArtefactError("模型文件和清单不一致，不能使用。", hint=f"{hint}；不一致的是 {name}")
    return manifest


def write_manifest(folder: Path, **fields: Any) -> None:
    """Write ``manifest.json`` with the digests of the files that are there; ``fields`` are the other required keys."""
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name not in (MANIFEST, "MODEL_CARD.md"))
    manifest = {**fields, "sha256": {name: sha256_of(folder / name) for name in names}}
    missing = [key for key in REQUIRED if key not in manifest]
    if missing:
        raise ValueError(f"the manifest lacks {missing}")
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
