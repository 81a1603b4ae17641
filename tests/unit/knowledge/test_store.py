"""The FAQ's files: what is accepted, and that every fault is reported by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import FaqError
from knowledge.store import faq_files, files_state, lint_faq, load_faq, warnings


def test_entries_keep_order_and_fields(faq_dir: Path) -> None:
    entries = load_faq(faq_dir)
    assert [entry.id for entry in entries][:2] == ["membership-monthly-refund", "membership-yearly-refund"]
    assert entries[0].questions[0] == "月卡可以退款吗？"
    assert entries[0].related == ("membership-yearly-refund",)
    assert entries[0].date == "2026-01-05"
    assert warnings(entries) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("id: playback-stutter", "id: Playback Stutter", 16, "只能用小写字母"),
        ("id: playback-stutter", "id: museum-booking", 22, "已在 all.yml 第 16 行用过"),
        ("answer: 请降低清晰度或更换网络后重试。", "answer: ''", 18, "answer 应是一段非空文字"),
        ("    source: 播放手册\n", "", 16, "缺少字段 source"),
        ("date: 2026-02-01", "date: 去年", 21, "应写成 2026-01-31"),
        ("related: [membership-yearly-refund]", "related: [gone]", 4, "不存在的 gone"),
        ("看剧老是卡", "年卡退款规则", 17, "相同，但答案不同"),
        ("看剧老是卡", "卡" * 201, 17, "过长"),
        ("category: membership", "category: [a]", 1, "category 应是一段非空文字"),
        ("questions: [视频播放卡顿怎么办？, ", "questions: [视频播放卡顿怎么办？ ", None, ""),
        ("title: 会员", "title: 会员\n  x: 1", 3, "YAML 格式有误"),
        ("source: 播放手册", "source: 播放手册\n    colour: red", 21, "不认识的字段 colour"),
    ],
)
def test_faults_name_their_line(faq_dir: Path, old: str, new: str, line: int | None, words: str) -> None:
    path = faq_dir / "all.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    faults = lint_faq(faq_dir)
    if line is None:
        assert faults == []
        return
    assert [fault.line for fault in faults if words in fault.message] == [line]
    with pytest.raises(FaqError) as caught:
        load_faq(faq_dir)
    assert any(f"all.yml 第 {line} 行" in problem for problem in caught.value.problems)


def test_all_faults_are_listed_at_once(faq_dir: Path) -> None:
    path = faq_dir / "all.yml"
    text = path.read_text(encoding="utf-8").replace("source: 会员协议", "source: ''")
    path.write_text(text, encoding="utf-8")
    assert len(lint_faq(faq_dir)) == 2


def test_empty_folder_and_wrong_encoding(tmp_path: Path) -> None:
    with pytest.raises(FaqError, match="没有任何条目"):
        load_faq(tmp_path)
    (tmp_path / "a.yml").write_bytes("类别".encode("gb18030"))
    assert "不是 UTF-8" in lint_faq(tmp_path)[0].message


def test_few_wordings_are_a_warning(faq_dir: Path) -> None:
    path = faq_dir / "all.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(", 缓冲太久", ""), encoding="utf-8")
    assert warnings(load_faq(faq_dir)) == ["playback-stutter 只有 4 种问法，建议不少于 5 种"]


def test_an_edit_changes_the_state(faq_dir: Path) -> None:
    before = files_state(faq_files(faq_dir))
    assert files_state(faq_files(faq_dir)) == before
    (faq_dir / "b.yml").write_text("x", encoding="utf-8")
    assert files_state(faq_files(faq_dir)) != before
