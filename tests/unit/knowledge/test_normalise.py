"""One form for a question, and synonyms that replace whole words only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import FaqError
from knowledge.normalise import Synonyms, load_synonyms, match_key, normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("會員怎麼取消自動續費", "会员怎么取消自动续费"),
        ("ＶＩＰ　会员１２３", "vip 会员123"),
        ("怎 么 退 款", "怎么退款"),
        ("  App\t下载\n ", "app 下载"),
        ("退\u200b款\u0000", "退 款".replace(" ", "")),
    ],
)
def test_forms_fall_together(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_match_key_ignores_punctuation() -> None:
    assert match_key("月卡，可以退款吗？") == match_key("月卡可以退款吗")


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_synonyms_take_the_longest_variant_and_whole_latin_words() -> None:
    synonyms = Synonyms({"退款": ["退钱", "钱退回来"], "会员": ["VIP"], "应用": ["app"]})
    assert synonyms.apply(normalise("VIP 能把钱退回来吗")) == "会员 能把退款吗"
    assert synonyms.apply(normalise("apple 的 app")) == "apple 的 应用"
    assert Synonyms({}).apply("退钱") == "退钱"


def test_the_shipped_file_loads_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    assert load_synonyms().apply("退钱") == "退款"
    path = tmp_path / "synonyms.yml"
    path.write_text("退款: 退钱", encoding="utf-8")
    with pytest.raises(FaqError, match="格式有误"):
        load_synonyms(path)
