"""Errors of the picture classifier."""

from __future__ import annotations

from models.errors import WenyuError


class PictureError(WenyuError):
    """A picture, a video or a folder of examples cannot be used."""

    code = "picture_unusable"
    status = 422
