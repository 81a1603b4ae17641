"""The appraisal: from a picture to what it is, how it is made, and how it is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

from models.appraisal.attributes import ATTRIBUTES, Judged, attribute_values, jackknife, judged
from models.appraisal.canvas import Floats
from models.appraisal.errors import AppraisalError
from models.appraisal.heads import KINDS, PAINTING, Head
from models.appraisal.heatmap import contributions
from models.appraisal.moods import MoodHead
from models.appraisal.observation import Observation
from models.appraisal.palette import Swatch, palette
from models.appraisal.ranking import Ranker
from models.artefact import verify
from models.vision.backbone import Backbone

WEIGHTS = Path(__file__).parent / "weights"
RANKER, HEADS, CONFIG = "ranker.safetensors", "heads.safetensors", "config.json"
SURE_KIND = 0.5
NORMAL_80 = 1.28
"""Half the width, in standard deviations, of an interval that holds 80 % of a normal distribution."""


@dataclass(frozen=True)
class Appraisal:
    """What is said of one picture.

    Attributes:
        kind: of KINDS, with its probability; other than PAINTING there is no score.
        score: 0 to 100, or None; spread: half the width of its 80 % interval, in points.
        percentile: per cent of the reference works that score lower, 0 to 100, or None.
        attributes: by key, 0 to 100; parts: what each rests on.
        shares: points above or below the reference mean from the attributes and from the learned ranking.
        genres, moods: with probabilities, the likeliest first; empty without a model. Those of moods are each by itself.
        vector: float32 [1280], unit length, for likeness.
    """

    kind: str
    kind_probability: float
    attributes: Mapping[str, float]
    parts: Mapping[str, tuple[Judged, ...]]
    palette: tuple[Swatch, ...]
    vector: Floats
    score: float | None = None
    spread: float = 0.0
    percentile: float | None = None
    shares: tuple[float, float] = (0.0, 0.0)
    genres: tuple[tuple[str, float], ...] = ()
    moods: tuple[tuple[str, float], ...] = ()
    heat: Floats | None = field(default=None, compare=False)

    @property
    def is_painting(self) -> bool:
        """Whether it is appraised at all."""
        return self.kind == PAINTING


@dataclass(frozen=True)
class Learned:
    """What was learned: the ranker, the heads, and the reference works' scores.

    Attributes:
        kind, genre, mood: the heads; genre and mood may be None, when they were not trained.
        reference: name of the reference set; quantiles: 101 scores of it, ascending.
        jitter: standard deviation, in points, of the score among faithful copies of a work.
    """

    ranker: Ranker
    kind: Head
    genre: Head | None
    mood: MoodHead | None
    reference: str
    quantiles: tuple[float, ...]
    jitter: float
    commercial_use: bool = False

    def percentile(self, score: float) -> float:
        """Per cent of the reference works below ``score``."""
        return float(np.interp(score, self.quantiles, np.linspace(0, 100, len(self.quantiles))))

    def spread(self, measures: Mapping[str, float], disagreement: float) -> float:
        """Half the width of a score's 80 % interval, in points.

        Three things could have come out otherwise: which works the ranker learned from (its members disagree), which rules
        the attributes rest on (the jackknife over them), and which copy of the work was sent.
        """
        rules = jackknife(measures) * self.ranker.attribute_points
        return NORMAL_80 * float(np.sqrt(disagreement**2 + rules**2 + self.jitter**2))

    def save(self, folder: Path) -> None:
        """Write weights and config; the manifest is written by models.publishing."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({k: np.ascontiguousarray(v, np.float16 if v.ndim > 1 else np.float32)
                   for k, v in self.ranker.arrays().items()}, folder / RANKER)  # fmt: skip
        arrays = self.kind.arrays("kind") | (self.genre.arrays("genre") if self.genre else {})
        arrays |= self.mood.arrays() if self.mood else {}
        save_file({k: np.ascontiguousarray(v, np.float32) for k, v in arrays.items()}, folder / HEADS)
        config: dict[str, Any] = {
            "kinds": list(self.kind.labels),
            "genres": list(self.genre.labels) if self.genre else [],
            "reference": self.reference,
            "quantiles": [round(q, 3) for q in self.quantiles],
            "jitter": round(self.jitter, 3),
        }
        (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path = WEIGHTS, *, commercial_use: bool = False) -> Learned:
        """Read a verified folder.

        Raises:
            ArtefactError: it is not what its manifest says.
            AppraisalError: its data forbids commercial use and ``commercial_use`` is set.
        """
        manifest = verify(folder)
        if commercial_use and not manifest["commercial_use"]:
            raise AppraisalError("默认的打分模型不可商用，已停用。", code="non_commercial_data")
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        heads = load_file(folder / HEADS)
        genre = Head.from_arrays(heads, "genre", config["genres"]) if config["genres"] else None
        return cls(
            Ranker.from_arrays(load_file(folder / RANKER)),
            Head.from_arrays(heads, "kind", config["kinds"]),
            genre,
            MoodHead.from_arrays(heads),
            config["reference"],
            tuple(config["quantiles"]),
            config["jitter"],
            manifest["commercial_use"],
        )


@dataclass(frozen=True)
class Appraiser:
    """Backbone and what was learned on it; ``learned`` None: only what needs no learning is said."""

    backbone: Backbone
    learned: Learned | None = None

    def appraise(self, picture: Image.Image, *, insists: bool = False) -> Appraisal:
        """Look at a picture of any size and mode; always the same for the same pixels.

        Args:
            insists: somebody says that it is a painting, so it is scored whatever it looks like.
        """
        vector = self.backbone.look(picture).vector
        observation = Observation.of(picture, self.backbone)
        values = attribute_values(observation.measures)
        parts = {a.key: judged(a, observation.measures) for a in ATTRIBUTES}
        unit = (vector / (np.linalg.norm(vector) + 1e-9)).astype(np.float32)
        plain = Appraisal(PAINTING, 1.0, values, parts, palette(observation.canvas), unit)
        if self.learned is None:
            return plain
        kind, probability = self.learned.kind.ranked(vector)[0]
        if kind != PAINTING and probability >= SURE_KIND and not insists:
            return Appraisal(kind, probability, values, parts, plain.palette, unit)
        painting = dict(self.learned.kind.ranked(vector))[PAINTING]
        points, disagreement = self.learned.ranker.points(observation.vector[None])
        score = float(points[0])
        return Appraisal(
            PAINTING, painting, values, parts, plain.palette, unit,
            score=score,
            spread=self.learned.spread(observation.measures, float(disagreement[0])),
            percentile=self.learned.percentile(score),
            shares=self.learned.ranker.standing(observation.vector),
            genres=tuple(self.learned.genre.ranked(vector)) if self.learned.genre else (),
            moods=self.learned.mood.of(observation.canvas) if self.learned.mood else (),
            heat=contributions(observation, self.learned.ranker),
        )  # fmt: skip


__all__ = ["KINDS", "WEIGHTS", "Appraisal", "Appraiser", "Learned"]
