"""What the classifying skill works with: a classifier a task, the tagger, and the operator's own labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from knowledge.encoder import Encoder
from models.classifier.errors import ClassifierError
from models.classifier.model import TASKS, WEIGHTS, TextClassifier
from models.classifier.tags import Tagger
from models.classifier.zero_shot import ZeroShot
from models.errors import WenyuError

log = structlog.get_logger(__name__)
NOT_COMMERCIAL = (
    "默认的分类模型是用只许非商业使用的语料训练的，本站设为商业使用，所以停用了它。"
    "运营者列出自己的标签，或用自己的标注训练之后，我就能按那些标签分类；其它问题现在就可以问我。"
)
NOT_BUILT = "分类用的模型还没有装好，暂时没法为您分类；其它问题现在就可以问我。"
LABELS_FILE = "labels.yml"


@dataclass(frozen=True)
class ClassifyService:
    """``classifiers`` by task; ``notice`` says why there is none when there is none."""

    classifiers: Mapping[str, TextClassifier] = field(default_factory=dict)
    tagger: Tagger | None = None
    zero_shot: ZeroShot | None = None
    notice: str = NOT_BUILT

    @classmethod
    def open(cls, *, commercial_use: bool, encoder: Encoder, own: Path, weights: Path = WEIGHTS) -> ClassifyService:
        """Load what is there; a missing or broken model is logged and left out.

        Args:
            commercial_use: leaves out models whose data forbids it.
            own: the operator's folder: ``own`` in it is a trained model that takes the place of the channels,
                ``labels.yml`` lists labels that need no training.
        """
        folders = {task: weights / task for task in TASKS}
        if (own / "own" / "manifest.json").is_file():
            folders["channel"] = own / "own"
        classifiers: dict[str, TextClassifier] = {}
        notice = NOT_BUILT
        for task, folder in folders.items():
            try:
                classifiers[task] = TextClassifier.load(folder, commercial_use=commercial_use)
            except ClassifierError:
                log.info("classifier_left_out", task=task, code="non_commercial_data")
                notice = NOT_COMMERCIAL
            except WenyuError as error:
                log.warning("classifier_left_out", task=task, code=error.code, hint=error.hint)
        zero_shot = None
        if (own / LABELS_FILE).is_file():
            try:
                zero_shot = ZeroShot.read(own / LABELS_FILE, encoder)
            except WenyuError as error:
                log.warning("labels_left_out", code=error.code, hint=error.hint)
        return cls(classifiers, Tagger(), zero_shot, notice)
