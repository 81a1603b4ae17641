"""`wenyu data …`: the operator's own ratings and items."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.settings import get_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Makes `import` a command of its own; typer would fold a single one into `wenyu data`."""


@app.command("import")
def import_(
    ratings: Annotated[Path, typer.Argument(help="评分表：CSV，列为用户、作品、评分（或播放次数）、时间")],
    items: Annotated[Path, typer.Argument(help="作品表：CSV，列为编号、标题，另可有年份、类型、导演等")],
    domain: Annotated[str, typer.Option(help="领域：film、book、music……")],
    scale: Annotated[str, typer.Option(help="评分范围，如 1-5；不写则由数据判断")] = "",
) -> None:
    """导入评分表和作品表；有任何一行不对就列出行号，什么也不导入。"""
    from models.recommender.importing import import_ratings, summary

    bounds = None
    if scale:
        low, _, high = scale.partition("-")
        try:
            bounds = (float(low), float(high))
        except ValueError:
            raise typer.BadParameter("评分范围写成“最低-最高”，例如 1-5") from None
    report = import_ratings(ratings, items, domain, get_settings().var_dir, scale=bounds)
    for name, value in summary(report).items():
        print(f"{name}：{value}")
    print(f"接着运行 wenyu model train recommender --domain {domain}，训练完几秒内生效。")
