"""Texts before they are classified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.model import classifiable
from models.classifier.text import MOST_PIECES, fold, pieces
from models.classifier.vocabulary import cut


@given(st.text(max_size=60))
def test_folding_moves_no_character(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_folding_brings_width_case_and_script_to_one_form() -> None:
    assert fold("ＡＢＣ電影Ｘ") == "abc电影x"


@given(st.text(alphabet="一二三。！\n ab", max_size=400), st.integers(5, 60))
def test_pieces_are_parts_of_the_text_in_order_and_short_enough(text: str, longest: int) -> None:
    found = pieces(text, longest)
    assert 1 <= len(found) <= MOST_PIECES
    at = 0
    for piece in found:
        assert len(piece) <= longest
        at = text.index(piece, at) + len(piece)


def test_sentences_stay_whole_where_they_fit() -> None:
    assert pieces("今天很好。明天更好。后天也好。", 12) == ["今天很好。明天更好。", "后天也好。"]


def test_a_megabyte_is_read_in_samples() -> None:
    assert len(pieces("这是一个很长的句子。" * 100_000, 80)) == MOST_PIECES


@given(st.text(max_size=40))
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(cut(text)) == text


@pytest.mark.parametrize("text", ["", " ", "影", "？！。。。", "😀😀", "12345", "1", "\u202e"])
def test_there_is_nothing_to_classify_in(text: str) -> None:
    assert not classifiable(text)


@pytest.mark.parametrize("text", ["电影", "hello", "看5遍"])
def test_there_is_something_to_classify_in(text: str) -> None:
    assert classifiable(text)
