"""What can go wrong with speech."""

from __future__ import annotations

from models.errors import WenyuError


class SpeechError(WenyuError):
    """Speech is not installed, or its process cannot work."""

    code = "speech_failed"
    status = 503
