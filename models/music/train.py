"""Train the default weights, the Chinese ones, or weights of an operator's own files: `wenyu model train music`.

Needs music21. The default ones learn fiddle tunes and chorales, the Chinese ones Essen Han (not for commercial use); those
of an operator's MIDI, MusicXML and ABC files lie in var/music/weights.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from models import publishing
from models.errors import WenyuError
from models.music import corpus
from models.music.checkpoint import Checkpoint
from models.music.config import MusicConfig
from models.music.evaluate import Judgement
from models.music.game import Report
from models.music.measures import MEASURES
from models.music.model import CHINESE_WEIGHTS, DEFAULT_WEIGHTS, MusicModel
from models.music.own import OWN_STYLE, read_folder
from models.music.phrases import Phrases, phrases_of
from models.music.tensor import Tune
from models.publishing import PROJECT, data_section, metrics_section, tables, training_section

VERSION = "1"
PEERS = PROJECT / "benchmarks" / "results" / "music.json"
HARMONISED = "民间曲调原来没有和弦，训练用的和弦由隐马尔可夫模型配出，它的概率数自巴赫众赞歌。"
METRICS_SAY = (
    "distance 是与真实乐句在该指标上的 Wasserstein-1 距离，以真实数据的标准差为单位，0 最好。"
    "qualified notes 是八分音符及以上的音所占的份额；按 MuseGAN 的定义（不短于三十二分音符）在十六分音符网格上恒为 100%。"
)
COMMAND = "wenyu model train music"
STYLES = {"default": ("fiddle", "chorale"), "chinese": ("chinese",)}
FOLDERS = {"default": DEFAULT_WEIGHTS, "chinese": CHINESE_WEIGHTS}
CONFIGS = {
    "default": MusicConfig(styles=STYLES["default"]),
    "chinese": MusicConfig(styles=STYLES["chinese"], warm_epochs=14, game_steps=150),
}
LEAST_PHRASES = 200
CHECKPOINTS = "training"
MUSIC21 = "训练要读乐谱，请先安装 music21：.venv/bin/pip install music21==10.5.1"


class TrainingError(WenyuError):
    """There is nothing to train on."""

    code = "no_music"
    status = 400


def parts(tunes: list[Tune], styles: tuple[str, ...], hop_bars: int = 4) -> tuple[Phrases, Phrases, Phrases]:
    """Training, validation and test phrases, split by tune; ``hop_bars`` is that of the training phrases."""
    by_name: dict[str, list[Tune]] = {"train": [], "validation": [], "test": []}
    for tune in tunes:
        by_name[corpus.split_of(tune.source)].append(tune)
    return (
        phrases_of(by_name["train"], styles, hop_bars),
        phrases_of(by_name["validation"], styles),
        phrases_of(by_name["test"], styles),
    )


def tunes_of(name: str, cache: Path) -> list[Tune]:
    """The tunes of the default or the Chinese corpus; ``cache`` keeps what was read, which takes minutes.

    Raises:
        TrainingError: music21 is not installed.
    """
    file = cache / "corpus.npz"
    if not file.exists():
        try:
            folder = corpus.corpus_folder()
        except ImportError as error:
            raise TrainingError("没有安装 music21，读不了曲谱。", hint=MUSIC21) from error
        cache.mkdir(parents=True, exist_ok=True)
        corpus.store(corpus.read_sources(("fiddle", "chorale", "chinese"), folder), file)
    return [tune for tune in corpus.restore(file) if tune.style in STYLES[name]]


def hop_of(name: str) -> int:
    """Bars between training phrases: the small Chinese corpus is used twice, from every second bar on."""
    return 2 if name == "chinese" else 4


def train_embedded(name: str, cache: Path, report: Report) -> dict[str, float]:
    """Train and write the default or the Chinese weights. Returns the metrics on tunes kept out."""
    tunes = tunes_of(name, cache)
    config = CONFIGS[name]
    sources = [s for s in corpus.SOURCES if s.style in config.styles]
    data = [{"name": s.name, "source": f"music21 10.5.1, corpus/{s.patterns[0]}", "terms": s.terms} for s in sources]
    command = COMMAND if name == "default" else f"{COMMAND} --style {name}"
    return fit_and_publish(
        parts(tunes, config.styles, hop_of(name)),
        config,
        FOLDERS[name],
        data,
        report,
        commercial_use=name != "chinese",
        command=command,
        checkpoints=cache / CHECKPOINTS,
    )


def train_own(folder: Path, var_dir: Path, report: Report) -> dict[str, float]:
    """Train on an operator's MIDI, MusicXML and ABC files; the weights lie in ``var_dir/music/weights``.

    Raises:
        TrainingError: music21 is missing, or the folder holds too little music in 4/4 or 2/4.
    """
    if not folder.is_dir():
        raise TrainingError("找不到这个文件夹。", hint=str(folder))
    try:
        corpus.corpus_folder()
    except ImportError as error:
        raise TrainingError("没有安装 music21，读不了曲谱。", hint=MUSIC21) from error
    tunes, unread = read_folder(folder)
    report(f"读到 {len(tunes)} 段 4/4、2/4 拍的旋律；读不了或不合用的文件 {unread} 个")
    count = len(phrases_of(tunes, (OWN_STYLE,))) if tunes else 0
    if count < LEAST_PHRASES:
        raise TrainingError(
            f"曲子太少：只有 {count} 个四小节的乐句，至少要 {LEAST_PHRASES} 个。",
            hint="支持 .mid .musicxml .mxl .xml .abc",
        )
    phrases = parts(tunes, (OWN_STYLE,), 2)
    steps = len(phrases[0]) // MusicConfig.batch
    config = MusicConfig(styles=(OWN_STYLE,), warm_epochs=max(10, min(60, 1200 // max(1, steps))), game_steps=200)
    data = [{"name": "自有曲谱", "source": "运营者提供的文件夹", "terms": "由运营者负责"}]
    command = f"{COMMAND} --data {folder.name}"
    target = var_dir / "music" / "weights"
    kept = var_dir / "music" / CHECKPOINTS
    return fit_and_publish(
        phrases, config, target, data, report, commercial_use=True, command=command, checkpoints=kept
    )


def fit_and_publish(
    phrases: tuple[Phrases, Phrases, Phrases],
    config: MusicConfig,
    folder: Path,
    data: list[dict[str, str]],
    report: Report,
    *,
    commercial_use: bool,
    command: str,
    checkpoints: Path,
) -> dict[str, float]:
    """Train, judge on the test phrases, write weights, manifest and card. Returns the metrics.

    Args:
        checkpoints: folder that keeps the training until it is finished, so that one that was stopped goes on.
    """
    train, validation, test = phrases
    checkpoint = Checkpoint(checkpoints, config, train, validation)
    model = MusicModel.fit(train, validation, config, report, commercial_use=commercial_use, checkpoint=checkpoint)
    minutes = checkpoint.spent / 60
    metrics = measure(model.evaluate(train, validation, test))
    metrics |= {"training phrases": float(len(train)), "training CPU minutes": round(minutes, 1)}
    publish(model, folder, metrics, data, command)
    checkpoint.remove()
    return metrics


def measure(judgement: Judgement) -> dict[str, float]:
    """A judgement as metrics by name, rounded."""
    metrics = {f"distance {name}": round(value, 3) for name, value in judgement.distances.items()}
    metrics |= {
        "mean distance": round(float(np.mean(list(judgement.distances.values()))), 3),
        "copied share": round(judgement.copied, 4),
        "diversity": round(judgement.diversity, 3),
    }
    metrics |= {f"mean {name}": round(float(v), 3) for name, v in zip(MEASURES, judgement.means, strict=True)}
    if judgement.detected is not None:
        metrics["fresh discriminator accuracy"] = round(judgement.detected, 3)
    return metrics


def publish(
    model: MusicModel, folder: Path, metrics: dict[str, float], data: list[dict[str, str]], command: str
) -> None:
    """Write weights, manifest and card."""
    model.save(folder)
    publishing.publish(
        folder,
        card(model, metrics, data, command),
        name="music",
        version=VERSION,
        data=data,
        commercial_use=model.commercial_use,
        metrics=metrics,
        command=command,
    )


def card(model: MusicModel, metrics: dict[str, float], data: list[dict[str, str]], command: str) -> str:
    """The model card, in Chinese, with every figure from ``metrics`` or the recorded comparison."""
    config = model.config
    lines = [
        "# 作曲模型",
        "",
        "按风格、调式、疏密、音域和前一乐句，一次写出四小节的旋律和和弦；整首曲子由 A A' B A'' 的曲式拼成。",
        "",
        "## 组成",
        "",
        f"- 生成器：逐步的循环网络（{config.hidden} 个单元），读前一步、前一小节、前两小节和前一乐句同一位置的音；"
        "音高都相对主音，所以调不会写错。",
        f"- 判别器：卷积、自注意力和整页特征（小节相似度、用音、疏密），谱归一化，小批量标准差；宽 {config.critic_width}。",
        f"- 训练：先最大似然预热 {config.warm_epochs} 轮，再交替对抗 {config.game_steps} 步（{config.loss} 损失，直通 "
        f"Gumbel-softmax，似然锚定权重 {config.anchor:g}，整页统计的均值和均方也要与真实乐句一致，权重 {config.matching:g}）；"
        "每 50 步在验证曲子上量一次距离，留最近的一步。",
        "- 写曲时每句出四个候选，取判别器评分最高的；调式、音域和结尾的主音由掩码保证。",
        "",
        *data_section(data, model.commercial_use, HARMONISED),
        *metrics_section("指标（留出的曲子）", metrics, METRICS_SAY),
    ]
    if PEERS.exists() and config.styles in STYLES.values():
        lines += ["## 与基线比较", "", *comparison(config.styles), ""]
    else:
        lines += ["基线：一阶和三阶马尔可夫链、随机音符、VAE，见 `python -m benchmarks.music`。", ""]
    lines += [
        "## 局限",
        "",
        "- 只写 4/4 拍、十六分音符网格；没有三连音和力度变化；伴奏织体由规则铺开。",
        "- 没学过的曲风（摇滚、爵士、电子……）写不像，助手会直说。",
        "- 数据里少见的调式（商、角、混合利底亚）主要靠掩码保证音阶，旋律的味道较弱。",
        "",
        *training_section(command),
    ]
    return "\n".join(lines)


def comparison(styles: tuple[str, ...]) -> list[str]:
    """The recorded benchmark of these styles as Markdown tables."""
    recorded = json.loads(PEERS.read_text(encoding="utf-8"))["tables"]
    return tables(table for table in recorded if tuple(table.get("styles", ())) == styles)
