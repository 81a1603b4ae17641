"""What the appraising skill works with: the appraiser, the operator's gallery, and where pictures of a reply go."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import structlog
from PIL import Image, UnidentifiedImageError

from actions.media_files import forget_old, store
from actions.reply import Media
from models.appraisal.chart import chart
from models.appraisal.errors import AppraisalError
from models.appraisal.gallery import Gallery
from models.appraisal.heatmap import overlay
from models.appraisal.model import WEIGHTS, Appraisal, Appraiser, Learned
from models.errors import WenyuError
from models.vision.backbone import Backbone

log = structlog.get_logger(__name__)
PREFIX = "appraisal-"
REMEMBERED = 32
GONE = "这张图片已经找不到了，请重新发一次。"
NOT_BUILT = "看图用的网络还没有装好，暂时没法鉴赏；其它问题现在就可以问我。"


@dataclass(frozen=True)
class AppraiseService:
    """Attributes:
    appraiser: None when the backbone is not built.
    own: whether the scores were learned from the operator's works.
    """

    appraiser: Appraiser | None
    gallery: Gallery
    media_dir: Path
    own: bool = False
    _kept: OrderedDict[str, Appraisal] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def open(
        cls, *, commercial_use: bool, backbone: Path, own: Path, gallery: Path, media_dir: Path
    ) -> AppraiseService:
        """Load what is there; what is missing or broken is logged and left out.

        Args:
            commercial_use: leaves out weights whose data forbids it; own: weights trained on the operator's works.
        """
        try:
            network = Backbone(backbone)
        except WenyuError as error:
            log.warning("appraisal_left_out", code=error.code, hint=error.hint)
            return cls(None, Gallery.empty(), media_dir)
        learned, is_own = None, (own / "manifest.json").is_file()
        for folder in ([own] if is_own else []) + [WEIGHTS]:
            try:
                learned = Learned.load(folder, commercial_use=commercial_use)
                break
            except AppraisalError:
                log.info("appraisal_weights_left_out", code="non_commercial_data")
            except WenyuError as error:
                log.warning("appraisal_weights_left_out", code=error.code, hint=error.hint)
            is_own = False
        appraiser = Appraiser(network, learned)
        appraiser.appraise(Image.new("RGB", (64, 64), (120, 110, 100)))  # what loads at first use is loaded now
        return cls(appraiser, Gallery.open(gallery, network.fingerprint), media_dir, is_own and learned is not None)

    def appraise(self, path: str, *, insists: bool = False) -> Appraisal:
        """The appraisal of an uploaded file; kept for the questions that follow.

        Raises:
            AppraisalError: the file is gone or cannot be read.
        """
        if self.appraiser is None:
            raise AppraisalError(NOT_BUILT)
        key = f"{path}|{insists}"
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self.appraiser.appraise(picture_at(path), insists=insists)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return found

    def chart(self, appraisal: Appraisal, owner: str) -> Media:
        """The card as a picture."""
        data = chart(appraisal.attributes, appraisal.score, appraisal.spread, appraisal.palette)
        return self._media(data, ".png", "image/png", "评分图", owner)

    def heat(self, appraisal: Appraisal, path: str, owner: str) -> Media | None:
        """What weighed most, on the picture; None where nothing was learned."""
        if appraisal.heat is None:
            return None
        out = io.BytesIO()
        overlay(picture_at(path), appraisal.heat).save(out, "JPEG", quality=85)
        return self._media(out.getvalue(), ".jpg", "image/jpeg", "热力图：红处加分，蓝处减分", owner)

    def picture(self, data: bytes, owner: str) -> str:
        """URL of a gallery picture for this conversation."""
        return store(self.media_dir, PREFIX, owner, data, ".jpg")

    def _media(self, data: bytes, suffix: str, mime: str, label: str, owner: str) -> Media:
        forget_old(self.media_dir, PREFIX)
        url = store(self.media_dir, PREFIX, owner, data, suffix)
        return Media(kind="image", url=url, mime=mime, label=label)


def picture_at(path: str) -> Image.Image:
    """The picture of an uploaded file, which the gateway has checked and written anew.

    Raises:
        AppraisalError: it is gone or cannot be read.
    """
    try:
        with Image.open(path) as file:
            file.load()
            if file.mode in ("RGBA", "LA", "P"):
                # What is transparent is paper.
                rgba = file.convert("RGBA")
                paper = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
                return Image.alpha_composite(paper, rgba).convert("RGB")
            return file.convert("RGB")
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise AppraisalError(GONE) from error
