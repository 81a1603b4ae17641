"""Has pictures decoded by a process that can be killed."""

from __future__ import annotations

from pathlib import Path

from bot.gateway.errors import RequestError
from bot.gateway.limited_program import LimitedProgram
from bot.gateway.pictures import TOO_MANY_PIXELS

PICTURES_PROGRAM = Path(__file__).with_name("pictures.py")
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
DECODE_TIMEOUT_S = 10.0
MAX_WAITING = 8


class PictureDecoder(LimitedProgram):
    """Runs :mod:`bot.gateway.pictures`, one picture at a time: that leaves a core for the conversations."""

    def __init__(self) -> None:
        super().__init__(PICTURES_PROGRAM, MAX_PIXELS, MAX_SIDE)

    async def reencode(self, data: bytes) -> tuple[str, bytes]:
        """The MIME type and the file of the picture in ``data``, written anew.

        Raises:
            RequestError: 413 too many pixels; 422 not readable within the limits of time and memory; 503 when
                too many pictures wait.
        """
        status, output = await self._output(
            data, timeout_s=DECODE_TIMEOUT_S, most_waiting=MAX_WAITING, busy="现在上传的图片太多，请稍后再试。"
        )
        if status == TOO_MANY_PIXELS:
            raise RequestError(413, "too_many_pixels", "这张图片的尺寸太大了，请缩小后再上传。")
        if status != 0:
            raise RequestError(422, "unreadable_picture", "这张图片打不开，可能已经损坏，请换一张。")
        mime, _, picture = output.partition(b"\n")
        return mime.decode(), picture
