"""Tables in and out: a round trip changes nothing, and one bad row keeps everything as it was."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from knowledge.errors import FaqError
from knowledge.ingest import HEADINGS, ImportReport, export_table, import_table
from knowledge.store import load_faq


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_round_trip(faq_dir: Path, tmp_path: Path, suffix: str) -> None:
    before = load_faq(faq_dir)
    table = tmp_path / f"faq{suffix}"
    assert export_table(faq_dir, table) == 4
    assert import_table(table, faq_dir) == ImportReport(added=0, updated=0, unchanged=4)
    assert load_faq(faq_dir) == before
    fresh = tmp_path / "fresh"
    assert import_table(table, fresh) == ImportReport(added=4, updated=0, unchanged=0)
    assert {e.id: e for e in load_faq(fresh)} == {e.id: e for e in before}


def write(path: Path, *rows: list[str], encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows([list(HEADINGS), *rows])
    return path


GOOD = [
    "games-save",
    "games",
    "游戏",
    "游戏存档在哪\n存档怎么找",
    "在设置里。",
    "playback-stutter",
    "手册",
    "2026-03-01",
]


def test_adds_and_updates(faq_dir: Path, tmp_path: Path) -> None:
    changed = ["museum-booking", "membership", "", "博物馆怎么约", "新的答案。", "", "须知", "2026-03-01"]
    report = import_table(write(tmp_path / "t.csv", GOOD, changed), faq_dir)
    assert report == ImportReport(added=1, updated=1, unchanged=0)
    entries = {entry.id: entry for entry in load_faq(faq_dir)}
    assert entries["games-save"].questions == ("游戏存档在哪", "存档怎么找")
    assert entries["museum-booking"].answer == "新的答案。"
    assert (faq_dir / "games.yml").is_file()


def test_gb18030_from_older_spreadsheets(faq_dir: Path, tmp_path: Path) -> None:
    assert import_table(write(tmp_path / "t.csv", GOOD, encoding="gb18030"), faq_dir).added == 1


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (4, "", "第 4 行：缺少 answer"),
        (7, "三月", "第 4 行：date “三月”应写成"),
        (3, "看剧老是卡", "第 4 行：问法“看剧老是卡”"),
        (5, "nowhere", "第 4 行：条目 games-save 的 related 指向不存在的 nowhere"),
        (0, "Games!", "第 4 行：id “Games!”"),
        (1, "../x", "第 4 行：类别“../x”"),
    ],
)
def test_one_bad_row_changes_nothing(faq_dir: Path, tmp_path: Path, column: int, value: str, words: str) -> None:
    first = ["games-a", "games", "游戏", "游戏甲\n游戏乙", "甲。", "", "手册", "2026-03-01"]
    bad = list(GOOD)
    bad[column] = value
    before = {path.name: path.read_bytes() for path in faq_dir.iterdir()}
    with pytest.raises(FaqError, match="什么也没有导入") as caught:
        import_table(write(tmp_path / "t.csv", first, bad), faq_dir)
    assert any(words in problem for problem in caught.value.problems), caught.value.problems
    assert {path.name: path.read_bytes() for path in faq_dir.iterdir()} == before


def test_unusable_files(faq_dir: Path, tmp_path: Path) -> None:
    broken = tmp_path / "t.xlsx"
    broken.write_bytes(b"no zip")
    for path, words in ((broken, "已损坏"), (tmp_path / "t.doc", "不支持"), (tmp_path / "no.csv", "找不到")):
        with pytest.raises(FaqError, match=words):
            import_table(path, faq_dir)
    (tmp_path / "h.csv").write_text("编号,问法\n", encoding="utf-8")
    with pytest.raises(FaqError) as caught:
        import_table(tmp_path / "h.csv", faq_dir)
    assert "表头缺少 类别、答案、来源、日期" in caught.value.problems[0]


def test_formulas_are_inert(faq_dir: Path, tmp_path: Path) -> None:
    row = list(GOOD)
    row[4] = "'=1+1"
    import_table(write(tmp_path / "t.csv", row), faq_dir)
    export_table(faq_dir, tmp_path / "out.csv")
    assert "'=1+1" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
