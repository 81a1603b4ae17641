"""Genres of films and books from a synopsis, several a text: plots of the film catalogue, and synopses written here.

The plots are this project's own sentences, their genres are MovieLens' (non-commercial terms). Chinese genres such as
武侠, 仙侠 and 青春 come from the written ones alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.classifier.corpora import Corpus, Sample, apart, shuffled
from models.classifier.plots import plots

REPEATED = 2
"""Synopses written here count this often beside the plots: the plots' genres are the film's, not the sentence's."""
ENGLISH = {
    "剧情": "Drama", "喜剧": "Comedy", "爱情": "Romance", "动作": "Action", "惊悚": "Thriller", "悬疑": "Mystery",
    "犯罪": "Crime", "科幻": "Science fiction", "奇幻": "Fantasy", "恐怖": "Horror", "战争": "War", "冒险": "Adventure",
    "家庭": "Family", "动画": "Animation", "音乐": "Music", "西部": "Western", "纪录": "Documentary",
    "武侠": "Wuxia", "历史": "History", "青春": "Coming of age", "仙侠": "Xianxia", "都市": "Urban life",
    "灾难": "Disaster", "运动": "Sports", "传记": "Biography",
}  # fmt: skip


def corpus(own: Iterable[Sample]) -> Corpus:
    """Train: plots and the written synopses ``own``. Test: 15 % of the plots."""
    films = shuffled(plots())
    held = round(len(films) * 0.15)
    train = shuffled([*films[held:], *list(own) * REPEATED])
    return apart("genres", train, (), films[:held])
