"""`wenyu model train pictures`: an operator's own labels for pictures, from a few examples each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.settings import get_settings

LISTED = 20


def train_pictures(
    data: Annotated[Path, typer.Option(help="文件夹，一个标签一个子文件夹，里面放几张到几百张例图")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="写到哪里；不写则 var/classifier/pictures")
    ] = None,
) -> None:
    """用几张例图教会助手自己的图片标签：坏图逐张列出，用留一法估计准确率。"""
    import numpy as np

    from models import publishing
    from models.pictures.classifier import open_picture
    from models.pictures.few_shot import Prototypes, examples
    from models.vision.backbone import Backbone

    settings = get_settings()
    found = examples(data)
    print(f"{len(found.labels)} 个标签，{len(found.paths)} 张例图。")
    for problem in found.problems[:LISTED]:
        print(f"  没有使用：{problem}")
    if len(found.problems) > LISTED:
        print(f"  ……另有 {len(found.problems) - LISTED} 处")
    backbone = Backbone(settings.var_dir / "vision")
    vectors = backbone.vectors([open_picture(path) for path in found.paths])
    prototypes = Prototypes.fit(found.labels, vectors, np.array(found.codes))
    folder = output or settings.var_dir / "classifier" / "pictures"
    prototypes.save(folder)
    metrics = {"leave_one_out_accuracy": round(prototypes.accuracy, 4), "pictures": len(found.paths)}
    card = [
        "# 自己的图片标签",
        "",
        f"标签：{'、'.join(found.labels)}。每个标签取例图特征的平均，新图归到最近的一个。",
        "",
        *publishing.metrics_section("指标（留一法）", metrics),
    ]
    publishing.publish(
        folder,
        "\n".join(card),
        name="pictures-own",
        version="1",
        data=[{"name": f"自有图片 {data.name}", "source": "运营者", "terms": "由运营者负责"}],
        commercial_use=True,
        metrics=metrics,
        command=f"wenyu model train pictures --data {data.name}",
    )
    print(
        f"留一法准确率 {prototypes.accuracy:.1%}；把握低于 {prototypes.threshold:.2f} 时说看不准。写入 {folder}，运行中的助手会自己换上。"
    )
