"""Trains the embedded weights: the ranker, what is a painting at all, and the genres.

    wenyu model train appraisal --paintings DIR --photos DIR --moods DIR

``paintings`` is the data set chinese_painting_3class (train/ and test/ with a folder a genre; the test part is not read),
``photos`` a folder of photographs of anything, ``moods`` the tables of cuc_chinese_painting. Documents, screens, charts and noise are drawn by pages.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from models.appraisal.canvas import Floats
from models.appraisal.corpus import GENRES, ORIGINAL, Work, observed, paintings, pictures_in, variant_names
from models.appraisal.degradations import COPIES
from models.appraisal.heads import KINDS, NOISE, PAGE, PAINTING, PHOTO, Head, fit_head
from models.appraisal.model import WEIGHTS, Learned
from models.appraisal.moods import MOODS, fit_moods
from models.appraisal.pages import not_paintings
from models.appraisal.ranking import Ranker
from models.appraisal.ranking_training import calibrated, fit_ranker
from models.errors import DataError
from models.publishing import data_section, metrics_section, publish, training_section
from models.vision.backbone import Backbone

Say = Callable[[str], None]
DRAWN = 240
HELD_BACK = 6
"""Every sixth ranked work is kept from the ranker to learn how far copies of a work stray."""
VIEWS = 4
"""How often each photograph is seen: whole, and in parts, as people crop what they send."""
REFERENCE = "公开国画数据集（训练部分）的作品"
COMMAND = "wenyu model train appraisal --paintings DIR --photos DIR --moods DIR"
DATA = (
    {
        "name": "chinese_painting_3class",
        "source": "github stevenling/chinese-painting-retrieval，每类取 200 幅训练图",
        "terms": "未声明许可，图片来自网络；只用于学习权重，不随库分发",
    },
    {
        "name": "photos",
        "source": "Debian 软件包 gcompris-qt-data 和 opencv-doc 中的照片",
        "terms": "各图自有许可（CC 或公有领域）；不随库分发",
    },
    {
        "name": "cuc_chinese_painting",
        "source": "github leiyu943/Chinese-painting-aesthetic-database-from-CUC-2018，497 幅的直方图和意境标注",
        "terms": "未声明许可（研究用）；只用于学习权重，不随库分发",
    },
    {"name": "pages", "source": "本库 pages.py 生成的文档、界面、图表和噪点", "terms": "Apache-2.0"},
)


@dataclass(frozen=True)
class Corpus:
    """Where things are: ``cache`` keeps what was observed; ``most``: works that the ranker learns from."""

    paintings: Path
    photos: Path
    moods: Path
    backbone: Path
    cache: Path
    most: int = 230


def opened(paths: Iterable[Path]) -> Iterable[Image.Image]:
    """The pictures of files, one after the other."""
    for path in paths:
        with Image.open(path) as file:
            yield file.convert("RGB")


def parts(paths: Iterable[Path], seed: int = 0) -> Iterator[Image.Image]:
    """VIEWS views of every picture: the whole, then crops of half to nine tenths of a side, half of them mirrored."""
    rng = np.random.default_rng(seed)
    for picture in opened(paths):
        yield picture
        for number in range(VIEWS - 1):
            w, h = (max(1, round(side * rng.uniform(0.5, 0.9))) for side in picture.size)
            left, top = int(rng.integers(picture.width - w + 1)), int(rng.integers(picture.height - h + 1))
            part = picture.crop((left, top, left + w, top + h))
            yield ImageOps.mirror(part) if number % 2 else part


def vectors(pictures: Iterable[Image.Image], backbone: Backbone, cache: Path | None = None) -> Floats:
    """Backbone vectors, float32 [n, 1280], not normalised; kept in ``cache``, a .npy file."""
    if cache is not None and cache.is_file():
        kept: Floats = np.load(cache)
        return kept
    found = np.stack([backbone.look(picture).vector for picture in pictures])
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.save(cache, found, allow_pickle=False)
    return found


def fit_kind(corpus: Corpus, backbone: Backbone, works: list[Work]) -> Head:
    """The head that tells paintings from photographs, pages and noise."""
    drawn = list(not_paintings(DRAWN))
    photos = pictures_in(corpus.photos)
    if not photos:
        raise DataError(f"{corpus.photos} 里没有照片。")
    found = np.concatenate(
        [
            genre_vectors(corpus, backbone, works),
            vectors(parts(photos), backbone, corpus.cache / f"photos-{len(photos)}.npy"),
            vectors((picture for _, picture in drawn), backbone, corpus.cache / "drawn.npy"),
        ]
    )
    names = {"page": PAGE, "noise": NOISE}
    labels = [PAINTING] * len(works) + [PHOTO] * len(photos) * VIEWS + [names[kind] for kind, _ in drawn]
    return fit_head(found, labels, KINDS)


def genre_vectors(corpus: Corpus, backbone: Backbone, works: list[Work]) -> Floats:
    """Backbone vectors of the works of one part, float32 [n, 1280]."""
    (part,) = {work.part for work in works}
    return vectors(opened(w.path for w in works), backbone, corpus.cache / f"{part}.npy")


def fit_ranking(corpus: Corpus, works: list[Work]) -> tuple[Ranker, Floats, float]:
    """The ranker, calibrated, the reference works' scores and the jitter in points."""
    ranked = sorted((w for w in works if w.ranked), key=lambda w: w.seed)[: corpus.most]
    values = observed(ranked, corpus.backbone, corpus.cache / "ranked", spoilt=True, copied=True)
    back = np.arange(len(ranked)) % HELD_BACK == 0
    ranker = fit_ranker(values[~back])
    others = [w for w in works if not w.ranked]
    reference = observed(others, corpus.backbone, corpus.cache / "reference")[:, 0]
    ranker = calibrated(ranker, reference)
    names = variant_names(spoilt=True, copied=True)
    same = [names.index(ORIGINAL), *(names.index(n) for n in COPIES)]
    flat = np.asarray(values[back][:, same], np.float32)
    points = ranker.points(flat.reshape(-1, flat.shape[-1]))[0].reshape(flat.shape[:2])
    jitter = float(np.sqrt(((points - points.mean(1, keepdims=True)) ** 2).mean()))
    return ranker, ranker.points(reference)[0], jitter


