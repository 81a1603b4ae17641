"""The operator's gallery: pictures by likeness, by score and by school.

A folder holds ``works.json`` (title, school, score, file of each), ``vectors.npy`` and the pictures, scaled down. Likeness
is the cosine of the backbone's vectors, searched with faiss.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from models.appraisal.canvas import Floats
from models.appraisal.corpus import pictures_in
from models.appraisal.model import Appraiser
from models.errors import DataError

WORKS, VECTORS, PICTURES = "works.json", "vectors.npy", "pictures"
LONGEST = 640
LEAST_OF_A_SCHOOL = 5
TEMPERATURE = 0.05
"""Of the softmax over likeness to the schools' prototypes."""


@dataclass(frozen=True)
class GalleryWork:
    """One work: ``id`` from its content, ``title``, ``school`` (may be empty), ``score`` or None, ``file`` of its picture."""

    id: str
    title: str
    school: str
    score: float | None
    file: str


@dataclass(frozen=True)
class Gallery:
    """``works`` in the order of ``vectors``, float32 [n, 1280] of unit length."""

    folder: Path
    works: tuple[GalleryWork, ...]
    vectors: Floats
    fingerprint: str = ""
    _index: list[faiss.Index] = field(default_factory=list)

    @classmethod
    def empty(cls) -> Gallery:
        """Without works."""
        return cls(Path(), (), np.zeros((0, 1280), np.float32))

    @classmethod
    def open(cls, folder: Path, fingerprint: str) -> Gallery:
        """What is stored in ``folder``; empty when nothing is, or when it was made by another backbone."""
        try:
            stored = json.loads((folder / WORKS).read_text(encoding="utf-8"))
            vectors: Floats = np.load(folder / VECTORS, allow_pickle=False)
        except (OSError, ValueError):
            return cls(folder, (), np.zeros((0, 1280), np.float32), fingerprint)
        if stored["fingerprint"] != fingerprint or len(stored["works"]) != len(vectors):
            return cls(folder, (), np.zeros((0, 1280), np.float32), fingerprint)
        return cls(folder, tuple(GalleryWork(**work) for work in stored["works"]), vectors, fingerprint)

    def nearest(self, vector: Floats, count: int, leave_out: Iterable[str] = ()) -> list[tuple[GalleryWork, float]]:
        """Works with their likeness, -1 to 1, the likest first; ``vector`` of unit length."""
        if not self.works:
            return []
        if not self._index:
            index = faiss.IndexFlatIP(self.vectors.shape[1])
            index.add(np.ascontiguousarray(self.vectors, np.float32))
            self._index.append(index)
        without = set(leave_out)
        cosines, rows = self._index[0].search(vector[None], min(len(self.works), count + len(without)))
        found = [(self.works[r], float(c)) for r, c in zip(rows[0], cosines[0], strict=True) if r >= 0]
        return [(work, cosine) for work, cosine in found if work.id not in without][:count]

    def recommended(
        self, count: int, liked: Sequence[Floats] = (), leave_out: Iterable[str] = ()
    ) -> list[tuple[GalleryWork, float]]:
        """Works by score and by likeness to what the visitor showed, each half; with the likeness (0 without any)."""
        without = set(leave_out)
        likeness = np.mean([self.vectors @ v for v in liked], axis=0) if liked else np.zeros(len(self.works))
        scores = np.array([work.score or 0.0 for work in self.works], np.float32)
        total = _standardised(scores) + (_standardised(likeness) if liked else 0)
        order = [i for i in np.argsort(-total) if self.works[i].id not in without]
        return [(self.works[i], float(likeness[i])) for i in order[:count]]

    def schools(self) -> dict[str, Floats]:
        """Prototypes, unit vectors, of the schools with enough works (Snell et al. 2017)."""
        rows: dict[str, list[int]] = {}
        for i, work in enumerate(self.works):
            if work.school:
                rows.setdefault(work.school, []).append(i)
        means = {s: self.vectors[r].mean(0) for s, r in rows.items() if len(r) >= LEAST_OF_A_SCHOOL}
        return {s: np.asarray(m / np.linalg.norm(m), np.float32) for s, m in means.items()}

    def school_of(self, vector: Floats) -> list[tuple[str, float]]:
        """Known schools with probabilities, the likeliest first; empty with fewer than two schools."""
        prototypes = self.schools()
        if len(prototypes) < 2:
            return []
        cosines = np.array([p @ vector for p in prototypes.values()])
        powers = np.exp((cosines - cosines.max()) / TEMPERATURE)
        order = np.argsort(-powers)
        names = list(prototypes)
        return [(names[i], float(powers[i] / powers.sum())) for i in order]

    def picture(self, work: GalleryWork) -> bytes:
        """The JPEG file of a work."""
        return (self.folder / PICTURES / work.file).read_bytes()

    def add(self, source: Path, appraiser: Appraiser, school: str = "", say: Callable[[str], None] = print) -> Gallery:
        """Add the pictures below ``source`` and store everything anew; a picture that is there already is replaced.

        Args:
            school: of all of them; left empty, the name of a picture's folder below ``source`` is its school.

        Raises:
            DataError: there is no picture.
        """
        paths = pictures_in(source)
        if not paths:
            raise DataError(f"{source} 里没有图片（jpg、png、webp）。")
        works = {work.id: (work, vector) for work, vector in zip(self.works, self.vectors, strict=True)}
        (self.folder / PICTURES).mkdir(parents=True, exist_ok=True)
        problems = []
        for path in paths:
            try:
                with Image.open(path) as file:
                    picture = file.convert("RGB")
            except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
                problems.append(f"{path.name}：打不开")
                continue
            found = appraiser.appraise(picture, insists=True)
            picture.thumbnail((LONGEST, LONGEST))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=88)
            name = hashlib.sha256(out.getvalue()).hexdigest()[:16]
            (self.folder / PICTURES / f"{name}.jpg").write_bytes(out.getvalue())
            own = path.parent.name if path.parent != source else ""
            score = None if found.score is None else round(found.score, 1)
            works[name] = (GalleryWork(name, path.stem, school or own, score, f"{name}.jpg"), found.vector)
        for problem in problems:
            say(f"  跳过 {problem}")
        kept = tuple(work for work, _ in works.values())
        vectors = np.stack([vector for _, vector in works.values()]).astype(np.float32)
        gallery = Gallery(self.folder, kept, vectors, self.fingerprint)
        gallery.save()
        return gallery

    def save(self) -> None:
        """Write the list and the vectors, each whole or not at all; the list last."""
        draft = self.folder / "vectors.part.npy"
        np.save(draft, self.vectors, allow_pickle=False)
        os.replace(draft, self.folder / VECTORS)
        listed = {"fingerprint": self.fingerprint, "works": [asdict(work) for work in self.works]}
        part = self.folder / "works.part"
        part.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(part, self.folder / WORKS)


def _standardised(values: npt.NDArray[Any]) -> Floats:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)
