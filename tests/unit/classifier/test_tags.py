"""Tags: works, people, places, keywords; labels without training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.classifier.errors import LabelledDataError
from models.classifier.tags import Tagger
from models.classifier.zero_shot import BACKGROUND, ZeroShot


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger()


def test_works_people_places(tagger: Tagger) -> None:
    tags = tagger.tags("陈凯歌在北京拍《霸王别姬》，后来又去了杭州拍《梅兰芳》")
    assert tags.works == ("霸王别姬", "梅兰芳")
    assert tags.people == ("陈凯歌",)
    assert tags.places == ("北京", "杭州")
    assert tags.all[:2] == ("《霸王别姬》", "《梅兰芳》")


def test_a_foreign_name_is_one_person(tagger: Tagger) -> None:
    assert tagger.tags("听说克里斯托弗·诺兰的新片上映了").people == ("克里斯托弗·诺兰",)


def test_keywords_are_nouns_that_matter(tagger: Tagger) -> None:
    words = tagger.tags("这家博物馆的青铜器展览延期了，青铜器的纹饰非常精美").keywords
    assert words[0] == "青铜器"
    assert "非常" not in words


@pytest.mark.parametrize("text", ["", "？？", "😀", "《》", "a" * 5000])
def test_nothing_breaks_it(tagger: Tagger, text: str) -> None:
    assert len(tagger.tags(text).all) <= 1


def test_torch_stays_out_of_the_process_that_tags() -> None:
    import subprocess

    program = "import sys; from models.classifier.tags import _spacy; _spacy(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class Bag:
    """An encoder that counts characters, hashed."""

    dim, fingerprint, words = 64, "bag", None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        out = np.full((len(texts), self.dim), 0.01, np.float32)
        for row, text in enumerate(texts):
            for c in text:
                out[row, ord(c) % self.dim] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_labels_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.yml"
    path.write_text("亲子: [带孩子逛科学馆, 家长和孩子一起看]\n怀旧: 老歌老电影童年回忆\n", encoding="utf-8")
    zero_shot = ZeroShot.read(path, Bag())
    found = zero_shot.label(["家长带孩子一起看科学馆", BACKGROUND[1]])
    assert found[0][0].label == "亲子"
    assert found[1] == []


@pytest.mark.parametrize("data", ["", "- a\n", "亲子: []\n", "亲子: 3\n", "a: [\n", "亲子: [1]\n"])
def test_a_file_that_is_none_is_said(tmp_path: Path, data: str) -> None:
    path = tmp_path / "labels.yml"
    path.write_text(data, encoding="utf-8")
    with pytest.raises(LabelledDataError):
        ZeroShot.read(path, Bag())
