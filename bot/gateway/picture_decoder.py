"""Has pictures decoded by a process that can be killed."""

from __future__ import annotations

from pathlib import Path

from bot.gateway.decoding import DecodingProgram
from bot.gateway.errors import RequestError
from bot.gateway.pictures import TOO_MANY_PIXELS

PICTURES_PROGRAM = Path(__file__).with_name("pictures.py")
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
DECODE_TIMEOUT_S = 10.0
BUSY = "现在上传的图片太多，请稍后再试。"


class PictureDecoder:
    """Runs :mod:`bot.gateway.pictures`."""

    def __init__(self) -> None:
        arguments = (str(MAX_PIXELS), str(MAX_SIDE))
        self._program = DecodingProgram(PICTURES_PROGRAM, arguments, DECODE_TIMEOUT_S, BUSY)

    async def reencode(self, data: bytes) -> tuple[str, bytes]:
        """The MIME type and the file of the picture in ``data``, written anew.

        Raises:
            RequestError: 413 too many pixels; 422 not readable within the limits of time and memory; 503 when
                too many pictures wait.
        """
        status, mime, picture = await self._program.run(data)
        if status == TOO_MANY_PIXELS:
            raise RequestError(413, "too_many_pixels", "这张图片的尺寸太大了，请缩小后再上传。")
        if status != 0:
            raise RequestError(422, "unreadable_picture", "这张图片打不开，可能已经损坏，请换一张。")
        return mime, picture
