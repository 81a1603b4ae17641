"""Errors of the visual backbone."""

from __future__ import annotations

from models.errors import WenyuError


class BackboneError(WenyuError):
    """The backbone is not built, or cannot be fetched."""

    code = "backbone_missing"
    status = 503
