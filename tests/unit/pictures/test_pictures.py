"""Heads, groups, few-shot labels and timelines, on data whose answers are known by construction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.pictures.classifier import PictureResult, open_picture, skin_share
from models.pictures.errors import PictureError
from models.pictures.few_shot import Prototypes, examples
from models.pictures.heads import Scored
from models.pictures.subjects import N_CLASSES, Groups
from models.pictures.video import UNSURE, Shot, read_storyboard, timeline


def test_every_class_is_in_exactly_one_group() -> None:
    groups = Groups.read()
    assert (groups.of_class >= 0).all()
    assert len(set(groups.names)) == len(groups.names)
    p = np.full(N_CLASSES, 1 / N_CLASSES, np.float32)
    assert sum(s.probability for s in groups.scored(p, len(groups.names))) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("number", "name"), [(1, "鱼"), (207, "狗"), (281, "猫"), (388, "大熊猫"), (980, "山"), (620, "电脑")]
)
def test_known_classes_have_their_names(number: int, name: str) -> None:
    groups = Groups.read()
    assert groups.names[groups.of_class[number]] == name


def test_prototypes_learn_from_a_few_and_leave_each_out() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(3), 5)
    vectors = np.eye(3, 32, dtype=np.float32)[codes] + 0.1 * rng.normal(size=(15, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    learned = Prototypes.fit(("甲", "乙", "丙"), vectors, codes)
    assert learned.accuracy == 1
    best = learned.scored(np.eye(3, 32, dtype=np.float32)[1], 2)[0]
    assert best.label == "乙"
    assert best.probability > learned.threshold


def test_prototypes_of_noise_do_not_claim_to_know() -> None:
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(4), 10)
    vectors = rng.normal(size=(40, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    learned = Prototypes.fit(tuple("甲乙丙丁"), vectors, codes)
    assert learned.accuracy < 0.6
    assert learned.scored(vectors[0], 1)[0].probability < 0.9


def pictures_in(folder: Path, n: int) -> None:
    folder.mkdir(parents=True)
    for number in range(n):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")


def test_bad_examples_are_listed_and_the_good_ones_kept(tmp_path: Path) -> None:
    for label, n in (("剧照", 3), ("海报", 4), ("太少", 2)):
        pictures_in(tmp_path / label, n)
    (tmp_path / "剧照" / "broken.jpg").write_bytes(b"no picture")
    found = examples(tmp_path)
    assert found.labels == ("剧照", "海报")
    assert len(found.paths) == 7
    assert any("broken.jpg" in problem for problem in found.problems)
    assert any("太少" in problem for problem in found.problems)


def test_one_label_is_refused(tmp_path: Path) -> None:
    pictures_in(tmp_path / "海报", 5)
    with pytest.raises(PictureError, match="1 个"):
        examples(tmp_path)


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"nonsense")
    with pytest.raises(PictureError, match="打不开"):
        open_picture(tmp_path / "x.jpg")


def test_skin_is_told_from_grass_and_sky() -> None:
    assert skin_share(Image.new("RGB", (9, 9), (224, 172, 140))) == 1
    assert skin_share(Image.new("RGB", (9, 9), (40, 140, 40))) == 0
    assert skin_share(Image.new("RGB", (9, 9), (90, 140, 230))) == 0


def shot(start: float, end: float, label: str, p: float = 0.9, sure: bool = True) -> Shot:
    return Shot(start, end, PictureResult((), (Scored(label, p),), subject_sure=sure))


def test_neighbouring_shots_of_one_label_are_one_stretch() -> None:
    found = timeline([shot(0, 2, "猫"), shot(2, 5, "猫", 0.6), shot(5, 6, "狗", sure=False), shot(6, 9, "狗")])
    assert [(s.start, s.end, s.label) for s in found] == [(0, 5, "猫"), (5, 6, UNSURE), (6, 9, "狗")]
    assert found[0].probability == pytest.approx(0.72)


def test_a_storyboard_is_read_with_its_times(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    path = tmp_path / "board.webp"
    frames[0].save(path, "WEBP", save_all=True, append_images=frames[1:], duration=[1500, 2000, 500])
    assert [(a, b) for a, b, _ in read_storyboard(path)] == [(0, 1.5), (1.5, 3.5), (3.5, 4.0)]
