"""What a picture shows: the thousand classes of ImageNet, grouped and named in Chinese (subjects.tsv).

The groups are this project's; a group's probability is the sum of its classes'. The network was taught photographs of
one thing, so a painting, a crowd or a scene with many things is often beyond it; below the threshold nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.pictures.heads import Floats, Head, Scored
from models.tsv import read_rows

HERE = Path(__file__).resolve().parent
N_CLASSES = 1000
BARE = (445, 459, 638, 639, 842)
"""Classes of people in little clothing: bikini, brassière, swimsuits, trunks."""


@dataclass(frozen=True)
class Groups:
    """``names`` and ``areas`` of the groups, ``of_class`` int64 [1000]: the group of each class."""

    names: tuple[str, ...]
    areas: tuple[str, ...]
    of_class: np.ndarray

    @classmethod
    def read(cls, path: Path = HERE / "subjects.tsv") -> Groups:
        """Lines of area, name and classes, such as ``动物  鱼  0-1,389-397``."""
        names, areas, of_class = [], [], np.full(N_CLASSES, -1)
        for number, row in enumerate(read_rows(path)):
            names.append(row["name"])
            areas.append(row["area"])
            for part in row["classes"].split(","):
                first, _, last = part.partition("-")
                of_class[int(first) : int(last or first) + 1] = number
        return cls(tuple(names), tuple(areas), of_class)

    def scored(self, probabilities: Floats, top: int) -> tuple[Scored, ...]:
        """The most probable groups of class probabilities float32 [1000]."""
        sums = np.bincount(self.of_class, probabilities, len(self.names))
        return tuple(Scored(self.names[i], float(sums[i])) for i in np.argsort(-sums)[:top])


def bare_share(head: Head, vector: Floats) -> float:
    """How probable it is that a picture is of people in little clothing, in [0, 1]."""
    return float(head.probabilities(vector)[list(BARE)].sum())
