"""What can go wrong with a FAQ, an encoder or an index; every message is a Chinese sentence for the operator."""

from __future__ import annotations

from models.errors import WenyuError


class EncoderError(WenyuError):
    """The sentence encoder cannot be built or loaded."""


class FaqError(WenyuError):
    """The FAQ's files hold something that cannot be accepted; `user_message` lists every fault with its line."""


class CalibrationError(WenyuError):
    """The thresholds cannot be fitted, or do not belong to this encoder."""
