"""Errors of the classifier."""

from __future__ import annotations

from models.errors import DataError, WenyuError


class LabelledDataError(DataError):
    """A table of labelled texts cannot be trained on; ``problems`` lists what is wrong by line."""

    code = "bad_labelled_texts"


class CorpusError(WenyuError):
    """A corpus that the shipped weights are trained on is not in the given folder."""

    code = "corpus_unavailable"
    status = 503


class ClassifierError(WenyuError):
    """A classifier is switched off or not there."""

    code = "classifier_unavailable"
    status = 503
