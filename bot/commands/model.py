"""`wenyu model train …`: train the embedded models again, or on the operator's own data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.classify import train_classifier
from bot.settings import get_settings

app = typer.Typer(no_args_is_help=True)
train_app = typer.Typer(no_args_is_help=True)
app.add_typer(train_app, name="train", help="训练模型。")


class Engine(StrEnum):
    """What factorises the ratings."""

    NUMPY = "numpy"
    SPARK = "spark"


@train_app.callback()
def group() -> None:
    """Keeps every model a command of its own."""


train_app.command("classifier")(train_classifier)


@train_app.command()
def recommender(
    domain: Annotated[str, typer.Option(help="wenyu data import 导入的领域；不写则重新训练随库的影片模型")] = "",
    engine: Annotated[Engine, typer.Option(help="评分装不进内存时用 spark（需要 pyspark 和 Java 17）")] = Engine.NUMPY,
    ratings: Annotated[Path | None, typer.Option(help="spark 直接读的评分表")] = None,
    items: Annotated[Path | None, typer.Option(help="spark 直接读的作品表")] = None,
) -> None:
    """训练推荐模型，并打印在留出数据上的指标。"""
    from models.recommender import train

    var_dir = get_settings().var_dir
    if engine is Engine.SPARK:
        if not (domain and ratings and items):
            raise typer.BadParameter("用 spark 训练要同时给出 --domain、--ratings 和 --items")
        metrics = train.train_on_spark(domain, ratings, items, var_dir)
    elif domain:
        metrics = train.train_domain(domain, var_dir)
    else:
        metrics = train.train_default(var_dir / "recommender" / "download")
    print("训练完成。留出数据上的指标：")
    for name, value in metrics.items():
        print(f"  {name} = {value}")


class MusicStyle(StrEnum):
    """Which of the embedded weights."""

    DEFAULT = "default"
    CHINESE = "chinese"


@train_app.command()
def music(
    data: Annotated[
        Path | None, typer.Option(help="自己的 MIDI、MusicXML、ABC 文件夹；不写则重新训练随库的权重")
    ] = None,
    style: Annotated[MusicStyle, typer.Option(help="随库的哪一份：default 或 chinese（中国风）")] = MusicStyle.DEFAULT,
) -> None:
    """训练作曲模型，并打印在留出曲子上的指标；需要先安装 music21。"""
    from models.music import train

    var_dir = get_settings().var_dir
    if data is not None:
        metrics = train.train_own(data, var_dir, print)
    else:
        metrics = train.train_embedded(style.value, var_dir / "music", print)
    print("训练完成。留出曲子上的指标：")
    for name, value in metrics.items():
        print(f"  {name} = {value}")


@train_app.command()
def appraisal(
    data: Annotated[Path | None, typer.Option(help="自己的作品文件夹，里面有图片和 scores.csv")] = None,
    paintings: Annotated[Path | None, typer.Option(help="重新训练随库权重：chinese_painting_3class 文件夹")] = None,
    photos: Annotated[Path | None, typer.Option(help="重新训练随库权重：照片文件夹")] = None,
    moods: Annotated[Path | None, typer.Option(help="重新训练随库权重：cuc_chinese_painting 文件夹")] = None,
) -> None:
    """训练鉴赏模型：--data 用自己的作品和分数；--paintings、--photos 和 --moods 重新训练随库的权重。"""
    from models.appraisal.model import WEIGHTS, Learned
    from models.appraisal.own import train_own
    from models.appraisal.train import Corpus, train_default

    settings = get_settings()
    backbone = settings.effective_vision_dir
    if data is not None:
        target = settings.var_dir / "appraisal" / "weights"
        metrics = train_own(
            data, backbone, Learned.load(WEIGHTS, commercial_use=settings.commercial_use), target, print
        )
    elif paintings is not None and photos is not None and moods is not None:
        cache = settings.var_dir / "appraisal" / "cache"
        metrics = train_default(Corpus(paintings, photos, moods, backbone, cache), say=print)
    else:
        raise typer.BadParameter("给出 --data，或者同时给出 --paintings、--photos 和 --moods")
    print("训练完成：")
    for name, value in metrics.items():
        print(f"  {name} = {value}")
