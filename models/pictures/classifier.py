"""A picture classifier ready to use: the kind of a picture, what it shows, and the operator's own labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.pictures.errors import PictureError
from models.pictures.few_shot import Prototypes
from models.pictures.heads import Floats, Head, Scored
from models.pictures.subjects import Groups, bare_share
from models.vision.backbone import Backbone

WEIGHTS = Path(__file__).resolve().parent / "weights"
SHOWN = 3
MUCH_SKIN, PROBABLY_BARE = 0.3, 0.5
"""A picture is not described when this share of it has the colour of skin and it is this probably of bare people."""
LIFELIKE = frozenset({"照片", "截图", "海报"})
"""Kinds in which the network, taught on photographs, may say what is shown."""


@dataclass(frozen=True)
class PictureResult:
    """What is said about one picture, most probable first.

    Attributes:
        kinds: photograph, ink painting…; empty when the head is switched off.
        subjects: what it shows.
        own: the operator's labels.
        kind_sure, subject_sure, own_sure: whether the model stands by the first of each.
        unsafe: whether it is better not described.
    """

    kinds: tuple[Scored, ...]
    subjects: tuple[Scored, ...]
    own: tuple[Scored, ...] = ()
    kind_sure: bool = False
    subject_sure: bool = False
    own_sure: bool = False
    unsafe: bool = False


def skin_share(picture: Image.Image) -> float:
    """Share of pixels with the colour of skin (Kovač, Peer and Solina 2003, thresholds in YCbCr), in [0, 1]."""
    small = np.asarray(picture.convert("YCbCr").resize((64, 64)), np.int16)
    blue, red = small[..., 1], small[..., 2]
    return float(((blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173)).mean())


@dataclass(frozen=True)
class PictureClassifier:
    """``kind_head`` is None where it was not trained, or where its data's terms switch it off; ``own`` where the operator has no labels."""

    backbone: Backbone
    subject_head: Head
    groups: Groups
    kind_head: Head | None
    own: Prototypes | None = None

    @classmethod
    def open(
        cls, vision: Path, *, commercial_use: bool, own: Path | None = None, weights: Path = WEIGHTS
    ) -> PictureClassifier:
        """Load everything.

        Args:
            vision: folder of the backbone. commercial_use: leaves out the kinds, whose training pictures forbid that.
            own: folder of the operator's labels, where there is one.

        Raises:
            WenyuError: the backbone or a head is not there or was changed.
        """
        there = (weights / "kinds" / "manifest.json").is_file()
        kinds = Head.load(weights / "kinds") if there and not commercial_use else None
        prototypes = None
        if own is not None and (own / "manifest.json").is_file():
            prototypes = Prototypes.load(own)
        return cls(Backbone(vision), Head.load(weights / "subjects"), Groups.read(), kinds, prototypes)

    def look(self, picture: Image.Image, top: int = SHOWN) -> PictureResult:
        """Everything that is said about one picture of any size and mode."""
        seen = self.backbone.look(picture)
        subjects = self.groups.scored(self.subject_head.probabilities(seen.vector), top)
        kinds: tuple[Scored, ...] = ()
        if self.kind_head is not None:
            kinds = ranked(self.kind_head, np.concatenate([seen.vector, seen.texture]), top)
        own = self.own.scored(seen.vector, top) if self.own else ()
        # What a drawing shows is said only when its kind does not speak against it.
        lifelike = not kinds or kinds[0].label in LIFELIKE
        needed = self.subject_head.threshold if lifelike else (1 + self.subject_head.threshold) / 2
        bare = bare_share(self.subject_head, seen.vector)
        return PictureResult(
            kinds=kinds,
            subjects=subjects,
            own=own,
            kind_sure=bool(kinds) and self.kind_head is not None and kinds[0].probability >= self.kind_head.threshold,
            subject_sure=subjects[0].probability >= needed,
            own_sure=bool(own) and self.own is not None and own[0].probability >= self.own.threshold,
            unsafe=bare >= PROBABLY_BARE and skin_share(picture) >= MUCH_SKIN,
        )


def ranked(head: Head, features: Floats, top: int) -> tuple[Scored, ...]:
    """The most probable labels of a head."""
    p = head.probabilities(features)
    return tuple(Scored(head.labels[i], float(p[i])) for i in np.argsort(-p)[:top])


def open_picture(path: Path) -> Image.Image:
    """The picture in a file.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError("这张图片打不开，请换一张再发。", hint=f"{path.name} 读不出来") from error
