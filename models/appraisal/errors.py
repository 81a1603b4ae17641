"""Errors of the appraisal."""

from __future__ import annotations

from models.errors import WenyuError


class AppraisalError(WenyuError):
    """A model that may not be used, or works that cannot be learned from."""

    code = "appraisal_failed"
