"""The FAQ's content: one YAML file a category, read and checked as a whole.

File format: `category`, `title`, `entries: [{id, questions: [canonical, ...], answer, related: [ids], source, date}]`.
Every fault is reported with file and line; nothing is loaded while there is one.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import FaqError
from knowledge.normalise import match_key

MAX_QUESTION = 200
MAX_ANSWER = 2000
MIN_QUESTIONS = 5
"""Fewer wordings than this are accepted with a warning: they are found less often."""
ENTRY_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,79}")
FIELDS = ("id", "questions", "answer", "related", "source", "date")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer and the ways to ask for it; questions[0] is the canonical wording that users are shown."""

    id: str
    category: str
    questions: tuple[str, ...]
    answer: str
    related: tuple[str, ...]
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that has to be mended; `entry` is the id of the entry it is in, where it is in one."""

    file: str
    line: int
    message: str
    entry: str = ""

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行：{self.message}"


@dataclass(frozen=True, slots=True)
class Category:
    """One file: the category's name and title, and its entries with their places."""

    name: str
    title: str
    located: tuple[Located, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """An entry with the place it was read from: `line` of its id, `question_lines` one a question."""

    entry: Entry
    file: str
    line: int
    question_lines: tuple[int, ...]


class _Reader:
    """Walks one file's YAML nodes, which know their lines, and gathers faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._entry = ""

    def fault(self, node: yaml.Node, message: str) -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, message, self._entry))

    def mapping(self, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"{what}应是“字段: 值”的形式")
            return {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in fields:
                self.fault(key, f"字段 {key.value} 重复")
            fields[key.value] = value
        return fields

    def text(self, fields: dict[str, yaml.Node], name: str, owner: yaml.Node, limit: int, required: bool = True) -> str:
        node = fields.get(name)
        if node is None:
            if required:
                self.fault(owner, f"缺少字段 {name}")
            return ""
        if not isinstance(node, yaml.ScalarNode) or (required and not node.value.strip()):
            self.fault(node, f"{name} 应是一段非空文字")
            return ""
        if len(node.value) > limit:
            self.fault(node, f"{name} 过长：{len(node.value)} 字，上限 {limit} 字")
        return str(node.value).strip()

    def texts(self, fields: dict[str, yaml.Node], name: str, owner: yaml.Node, limit: int) -> list[tuple[str, int]]:
        node = fields.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"{name} 应是列表，每行以“- ”开头")
            return []
        found = []
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode) or not item.value.strip():
                self.fault(item, f"{name} 里有一项不是文字（含冒号的句子请加引号）")
            elif len(item.value) > limit:
                self.fault(item, f"{name} 里有一项过长：{len(item.value)} 字，上限 {limit} 字")
            else:
                found.append((item.value.strip(), item.start_mark.line + 1))
        return found

    def entry(self, node: yaml.Node, category: str) -> Located | None:
        fields = self.mapping(node, "条目")
        before = len(self.faults)
        named = fields.get("id")
        self._entry = named.value if isinstance(named, yaml.ScalarNode) else ""
        for name, value in fields.items():
            if name not in FIELDS:
                self.fault(value, f"不认识的字段 {name}")
        entry_id = self.text(fields, "id", node, 80)
        if entry_id and not ENTRY_ID.fullmatch(entry_id):
            self.fault(fields["id"], f"id “{entry_id}”只能用小写字母、数字和连字符")
        questions = self.texts(fields, "questions", node, MAX_QUESTION)
        if not questions and len(self.faults) == before:
            self.fault(node, f"条目 {entry_id} 没有问法（questions）")
        answer = self.text(fields, "answer", node, MAX_ANSWER)
        related = self.texts(fields, "related", node, 80)
        source = self.text(fields, "source", node, 200)
        date = self.text(fields, "date", node, 10)
        if date and not _is_date(date):
            self.fault(fields["date"], f"date “{date}”应写成 2026-01-31 这样的日期")
        self._entry = ""
        if len(self.faults) > before:
            return None
        made = Entry(
            id=entry_id,
            category=category,
            questions=tuple(text for text, _ in questions),
            answer=answer,
            related=tuple(text for text, _ in related),
            source=source,
            date=date,
        )
        line = fields["id"].start_mark.line + 1
        return Located(made, self.file, line, tuple(number for _, number in questions))


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_category(path: Path) -> tuple[Category, list[Fault]]:
    """One file's content, as far as it can be read, and its faults."""
    reader = _Reader(path.name)
    nothing = Category("", "", ())
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError:
        return nothing, [Fault(path.name, 1, "文件不是 UTF-8 编码")]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return nothing, [Fault(path.name, line, "YAML 格式有误，请检查缩进、引号和冒号")]
    except yaml.YAMLError:
        return nothing, [Fault(path.name, 1, "YAML 里有不允许的字符")]
    if root is None:
        return nothing, [Fault(path.name, 1, "文件是空的")]
    fields = reader.mapping(root, "文件")
    name = reader.text(fields, "category", root, 40)
    title = reader.text(fields, "title", root, 40)
    located: list[Located] = []
    entries = fields.get("entries")
    if not isinstance(entries, yaml.SequenceNode):
        reader.fault(entries or root, "缺少 entries 列表")
    else:
        located = [made for node in entries.value if (made := reader.entry(node, name)) is not None]
    return Category(name, title, tuple(located)), reader.faults


def faults_across(located: Sequence[Located]) -> Iterator[Fault]:
    """Faults that only show when all entries are seen together."""
    ids: dict[str, Located] = {}
    for item in located:
        if (first := ids.setdefault(item.entry.id, item)) is not item:
            yield Fault(
                item.file, item.line, f"id {item.entry.id} 已在 {first.file} 第 {first.line} 行用过", item.entry.id
            )
    asked: dict[str, tuple[Located, int]] = {}
    for item in located:
        for question, line in zip(item.entry.questions, item.question_lines, strict=True):
            other, other_line = asked.setdefault(match_key(question), (item, line))
            if other.entry.id != item.entry.id:
                yield Fault(
                    item.file,
                    line,
                    f"问法“{question}”与 {other.file} 第 {other_line} 行相同，但答案不同",
                    item.entry.id,
                )
        for target in item.entry.related:
            if target not in ids:
                message = f"条目 {item.entry.id} 的 related 指向不存在的 {target}"
                yield Fault(item.file, item.line, message, item.entry.id)


def lint_faq(faq_dir: Path) -> list[Fault]:
    """All faults in `faq_dir`, by file and line."""
    return sorted(_read_all(faq_dir)[1], key=lambda fault: (fault.file, fault.line))


def load_faq(faq_dir: Path) -> tuple[Entry, ...]:
    """Every entry of every `*.yml` in `faq_dir`, in file order.

    Raises FaqError, which lists each fault with file and line, when there is any or when there is no entry.
    """
    categories, faults = _read_all(faq_dir)
    if faults:
        problems = tuple(str(fault) for fault in sorted(faults, key=lambda fault: (fault.file, fault.line)))
        raise FaqError(f"FAQ 有 {len(problems)} 处错误。", problems, hint=f"请修改 {faq_dir} 下的文件后重试。")
    entries = tuple(item.entry for category in categories for item in category.located)
    if not entries:
        raise FaqError("FAQ 里没有任何条目。", hint=f"请把 YAML 文件放到 {faq_dir}，或用 wenyu faq import 导入。")
    return entries


def warnings(entries: Sequence[Entry]) -> list[str]:
    """What is accepted but worth a look: few wordings, the same wording twice."""
    found = []
    for entry in entries:
        if len(entry.questions) < MIN_QUESTIONS:
            found.append(f"{entry.id} 只有 {len(entry.questions)} 种问法，建议不少于 {MIN_QUESTIONS} 种")
        seen: set[str] = set()
        for question in entry.questions:
            if match_key(question) in seen:
                found.append(f"{entry.id} 的问法“{question}”重复")
            seen.add(match_key(question))
    return found


def faq_files(faq_dir: Path) -> list[Path]:
    """The category files, by name."""
    return sorted(path for path in faq_dir.glob("*.yml") if not path.name.startswith("."))


def files_state(paths: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Name, modification time and size of every file: cheap to compare, to see an edit."""
    return tuple((path.name, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in paths)


def _read_all(faq_dir: Path) -> tuple[list[Category], list[Fault]]:
    categories: list[Category] = []
    faults: list[Fault] = []
    names: set[str] = set()
    for path in faq_files(faq_dir):
        category, found = read_category(path)
        if category.name in names:
            found.append(Fault(path.name, 1, f"类别 {category.name} 已在另一个文件里出现"))
        names.add(category.name)
        categories.append(category)
        faults += found
    faults += faults_across([item for category in categories for item in category.located])
    return categories, faults
