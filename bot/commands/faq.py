"""`wenyu faq …`: the operator's work on the FAQ."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import get_settings

if TYPE_CHECKING:
    from knowledge.answer import FaqService
    from knowledge.encoder import Encoder

app = typer.Typer(no_args_is_help=True)


def _encoder() -> Encoder:
    from knowledge.encoder import load_encoder

    settings = get_settings()
    return load_encoder(settings.encoder, settings.var_dir / "encoder")


def _open(name: str, folder: Path, encoder: Encoder) -> FaqService:
    from knowledge.answer import FaqService

    return FaqService.open(folder, get_settings().var_dir / "index" / name, encoder)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
) -> None:
    """导入 CSV 或 XLSX；有任何一行不对就列出全部错误，什么也不改。"""
    from knowledge import ingest

    report = ingest.import_table(file, get_settings().faq_dir)
    print(
        f"已导入：新增 {report.added} 条，更新 {report.updated} 条，未变 {report.unchanged} 条。几秒内生效，不用重启。"
    )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="写入的 CSV 或 XLSX 文件")],
) -> None:
    """导出为 CSV 或 XLSX，改完可以再导入。"""
    from knowledge import ingest

    count = ingest.export_table(get_settings().faq_dir, file)
    print(f"已导出 {count} 条到 {file}。")


@app.command()
def lint() -> None:
    """检查 FAQ：格式、编号、问法是否重复、关联是否存在。"""
    from knowledge import store

    entries = store.load_faq(get_settings().faq_dir)
    print(f"没有错误：{len(entries)} 条，{sum(len(e.questions) for e in entries)} 个问法。")
    for warning in store.warnings(entries):
        print(f"  提醒：{warning}")


@app.command()
def test(
    question: Annotated[str, typer.Argument(help="要试的问题")],
) -> None:
    """看一个问题会得到什么回答，以及候选的得分。"""
    answer = _open("faq", get_settings().faq_dir, _encoder()).answer(question)
    band = {"answer": "直接回答", "suggest": "反问候选", "refuse": "如实拒答"}[answer.band]
    print(f"{band}（置信度 {answer.confidence:.2f}）")
    if answer.band == "answer" and answer.entry:
        print(f"{answer.entry.id}：{answer.entry.answer}")
    for candidate in answer.candidates:
        print(f"  {candidate.score:.3f}  {candidate.entry_id}  {candidate.question}")


@app.command()
def calibrate() -> None:
    """按当前 FAQ 重新拟合三档阈值，并打印曲线。"""
    from knowledge import calibrate as calibration

    settings = get_settings()
    calibration.calibrate(settings.faq_dir, settings.var_dir / "index" / "faq", _encoder())


@app.command()
def index() -> None:
    """提前建好 FAQ 和闲聊的索引；不做也行，启动时会补建。"""
    from actions.services import CHITCHAT_DIR

    encoder = _encoder()
    for name, folder in (("faq", get_settings().faq_dir), ("chitchat", CHITCHAT_DIR)):
        service = _open(name, folder, encoder)
        print(f"{name} 的索引已建好：{len(service.entries)} 条。")


@app.command()
def missed(
    days: Annotated[int, typer.Option(help="最近多少天")] = 7,
    limit: Annotated[int, typer.Option(help="最多列出多少条")] = 50,
) -> None:
    """列出最近没答上来的问题，次数多的在前；补进 FAQ 就能答上。"""
    from bot.gateway import operator

    rows = asyncio.run(operator.missed_questions(get_settings().effective_database_url, days=days, limit=limit))
    for row in rows:
        print(f"{row.count:4d} 次  {'反问' if row.band == 'suggest' else '拒答'}  {row.text}")
    if not rows:
        print(f"最近 {days} 天没有答不上来的问题。")
