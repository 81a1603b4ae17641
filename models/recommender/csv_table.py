"""A CSV table row by row with line numbers, and what its cells may hold."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from models.recommender.errors import RatingsError

REPORTED = 50
"""Problems listed in full; the rest is counted."""


@dataclass
class Problems:
    """Bad lines of a file: the first ones in words, the others as a number."""

    file: Path
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, what: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.lines) < REPORTED:
            self.lines.append(f"{self.file.name} 第 {line} 行：{what}")

    def check(self) -> None:
        """Raise RatingsError when there was any."""
        if self.count:
            more = (f"……另有 {self.count - REPORTED} 处",) if self.count > REPORTED else ()
            raise RatingsError(f"{self.file.name} 有 {self.count} 处错误，什么也没有导入。", (*self.lines, *more))


class CsvTable:
    """Context manager: the header of a CSV file, lower case, and its rows with their line numbers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
        try:
            self._stream = self._path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise RatingsError(f"打不开文件 {self._path.name}。", hint="请检查路径和权限") from error
        csv.field_size_limit(min(sys.maxsize, 1 << 20))
        self._reader = csv.reader(self._stream)
        try:
            header = [name.strip().lower() for name in next(self._reader, [])]
        except (UnicodeDecodeError, csv.Error) as error:
            self._stream.close()
            raise RatingsError(
                f"{self._path.name} 不是 UTF-8 编码的 CSV。", hint="用表格软件另存为“CSV UTF-8”"
            ) from error
        if not header:
            self._stream.close()
            raise RatingsError(f"{self._path.name} 是空的。")
        return header, self._lines()

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        try:
            for row in self._reader:
                if row:
                    yield self._reader.line_num, row
        except (UnicodeDecodeError, csv.Error) as error:
            line = self._reader.line_num + 1
            raise RatingsError(
                f"{self._path.name} 第 {line} 行读不懂，什么也没有导入。", hint="请确认是 UTF-8 编码、引号成对的 CSV"
            ) from error

    def __exit__(self, *exception: object) -> None:
        self._stream.close()


def place(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def cell(row: Sequence[str], place: int | None) -> str:
    return row[place].strip() if place is not None and place < len(row) else ""


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def moment(text: str) -> int | None:
    """Seconds since 1970 of a number or an ISO date; 0 for nothing, None for anything else."""
    if not text:
        return 0
    seconds = number(text)
    if seconds is not None:
        return int(seconds) if abs(seconds) < 1 << 62 else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def not_whole(text: str) -> bool:
    if not text:
        return False
    value = number(text)
    return value is None or value != int(value) or abs(value) > 100_000
