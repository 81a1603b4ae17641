"""A whole catalogue through the classifiers: read, label and write row by row, so any size fits; a stopped run goes on.

Every row of the input is a row of the output, in order, with its own columns first; what was wrong with a bad row is in
the last column. Beside an unfinished output lies ``OUT.progress``, JSON: how far both files are, and of which input.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from models.classifier.errors import LabelledDataError
from models.classifier.model import classifiable
from models.classifier.tables import TEXT_COLUMNS, Row, TextTable

BATCH = 256
LISTED = 50
PROBLEM_COLUMN = "说明"
Columns = dict[str, str]
Labeller = Callable[[Sequence[str]], list[Columns]]
"""Texts to what is written beside them: one value for each of the labeller's columns."""


@dataclass(frozen=True)
class CatalogueReport:
    """What was done: rows in all, bad ones among them (the first of which are listed), rows done by an earlier run."""

    rows: int
    bad: int
    problems: tuple[str, ...]
    resumed: int


def label_catalogue(
    source: Path,
    target: Path,
    columns: Sequence[str],
    labeller: Labeller,
    report: Callable[[int], None] | None = None,
) -> CatalogueReport:
    """Label ``source`` (CSV) into ``target`` (CSV, UTF-8 with a mark, as spreadsheets want it).

    Args:
        columns: what ``labeller`` gives, in the order that they are written in.
        report: called with the rows done so far, after each batch.

    Raises:
        LabelledDataError: the input has no column of texts, or ``target`` exists and is not this run's.
    """
    table = TextTable(source)
    text_at = table.column(TEXT_COLUMNS)
    if text_at is None:
        raise LabelledDataError(
            f"{source.name} 里没有文字一列。", hint=f"列名写成其中之一：{'、'.join(TEXT_COLUMNS[:6])}"
        )
    if target.resolve() == source.resolve():
        raise LabelledDataError("输出和输入是同一个文件。", hint="用 -o 指定另一个文件")
    progress = target.with_name(target.name + ".progress")
    state = source.stat()
    identity = [state.st_size, state.st_mtime_ns, list(columns)]
    done, bad = 0, 0
    problems: list[str] = []
    if target.exists():
        earlier = _read_progress(progress, identity, target.name)
        done, bad, problems = earlier["rows"], earlier["bad"], earlier["problems"]
        with target.open("r+b") as half_written:
            half_written.truncate(earlier["bytes"])
    resumed = done
    with target.open("a", encoding="utf-8" if resumed else "utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        if not resumed:
            writer.writerow([*table.header, *columns, PROBLEM_COLUMN])
        rows = islice(iter(table), done, None)
        for batch in _batches(rows):
            good = {row.line: row.cells[text_at] for row in batch if not _problem(row, text_at)}
            labelled = dict(zip(good, labeller(list(good.values())), strict=True))
            for row in batch:
                problem = _problem(row, text_at)
                found = labelled.get(row.line, {})
                cells = [*row.cells, *[""] * len(table.header)][: len(table.header)]
                writer.writerow([*map(_harmless, cells), *(found.get(name, "") for name in columns), problem])
                if problem:
                    bad += 1
                    if len(problems) < LISTED:
                        problems.append(f"{source.name} 第 {row.line} 行：{problem}")
            done += len(batch)
            _store_progress(stream, progress, {"of": identity, "rows": done, "bad": bad, "problems": problems})
            if report is not None:
                report(done)
    progress.unlink(missing_ok=True)
    return CatalogueReport(done, bad, tuple(problems), resumed)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _problem(row: Row, text_at: int) -> str:
    if row.problem:
        return row.problem
    return "" if classifiable(row.cells[text_at]) else "文字是空的，或者没有可以分类的内容"


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe before it."""
    return "'" + cell if cell[:1] in ("=", "+", "@") else cell


def _store_progress(stream: IO[str], path: Path, state: dict[str, Any]) -> None:
    stream.flush()
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps({**state, "bytes": stream.tell()}, ensure_ascii=False), encoding="utf-8")
    partial.rename(path)


def _read_progress(path: Path, identity: list[Any], target: str) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabelledDataError(f"{target} 已经存在。", hint="换一个输出文件名，或者先把它移走") from error
    if stored.get("of") != identity:
        raise LabelledDataError(
            f"{target} 是另一次没做完的结果：输入文件或选项变了。", hint="换一个输出文件名，或者先把它移走"
        )
    return stored
