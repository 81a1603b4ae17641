"""Genres of films and books from a synopsis, several a text: plots of the film catalogue, and synopses written here.

The plots are this project's own sentences, their genres are MovieLens' (non-commercial terms). Chinese genres such as
武侠, 仙侠 and 青春 come from written/synopses.tsv.
"""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.normalise import normalise
from models.classifier.corpora import Corpus, Sample, apart, shuffled
from models.classifier.heldout import held_out
from models.classifier.plots import WRITTEN, plots
from models.tsv import read_rows

REPEATED = 4
"""The few synopses written here count this often beside the plots."""
ENGLISH = {
    "剧情": "Drama", "喜剧": "Comedy", "爱情": "Romance", "动作": "Action", "惊悚": "Thriller", "悬疑": "Mystery",
    "犯罪": "Crime", "科幻": "Science fiction", "奇幻": "Fantasy", "恐怖": "Horror", "战争": "War", "冒险": "Adventure",
    "家庭": "Family", "动画": "Animation", "音乐": "Music", "西部": "Western", "纪录": "Documentary",
    "武侠": "Wuxia", "历史": "History", "青春": "Coming of age", "仙侠": "Xianxia", "都市": "Urban life",
    "灾难": "Disaster", "运动": "Sports", "传记": "Biography",
}  # fmt: skip


def written(part: str) -> Iterator[Sample]:
    """The synopses written for this project: part train or dev."""
    for row in read_rows(WRITTEN / "synopses.tsv"):
        if row["part"] == part:
            yield Sample(normalise(row["text"]), tuple(row["genres"].split("/")))


def corpus() -> Corpus:
    """Plots: 75 % train, 10 % dev, 15 % test with the held-out texts."""
    films = shuffled(plots())
    a, b = round(len(films) * 0.15), round(len(films) * 0.25)
    own = shuffled(written("train"))
    train = shuffled([*films[b:], *own * REPEATED])
    return apart("genres", train, [*films[a:b], *written("dev")], [*films[:a], *held_out("genre")])
