"""CSV as operators have it: encodings, bad rows, own labels, whole catalogues."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.classifier import catalogue
from models.classifier.catalogue import Columns, label_catalogue
from models.classifier.errors import LabelledDataError
from models.classifier.own import read_table
from models.classifier.tables import TextTable


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = TextTable(written(tmp_path / "a.csv", "文本,标签\n电影上映,影视\n".encode(encoding)))
    assert table.header == ("文本", "标签")
    assert [row.cells for row in table] == [("电影上映", "影视")]


def test_lines_of_different_encodings_and_a_line_of_none(tmp_path: Path) -> None:
    data = b"text,label\n" + "电影,影视\n".encode() + "球队,体育\n".encode("gb18030") + b"\xff\xff\x81,x\n"
    rows = list(TextTable(written(tmp_path / "a.csv", data)))
    assert [row.cells[0] for row in rows[:2]] == ["电影", "球队"]
    assert [bool(row.problem) for row in rows] == [False, False, True]


def test_a_cell_with_line_breaks_keeps_the_line_numbers(tmp_path: Path) -> None:
    rows = list(TextTable(written(tmp_path / "a.csv", 'text,label\n"一行\n又一行",a\n少一列\n最后,b\n')))
    assert [row.line for row in rows] == [2, 4, 5]
    assert rows[1].problem == "有 1 列，表头有 2 列"


def test_no_file_and_an_empty_file_are_said_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="打不开"):
        TextTable(tmp_path / "none.csv")
    with pytest.raises(LabelledDataError, match="是空的"):
        TextTable(written(tmp_path / "a.csv", b""))


def labelled(*extra: str) -> str:
    good = [f"今天电影很好看{n},影视" for n in "一二三四五六七八九十甲乙"]
    good += [f"球队昨天赢了比赛{n},体育" for n in "一二三四五六七八九十甲乙"]
    return "\n".join(["text,label", *good, *extra]) + "\n"


def test_good_rows_are_kept_and_bad_ones_listed_by_line(tmp_path: Path) -> None:
    bad = [",影视", "？？,影视", "没有标签的文字,", "x,影视", "只有一列", "这一类太少了,冷门"]
    table = read_table(written(tmp_path / "a.csv", labelled(*bad)))
    assert len(table.samples) == 24
    assert [problem.partition("：")[0] for problem in table.problems] == [f"a.csv 第 {n} 行" for n in range(26, 32)]
    assert not table.multi_label


def test_contradictory_rows_are_left_out_and_both_lines_named(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", labelled("今天电影很好看一,体育")))
    assert len(table.samples) == 23
    assert len(table.problems) == 2
    assert all("第 2、26 行" in problem for problem in table.problems)


def test_the_same_row_twice_counts_once(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", labelled("今天电影很好看一,影视")))
    assert (len(table.samples), table.problems) == (24, ())


def test_several_labels_in_a_cell(tmp_path: Path) -> None:
    rows = [f"爱情喜剧电影{n},喜剧|爱情" for n in "一二三四五六"]
    table = read_table(written(tmp_path / "a.csv", labelled(*rows, *[f"纯爱情{n}号,爱情" for n in "一二三四"])))
    assert table.multi_label
    assert ("喜剧", "爱情") in {s.labels for s in table.samples}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("text,label\n" + "".join(f"电影很好看第{n}部,影视\n" for n in range(40)), "只有一个标签“影视”"),
        ("text,label\n,\n", "没有可以用的行"),
        ("text,label\n" + "".join(f"电影好看{n},影视\n球赛精彩{n},体育\n" for n in "一二三四"), "只有 8 条能用"),
        ("title,other\na,b\n", "缺少label"),
        ("a,b\nc,d\n", "缺少text（文字）和label"),
    ],
)
def test_what_cannot_be_learned_from_is_said(tmp_path: Path, data: str, said: str) -> None:
    with pytest.raises(LabelledDataError, match=said):
        read_table(written(tmp_path / "a.csv", data))


def label(texts: Sequence[str]) -> list[Columns]:
    return [{"频道": "影视" if "电影" in text else "看不准"} for text in texts]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_every_row_comes_out_in_order_with_what_was_wrong(tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", "编号,标题\n1,看电影\n2,\n3,球队\n4\n=1+1,好电影\n")
    report = label_catalogue(source, tmp_path / "out.csv", ["频道"], label)
    rows = read(tmp_path / "out.csv")
    assert rows[0] == ["编号", "标题", "频道", "说明"]
    assert [row[2] for row in rows[1:]] == ["影视", "", "看不准", "", "影视"]
    assert rows[5][0] == "'=1+1"
    assert (report.rows, report.bad) == (5, 2)
    assert [p.partition("：")[0] for p in report.problems] == ["in.csv 第 3 行", "in.csv 第 5 行"]


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "BATCH", 10)
    source = written(tmp_path / "in.csv", "text\n" + "".join(f"第{n}部电影\n" for n in range(95)))
    whole, target = tmp_path / "whole.csv", tmp_path / "out.csv"
    label_catalogue(source, whole, ["频道"], label)
    seen: list[str] = []

    def stops(texts: Sequence[str]) -> list[Columns]:
        if len(seen) >= 40:
            raise KeyboardInterrupt
        seen.extend(texts)
        return label(texts)

    with pytest.raises(KeyboardInterrupt):
        label_catalogue(source, target, ["频道"], stops)
    with target.open("ab") as half:
        half.write("半行没写完".encode())
    again: list[str] = []

    def goes_on(texts: Sequence[str]) -> list[Columns]:
        again.extend(texts)
        return label(texts)

    report = label_catalogue(source, target, ["频道"], goes_on)
    assert (report.rows, report.resumed, len(again)) == (95, 40, 55)
    assert target.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.progress"))


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    source, target = written(tmp_path / "in.csv", "text\n电影\n"), written(tmp_path / "out.csv", "mine")
    with pytest.raises(LabelledDataError, match="已经存在"):
        label_catalogue(source, target, ["频道"], label)
    assert target.read_text() == "mine"


def test_a_run_of_another_input_is_not_continued(tmp_path: Path) -> None:
    source, target = written(tmp_path / "in.csv", "text\n电影\n"), written(tmp_path / "out.csv", "x")
    progress = {"of": [1, 2, ["频道"]], "rows": 1, "bad": 0, "problems": [], "bytes": 1}
    (tmp_path / "out.csv.progress").write_text(json.dumps(progress), encoding="utf-8")
    with pytest.raises(LabelledDataError, match="另一次没做完"):
        label_catalogue(source, target, ["频道"], label)


def test_no_column_of_texts_and_the_same_file(tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", "a,b\n1,2\n")
    with pytest.raises(LabelledDataError, match="没有文字一列"):
        label_catalogue(source, tmp_path / "out.csv", ["频道"], label)
    other = written(tmp_path / "t.csv", "text\n电影\n")
    with pytest.raises(LabelledDataError, match="同一个文件"):
        label_catalogue(other, other, ["频道"], label)
