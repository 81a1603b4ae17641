"""The command line: `wenyu run · chat · faq · data · gallery · model · tickets · doctor · export · forget · migrate`.

Commands import what they need themselves, so that `wenyu run` is up at once and stays small while it runs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.classify import classify
from bot.commands.data import app as data_app
from bot.commands.faq import app as faq_app
from bot.commands.gallery import app as gallery_app
from bot.commands.model import app as model_app
from bot.settings import get_settings
from models.errors import DataError, WenyuError

app = typer.Typer(
    help="文娱助手：可自托管的中文文化娱乐对话助手。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(faq_app, name="faq", help="FAQ 的导入、导出、检查、测试和校准。")
app.add_typer(data_app, name="data", help="导入自己的评分和作品。")
app.add_typer(gallery_app, name="gallery", help="画廊：加进自己的画，供推荐、找相似和认流派。")
app.add_typer(model_app, name="model", help="训练模型。")
app.command()(classify)


@app.command()
def run(log: Annotated[bool, typer.Option("--log", help="同时把合并日志写到标准输出（容器里用）")] = False) -> None:
    """启动全部进程，就绪后打印网址；Ctrl+C 停止。"""
    from bot.gateway.db.migrate import upgrade
    from bot.supervise import run as run_processes

    settings = get_settings()
    asyncio.run(upgrade(settings.effective_database_url))
    raise typer.Exit(run_processes(settings, echo=log))


@app.command()
def migrate() -> None:
    """把数据库升级到当前版本。"""
    from bot.gateway.db.migrate import upgrade

    asyncio.run(upgrade(get_settings().effective_database_url))
    print("数据库已是最新版本。")


@app.command()
def chat() -> None:
    """在终端里和正在运行的助手对话。"""
    from bot.commands import chat as chat_command

    asyncio.run(chat_command.run(get_settings()))


@app.command()
def doctor(
    write_docs: Annotated[bool, typer.Option("--write-docs", help="按设置表重写 docs/设置.md 和 .env.example")] = False,
    channel: Annotated[str, typer.Option("--channel", help="检查一个消息平台的设置，打印要填的回调网址")] = "",
) -> None:
    """检查安装、训练、索引和数据的状态，并说明该做什么。"""
    from bot.commands import doctor as doctor_command

    if write_docs:
        doctor_command.write_docs()
        return
    if channel:
        from bot.commands import channels

        raise typer.Exit(channels.run(get_settings(), channel))
    raise typer.Exit(doctor_command.run(get_settings()))


@app.command()
def tickets() -> None:
    """列出人工客服工单，新的在前。"""
    from bot.gateway import operator

    for ticket in asyncio.run(operator.list_tickets(get_settings().effective_database_url)):
        print(json.dumps(ticket, ensure_ascii=False, default=str))


@app.command()
def export(
    session: Annotated[str, typer.Argument(help="会话编号")],
    output: Annotated[Path | None, typer.Option("-o", help="写入的文件；不写则输出到屏幕")] = None,
) -> None:
    """导出一个会话的全部数据（JSON）。"""
    from bot.gateway import operator

    data = asyncio.run(operator.export_conversation(get_settings().effective_database_url, session))
    text = json.dumps(data, ensure_ascii=False, indent=2, default=str)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


@app.command()
def forget(
    session: Annotated[str, typer.Argument(help="会话编号")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
) -> None:
    """永久删除一个会话的全部数据。"""
    from bot.gateway import operator

    if not yes and not typer.confirm("删除后无法恢复，确定吗？"):
        raise typer.Exit(1)
    settings = get_settings()
    count = asyncio.run(operator.forget(settings.effective_database_url, session, settings.var_dir))
    print(f"已删除 {count} 条记录。")


def main() -> None:
    """Entry point: errors that a person can mend are shown as a sentence, with a hint, and exit status 1."""
    try:
        app()
    except WenyuError as error:
        print(f"错误：{error.user_message}", file=sys.stderr)
        if isinstance(error, DataError):
            for problem in error.problems:
                print(f"  {problem}", file=sys.stderr)
        if error.hint:
            print(f"提示：{error.hint}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
