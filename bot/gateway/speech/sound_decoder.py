"""Has recordings decoded by a process that can be killed."""

from __future__ import annotations

from pathlib import Path

from bot.gateway.errors import RequestError
from bot.gateway.limited_program import LimitedProgram
from bot.gateway.speech.process import TOO_MANY_SPEAK

SOUNDS_PROGRAM = Path(__file__).with_name("sounds.py")
DECODE_TIMEOUT_S = 15.0
MAX_WAITING = 8
TOO_LONG = 2
SILK = (b"#!SILK_V3", b"\x02#!SILK_V3")


class SoundDecoder(LimitedProgram):
    """Runs :mod:`bot.gateway.speech.sounds`, one recording at a time.

    Args:
        max_seconds: the longest recording.
    """

    def __init__(self, max_seconds: int) -> None:
        super().__init__(SOUNDS_PROGRAM, max_seconds)
        self._max_seconds = max_seconds

    async def decode(self, data: bytes) -> bytes:
        """WAV, OGG, WebM, MP3, AMR or MP4 as 16-bit mono samples at 16 kHz.

        Raises:
            RequestError: 413 too long; 422 not readable within the limits of time and memory; 503 too many wait.
        """
        if data.startswith(SILK):
            raise RequestError(
                422, "format_not_supported", "这种语音格式（Silk）还听不了，请换成 AMR、MP3 或 WAV，或者打字告诉我。"
            )
        status, output = await self._output(
            data, timeout_s=DECODE_TIMEOUT_S, most_waiting=MAX_WAITING, busy=TOO_MANY_SPEAK
        )
        if status == TOO_LONG:
            raise RequestError(413, "recording_too_long", f"录音太长了，请不要超过 {self._max_seconds} 秒。")
        if status != 0:
            raise RequestError(422, "unreadable_recording", "这段录音打不开，可能已经损坏或格式不对，请重新录一次。")
        return output
