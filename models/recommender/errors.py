"""Errors of the recommender."""

from __future__ import annotations

from models.errors import DataError, WenyuError


class RatingsError(DataError):
    """A table of ratings or items cannot be imported; nothing of it was kept."""

    code = "bad_ratings"


class DatasetError(WenyuError):
    """The default ratings cannot be fetched or are not the expected ones."""

    code = "ratings_unavailable"
    status = 503


class ContradictionError(WenyuError):
    """The wishes exclude each other, such as a genre that is both wanted and not wanted."""

    code = "contradictory_wishes"


class SparkError(WenyuError):
    """Spark was asked for and is not there."""

    code = "spark_unavailable"
    status = 503
