"""Import and export the FAQ as a table (CSV or XLSX), all or nothing.

Columns, in any order, by their Chinese or English heading: 编号 id, 类别 category, 类别名称 title, 问法 questions (one a line within
the cell, the first is shown to users), 答案 answer, 相关 related (ids, separated by spaces or commas), 来源 source, 日期 date.
A row replaces the entry of the same id, or adds one; entries that the table does not name stay.
"""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import FaqError
from knowledge.store import Category, Entry, faq_files, lint_faq, load_faq, read_category

HEADINGS = {
    "编号": "id",
    "类别": "category",
    "类别名称": "title",
    "问法": "questions",
    "答案": "answer",
    "相关": "related",
    "来源": "source",
    "日期": "date",
}
REQUIRED = ("id", "category", "questions", "answer", "source", "date")
MAX_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CATEGORY = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many entries an import changed."""

    added: int
    updated: int
    unchanged: int


Row = tuple[int, dict[str, str]]


def export_table(faq_dir: Path, file: Path) -> int:
    """Write every entry to `file` (.csv or .xlsx); returns how many.

    A CSV starts with a byte order mark, so that spreadsheet programs read the Chinese right.
    """
    titles = {category.name: category.title for category in _categories(faq_dir)}
    entries = load_faq(faq_dir)
    rows = [
        [e.id, e.category, titles[e.category], "\n".join(e.questions), e.answer, " ".join(e.related), e.source, e.date]
        for e in entries
    ]
    if _kind(file) == "xlsx":
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("FAQ")
        sheet.append(list(HEADINGS))
        for row in rows:
            sheet.append([_inert(value) for value in row])
        book.save(file)
    else:
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEADINGS)
            writer.writerows([_inert(value) for value in row] for row in rows)
    return len(rows)


def import_table(file: Path, faq_dir: Path) -> ImportReport:
    """Merge the table in `file` into the FAQ.

    Raises FaqError with every fault by line; then nothing has been changed.
    """
    rows, problems = _read_rows(file)
    categories = {category.name: category for category in _categories(faq_dir)}
    old = {item.entry.id: item.entry for category in categories.values() for item in category.located}
    titles = {name: category.title for name, category in categories.items()}
    new: dict[str, Entry] = {}
    for line, row in rows:
        entry, found = _entry(row)
        if entry is not None and entry.id in new:
            found.append(f"编号 {entry.id} 在表里出现了两次")
        problems += [f"{file.name} 第 {line} 行：{text}" for text in found]
        if entry is not None:
            new[entry.id] = entry
            titles.setdefault(entry.category, row.get("title", "") or entry.category)
    if problems:
        raise FaqError(f"表格有 {len(problems)} 处错误，什么也没有导入。", tuple(problems), hint="改好后重新导入。")
    places = {row["id"]: f"{file.name} 第 {line} 行" for line, row in rows}
    merged = {**old, **new}
    _replace_files(faq_dir, titles, merged.values(), places)
    added = sum(entry_id not in old for entry_id in new)
    unchanged = sum(old.get(entry_id) == entry for entry_id, entry in new.items())
    return ImportReport(added, len(new) - added - unchanged, unchanged)


def _categories(faq_dir: Path) -> list[Category]:
    """The FAQ as it is; raises FaqError when it already has faults, which an import must not build on."""
    if faq_files(faq_dir):
        load_faq(faq_dir)
    return [read_category(path)[0] for path in faq_files(faq_dir)]


def _kind(file: Path) -> str:
    kind = file.suffix.lower().lstrip(".")
    if kind not in ("csv", "xlsx"):
        raise FaqError(f"不支持 {file.name}：请使用 .csv 或 .xlsx 文件。")
    return kind


def _inert(value: str) -> str:
    """A leading apostrophe keeps spreadsheet programs from running a cell as a formula."""
    return "'" + value if value.startswith(_FORMULA) else value


def _read_rows(file: Path) -> tuple[list[Row], list[str]]:
    """Rows with their line numbers, and what is wrong with the table as a whole."""
    try:
        table = list(_read_xlsx(file) if _kind(file) == "xlsx" else _read_csv(file))
    except FileNotFoundError:
        raise FaqError(f"找不到文件 {file}。") from None
    except UnicodeDecodeError:
        raise FaqError(f"{file.name} 不是 UTF-8 或 GB18030 编码。", hint="请在表格软件里另存为“CSV UTF-8”。") from None
    except (zipfile.BadZipFile, KeyError, csv.Error, OSError):
        raise FaqError(f"{file.name} 已损坏，或内容与扩展名不符。") from None
    if not table:
        raise FaqError(f"{file.name} 是空的。")
    if len(table) > MAX_ROWS:
        raise FaqError(f"{file.name} 超过 {MAX_ROWS} 行，请分成几个文件。")
    first_line, head = table[0]
    columns = [HEADINGS.get(cell.strip(), cell.strip().lower()) for cell in head]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        names = {english: chinese for chinese, english in HEADINGS.items()}
        listed = "、".join(names[name] for name in missing)
        return [], [f"{file.name} 第 {first_line} 行：表头缺少 {listed}"]
    rows = []
    for line, cells in table[1:]:
        row = {name: cell.strip().removeprefix("'") for name, cell in zip(columns, cells, strict=False)}
        if any(row.values()):
            rows.append((line, row))
    return rows, []


def _read_csv(file: Path) -> Iterable[tuple[int, Sequence[str]]]:
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")  # what older spreadsheet programs write in China
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1  # a quoted cell may span lines; a row is named by its first


def _read_xlsx(file: Path) -> Iterable[tuple[int, Sequence[str]]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except InvalidFileException as error:
        raise OSError from error
    try:
        for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield line, [_cell_text(cell) for cell in cells]
    finally:
        book.close()


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def _entry(row: dict[str, str]) -> tuple[Entry | None, list[str]]:
    """The entry of a row; what only shows among all entries is found by the store's checks afterwards."""
    faults = [f"缺少 {name}" for name in REQUIRED if not row.get(name)]
    if row.get("category") and not _CATEGORY.fullmatch(row["category"]):
        faults.append(f"类别“{row['category']}”只能用小写字母、数字和下划线")
    if faults:
        return None, faults
    questions = tuple(line.strip() for line in row["questions"].splitlines() if line.strip())
    related = tuple(part for part in re.split(r"[\s,，、;；]+", row.get("related", "")) if part)
    entry = Entry(row["id"], row["category"], questions, row["answer"], related, row["source"], row["date"])
    return entry, []


