"""What can go wrong with a FAQ, an encoder or the thresholds; every message is a Chinese sentence for the operator."""

from __future__ import annotations

from models.errors import DataError, WenyuError


class EncoderError(WenyuError):
    """The sentence encoder cannot be built or loaded."""

    code = "encoder_missing"
    status = 503


class FaqError(DataError):
    """The FAQ's files, or a table to import, hold something that cannot be accepted; `problems` has every fault."""

    code = "invalid_faq"


class CalibrationError(WenyuError):
    """The thresholds cannot be fitted or read."""

    code = "calibration_invalid"
