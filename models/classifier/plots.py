"""Plots of films, one sentence each, written for this project, with the genres that MovieLens gives the films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge.normalise import normalise
from models.classifier.corpora import Sample
from models.tsv import read_rows

RECOMMENDER = Path(__file__).resolve().parents[1] / "recommender"
RENAMED = {"儿童": "家庭", "歌舞": "音乐", "黑色电影": "犯罪", "纪录片": "纪录", "IMAX": ""}


def plots() -> Iterator[Sample]:
    """The films with a plot and genres, in the order of the catalogue."""
    genres = {row["id"]: row["genres"].split("/") for row in read_rows(RECOMMENDER / "weights" / "catalogue.tsv")}
    for row in read_rows(RECOMMENDER / "films.tsv"):
        named = (RENAMED.get(genre, genre) for genre in genres.get(row["id"], ()))
        labels = tuple(dict.fromkeys(genre for genre in named if genre))
        if row["plot"] and labels:
            yield Sample(normalise(row["plot"]), labels)
