"""What the appraisal says: what was meant, values in range, the same for the same work, nothing for what is no painting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from actions.appraise_language import understand
from models.appraisal.canvas import Canvas
from models.appraisal.degradations import COPIES, DEGRADATIONS, STRENGTHS
from models.appraisal.heads import PAGE
from models.appraisal.model import Appraiser, Learned
from models.appraisal.moods import MOODS, histograms
from models.appraisal.observation import Observation
from models.appraisal.own import cross_validated, read_scores
from models.appraisal.pages import not_paintings
from models.appraisal.ranking import PROPORTION, bounded
from models.errors import DataError
from models.vision.backbone import Backbone, prepared

VISION = Path(__file__).resolve().parents[3] / "var" / "vision"


@pytest.fixture(scope="module")
def appraiser() -> Appraiser:
    return Appraiser(Backbone(VISION), Learned.load())


def landscape() -> Image.Image:
    """Hills in three planes under a pale sky."""
    image = Image.new("RGB", (420, 300), (236, 230, 214))
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(3)
    for depth, shade in enumerate((190, 140, 80)):
        ridge = 90 + depth * 60 + np.cumsum(rng.normal(0, 3, 420))
        for x in range(420):
            draw.line((x, float(ridge[x]), x, 300), fill=(shade, shade + 4, shade - 6))
    return image


@pytest.mark.parametrize(
    ("said", "act", "attribute"),
    [
        ("鉴赏", "appraise", ""),
        ("帮我看看这幅画", "appraise", ""),
        ("构图怎么样", "attribute", "composition"),
        ("颜色呢", "attribute", "colour"),
        ("为什么扣分", "why", ""),
        ("怎么改进", "improve", ""),
        ("和上一张比哪张好", "compare", ""),
        ("像谁的风格", "style", ""),
        ("换专业一点的说法", "expert", ""),
        ("说简单点，给孩子听", "simple", ""),
        ("推荐几幅好画", "recommend", ""),
        ("像这幅的再来几幅", "more_like", ""),
        ("识别类型", "genre", ""),
        ("打标签", "tags", ""),
        ("这是画", "insist", ""),
        ("怎么取消自动续费", "", ""),
        ("今天天气", "", ""),
    ],
)
def test_what_is_asked(said: str, act: str, attribute: str) -> None:
    wish = understand(said)
    assert (wish.act, wish.attribute) == (act, attribute)


def test_a_childs_drawing_is_recognised_by_the_words() -> None:
    assert understand("我家孩子五岁画的，帮忙看看").child
    assert not understand("说简单点，给孩子听").child


def test_points_keep_their_order_and_range() -> None:
    raw = np.linspace(-400, 400, 2001, dtype=np.float32)
    points = bounded(raw)
    assert (np.diff(points) >= 0).all()
    assert points.min() >= 0
    assert points.max() <= 100


def test_the_same_picture_gets_the_same_appraisal(appraiser: Appraiser) -> None:
    first, second = appraiser.appraise(landscape(), insists=True), appraiser.appraise(landscape(), insists=True)
    assert first.score == second.score
    assert first.attributes == second.attributes


def test_values_are_in_range_whatever_is_done_to_a_picture(appraiser: Appraiser) -> None:
    rng = np.random.default_rng(0)
    for spoil in DEGRADATIONS.values():
        found = appraiser.appraise(spoil(landscape(), STRENGTHS[-1], rng), insists=True)
        assert found.score is not None
        assert 0 <= found.score <= 100
        assert all(0 <= value <= 100 for value in found.attributes.values())


def test_other_encodings_are_the_same_work(appraiser: Appraiser) -> None:
    work = appraiser.appraise(landscape(), insists=True).score
    for name in ("JPEG 90", "150 %"):
        copy = appraiser.appraise(COPIES[name](landscape()), insists=True).score
        assert work is not None
        assert copy is not None
        assert abs(copy - work) <= 3


def test_pages_are_not_scored(appraiser: Appraiser) -> None:
    pages = [picture for kind, picture in not_paintings(12, seed=99) if kind == "page"]
    found = [appraiser.appraise(page) for page in pages]
    assert sum(f.kind == PAGE and f.score is None for f in found) >= len(found) - 1


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (640, 480)])
def test_every_shape_can_be_looked_at(size: tuple[int, int]) -> None:
    pixels, mask, _ = prepared(Image.new("RGB", size))
    assert pixels.shape[2] % 32 == pixels.shape[3] % 32 == 0
    assert mask.max() == 1


def test_a_table_of_scores_is_refused_with_every_line(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("图片,分数\n没有.jpg,80\n../x.jpg,50\na.jpg,好\nb.jpg,120\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_scores(tmp_path)
    assert len(caught.value.problems) == 4


def test_scores_that_follow_the_pictures_are_learned() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 30)).astype(np.float32)
    y = (50 + 8 * x[:, 0]).astype(np.float32)
    assert np.corrcoef(cross_validated(x, y), y)[0, 1] > 0.5


def test_a_table_of_scores_may_have_a_mark_at_its_start_and_quoted_names(tmp_path: Path) -> None:
    names = [f"第 {k} 幅, 甲.jpg" for k in range(20)]
    for name in names:
        landscape().save(tmp_path / name)
    rows = "".join(f'"{name}",{50 + k}\n' for k, name in enumerate(names))
    (tmp_path / "scores.csv").write_text(f"\ufeff图片,分数\n{rows}", encoding="utf-8")
    assert [value for _, value in read_scores(tmp_path)] == list(range(50, 70))


def test_histograms_are_shares_of_the_picture() -> None:
    found = histograms(Canvas.of(landscape()))
    sizes = (16, 8, 16, 10, 10, 10)
    assert len(found) == sum(sizes)
    for part in np.split(found, np.cumsum(sizes)[:-1]):
        assert part.sum() == pytest.approx(1, abs=1e-5)


def test_moods_are_probabilities_that_follow_the_tones(appraiser: Appraiser) -> None:
    assert appraiser.learned is not None
    assert appraiser.learned.mood is not None
    pale, dark = (
        dict(appraiser.learned.mood.of(Canvas.of(landscape().point(lambda v, k=k: int(v * k))))) for k in (1.0, 0.4)
    )
    assert set(pale) == set(MOODS)
    assert all(0 < p < 1 for p in (*pale.values(), *dark.values()))
    assert max(abs(pale[m] - dark[m]) for m in MOODS) > 0.05
    assert min(appraiser.learned.mood.areas.values()) > 0.6


def test_a_square_looks_the_same_when_its_picture_is_squashed_but_its_proportion_tells(appraiser: Appraiser) -> None:
    assert appraiser.learned is not None
    ranker = appraiser.learned.ranker
    seen = Observation.of(landscape(), appraiser.backbone).vector
    suggested = ranker.standardised(seen) @ ranker.shape[:-1] + ranker.shape[-1]
    right, wrong = seen.copy(), seen.copy()
    right[PROPORTION], wrong[PROPORTION] = suggested, suggested + ranker.tolerance + 0.5
    assert ranker.squashed(right) == 0
    assert ranker.points(wrong[None])[0][0] < ranker.points(right[None])[0][0]


def test_the_spread_grows_with_disagreement(appraiser: Appraiser) -> None:
    assert appraiser.learned is not None
    measures = Observation.of(landscape(), appraiser.backbone).measures
    assert 0 < appraiser.learned.spread(measures, 0) < appraiser.learned.spread(measures, 5)