def _replace_files(faq_dir: Path, titles: dict[str, str], entries: Iterable[Entry], rows: dict[str, str]) -> None:
    """Write all categories beside, check them as a whole, and only then put them in place.

    `rows` says where in the table an entry came from, so that faults are reported there.
    """
    faq_dir.mkdir(parents=True, exist_ok=True)
    by_category: dict[str, list[Entry]] = {}
    for entry in entries:
        by_category.setdefault(entry.category, []).append(entry)
    file_of = {read_category(path)[0].name: path.name for path in faq_files(faq_dir)}
    before = {path.name: read_category(path)[0] for path in faq_files(faq_dir)}
    staged = Path(tempfile.mkdtemp(prefix=".import-", dir=faq_dir))
    try:
        for name, members in by_category.items():
            file_name = file_of.get(name, f"{name}.yml")
            old = before.get(file_name)
            if old is not None and [item.entry for item in old.located] == members:
                # An unchanged file keeps its comments and layout.
                shutil.copy2(faq_dir / file_name, staged / file_name)
            else:
                (staged / file_name).write_text(category_yaml(name, titles[name], members), encoding="utf-8")
        faults = lint_faq(staged)
        if faults:
            problems = tuple(f"{rows[f.entry]}：{f.message}" if f.entry in rows else str(f) for f in faults)
            raise FaqError(f"表格有 {len(problems)} 处错误，什么也没有导入。", problems, hint="改好后重新导入。")
        for path in sorted(staged.glob("*.yml")):
            os.replace(path, faq_dir / path.name)
        for name, file_name in file_of.items():
            if name not in by_category:
                (faq_dir / file_name).unlink()
    finally:
        shutil.rmtree(staged, ignore_errors=True)


class _Dumper(yaml.SafeDumper):
    """Indents list items, as the files are written by hand."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def category_yaml(name: str, title: str, entries: Sequence[Entry]) -> str:
    """A category file's text."""
    content = {
        "category": name,
        "title": title,
        "entries": [
            {
                "id": e.id,
                "questions": list(e.questions),
                "answer": e.answer,
                "related": list(e.related),
                "source": e.source,
                "date": e.date,
            }
            for e in entries
        ],
    }
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
