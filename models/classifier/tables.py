"""Tables of texts as operators have them: CSV of any size, row by row, in UTF-8, GB18030 or a mixture, with bad rows.

Every line is decoded by itself, so a file that was put together from several sources can be read; a line that is
neither becomes a bad row. A row is never silently dropped: it comes with what is wrong with it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.classifier.errors import LabelledDataError

TEXT_COLUMNS = (
    "text",
    "文本",
    "文字",
    "内容",
    "正文",
    "标题",
    "title",
    "content",
    "sentence",
    "review",
    "简介",
    "评论",
)
LABEL_COLUMNS = ("label", "labels", "标签", "类别", "分类", "频道", "category", "class")
LONGEST_FIELD = 4 << 20
_UNREADABLE = "\ufffd"


@dataclass(frozen=True)
class Row:
    """A data row: ``line`` of the file it begins on (from 1), its cells, and what is wrong with it ("" when nothing)."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""


class TextTable:
    """A CSV file with a header; iterate to get its rows. ``header``: column names as written."""

    def __init__(self, path: Path) -> None:
        """Read the header.

        Raises:
            LabelledDataError: the file cannot be opened or has no header.
        """
        self.path = path
        try:
            with path.open("rb") as stream:
                start = stream.read(4)
        except OSError as error:
            raise LabelledDataError(f"打不开文件 {path.name}。", hint="请检查路径和权限") from error
        self._wide = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        csv.field_size_limit(LONGEST_FIELD)
        first = next(self._parsed(), None)
        if first is None or not any(cell.strip() for cell in first.cells):
            raise LabelledDataError(f"{path.name} 是空的。", hint="第一行写列名，例如：text,label")
        self.header = tuple(cell.strip() for cell in first.cells)

    def column(self, names: Sequence[str]) -> int | None:
        """Place of the first column with one of the names, whatever their case."""
        lower = [name.lower() for name in self.header]
        return next((lower.index(name) for name in names if name in lower), None)

    def __iter__(self) -> Iterator[Row]:
        """The rows after the header; empty lines are left out."""
        rows = self._parsed()
        next(rows, None)
        for row in rows:
            if not row.cells:
                continue
            problem = row.problem
            if not problem and len(row.cells) != len(self.header):
                problem = f"有 {len(row.cells)} 列，表头有 {len(self.header)} 列"
            if not problem and any(_UNREADABLE in cell for cell in row.cells):
                problem = "既不是 UTF-8 也不是 GB18030 编码"
            yield Row(row.line, row.cells, problem)

    def _parsed(self) -> Iterator[Row]:
        reader = csv.reader(self._lines())
        line = 1
        while True:
            try:
                cells, problem = next(reader), ""
            except StopIteration:
                return
            except csv.Error as error:
                cells, problem = [""], "一格太长" if "larger" in str(error) else "不是正确的 CSV"
            yield Row(line, tuple(cells), problem)
            line = reader.line_num + 1

    def _lines(self) -> Iterator[str]:
        if self._wide:
            with self.path.open(encoding=self._wide, errors="replace", newline="") as text:
                yield from (line.replace("\0", _UNREADABLE) for line in text)
            return
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream):
                yield decoded(line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line)


def decoded(line: bytes) -> str:
    """A line as UTF-8, else GB18030, else with the replacement character in it."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding).replace("\0", _UNREADABLE)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "replace").replace("\0", _UNREADABLE)
