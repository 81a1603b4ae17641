"""Pictures for training and measuring, and their observations, computed once and kept.

Works are split by work: whatever is made of one picture (spoilt, resized, cropped) stays on its side.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.appraisal.degradations import COPIES, DEGRADATIONS, STRENGTHS
from models.appraisal.observation import Observation
from models.errors import DataError
from models.vision.backbone import Backbone

GENRES = {"landscape": "山水", "flowerBird": "花鸟", "human": "人物"}
Halves = npt.NDArray[np.float16]
ORIGINAL = "original"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class Work:
    """A picture file; ``genre`` is a value of GENRES, ``part`` is train or test as its source divides them."""

    path: Path
    genre: str
    part: str

    @property
    def seed(self) -> int:
        """Of everything random that is made of it."""
        return zlib.crc32(f"{self.part}/{self.path.name}".encode())

    @property
    def ranked(self) -> bool:
        """Whether the score may learn from it: 45 % of the source's training part, by checksum."""
        return self.part == "train" and self.seed % 20 < 9


def paintings(folder: Path) -> list[Work]:
    """The works of chinese_painting_3class (train/ and test/, a folder a genre).

    Raises:
        DataError: the folder has no such pictures.
    """
    found = [
        Work(path, GENRES[name], part)
        for part in ("train", "test")
        for name in GENRES
        for path in pictures_in(folder / part / name)
    ]
    if not found:
        raise DataError(f"{folder} 里没有 train/ 和 test/ 的图片。")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """Picture files below ``folder``, in the order of their names."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)


def variants(work: Work, *, spoilt: bool, copied: bool) -> Iterator[tuple[str, Image.Image]]:
    """The work itself, then "name/strength" for what is spoilt and "name" for what is copied."""
    with Image.open(work.path) as file:
        picture = file.convert("RGB")
    yield ORIGINAL, picture
    rng = np.random.default_rng(work.seed)
    if spoilt:
        for name, spoil in DEGRADATIONS.items():
            for strength in STRENGTHS:
                yield f"{name}/{strength}", spoil(picture, strength, rng)
    if copied:
        for name, copy in COPIES.items():
            yield name, copy(picture)


def variant_names(*, spoilt: bool, copied: bool) -> list[str]:
    """The names that ``variants`` yields, in order."""
    degraded = [f"{name}/{s}" for name in DEGRADATIONS for s in STRENGTHS] if spoilt else []
    return [ORIGINAL, *degraded, *(COPIES if copied else ())]


_backbone: list[Backbone] = []


def _observe(work: Work, backbone: Path, cache: Path, spoilt: bool, copied: bool) -> Halves:
    file = cache / f"{work.part}-{work.genre}-{work.path.stem}.npy"
    count = len(variant_names(spoilt=spoilt, copied=copied))
    if file.is_file():
        kept: Halves = np.load(file, allow_pickle=False)
        # Copies come last, so what was kept with them serves without them.
        if len(kept) >= count:
            return kept[:count]
    if not _backbone:
        _backbone.append(Backbone(backbone))
    made = variants(work, spoilt=spoilt, copied=copied)
    found = np.stack([Observation.of(p, _backbone[0]).vector for _, p in made]).astype(np.float16)
    draft = file.with_suffix(".part.npy")
    np.save(draft, found, allow_pickle=False)
    os.replace(draft, file)
    return np.asarray(found)


def observed(
    works: Sequence[Work],
    backbone: Path,
    cache: Path,
    *,
    spoilt: bool = False,
    copied: bool = False,
    processes: int = 2,
) -> Halves:
    """float16 [works, variants, 2447] in the order of ``variant_names``.

    Args:
        backbone: its folder; cache: a folder that keeps a file a work, so that an interrupted run goes on.
    """
    cache.mkdir(parents=True, exist_ok=True)
    job = partial(_observe, backbone=backbone, cache=cache, spoilt=spoilt, copied=copied)
    with ProcessPoolExecutor(processes) as pool:
        return np.stack(list(pool.map(job, works, chunksize=4)))