def train_default(corpus: Corpus, folder: Path = WEIGHTS, say: Say = print) -> Mapping[str, float]:
    """Train everything and write ``folder``; returns figures on works that nothing learned from."""
    works = [w for w in paintings(corpus.paintings) if w.part == "train"]
    backbone = Backbone(corpus.backbone)
    say("1/3 题材、意境和是不是绘画")
    kind = fit_kind(corpus, backbone, works)
    genre = fit_head(genre_vectors(corpus, backbone, works), [w.genre for w in works], tuple(GENRES.values()))
    mood = fit_moods(corpus.moods)
    say("2/3 排序")
    ranker, reference, jitter = fit_ranking(corpus, works)
    learned = Learned(
        ranker, kind, genre, mood, REFERENCE, tuple(np.quantile(reference, np.linspace(0, 1, 101)).tolist()), jitter
    )
    say("3/3 写出权重")
    learned.save(folder)
    metrics = {
        "ranked_works": float(len([w for w in works if w.ranked][: corpus.most])),
        "reference_works": float(len(reference)),
        "reference_standard_deviation": round(float(reference.std()), 2),
        "jitter_points": round(jitter, 2),
        **{f"mood_auc_{name}": round(float(area), 3) for name, area in zip(MOODS, mood.area, strict=True)},
    }
    publish(
        folder,
        card(metrics),
        name="appraisal",
        version="1",
        data=list(DATA),
        commercial_use=False,
        metrics=metrics,
        command=COMMAND,
    )
    return metrics


def card(metrics: Mapping[str, float]) -> str:
    """The model card."""
    lines = [
        "# 鉴赏模型",
        "",
        "看图的网络是 EfficientNet-Lite2（ImageNet 预训练，Apache-2.0，安装时从软件包构建，不在这个文件夹里）。这里是学在它上面的三样：",
        "",
        "- `ranker`：四个小网络，把作品排在被损坏的副本之前，把同一幅作品的不同尺寸、裁边、编码看成一样；没有学过人的评分。",
        "- `kind`：是绘画、照片、文档或截图，还是没有内容的画面。",
        "- `mood`：气势、清幽、生机、雅致、萧瑟，只从色相、明暗和颜色的直方图推断（497 幅国画的标注），画的是什么它看不见。",
        "- `genre`：山水、花鸟、人物。别的题材和油画、水彩、素描、版画没有真实的样本，不会说。",
        "",
        "五项属性由像素计算，不是学来的；名称和权重依 APDDv2 的评分表（Jin 等 2024）。",
        "总分表示“在可计算的属性上怎样、像不像一幅没有被损坏的画”，不是艺术价值。完整的测量见 benchmarks/appraisal.py 和 docs/鉴赏.md。",
        "",
        *data_section(DATA, False),
        *metrics_section("没有参与排序学习的参考作品", metrics),
        *training_section(COMMAND),
    ]
    return "\n".join(lines)
