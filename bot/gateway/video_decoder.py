"""Has videos turned into storyboards by a process that can be killed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bot.gateway.decoding import DecodingProgram
from bot.gateway.errors import RequestError

VIDEOS_PROGRAM = Path(__file__).with_name("videos.py")
MAX_PIXELS = 4096 * 2304
BUDGET_S = 10.0
"""Time for decoding every frame; what takes longer is looked at around its key frames."""
DECODE_TIMEOUT_S = 30.0
TOO_MANY_PIXELS, TOO_LONG = 2, 4
"""Exit statuses of the program; it is not imported here, because it loads the decoder."""
BUSY = "现在上传的视频太多，请稍后再试。"


class VideoDecoder:
    """Runs :mod:`bot.gateway.videos`."""

    def __init__(self, max_seconds: int) -> None:
        """``max_seconds``: the longest video that is taken."""
        self._max_seconds = max_seconds
        arguments = (str(MAX_PIXELS), str(max_seconds), str(BUDGET_S))
        self._program = DecodingProgram(VIDEOS_PROGRAM, arguments, DECODE_TIMEOUT_S, BUSY)

    async def storyboard(self, data: bytes) -> tuple[str, bytes]:
        """The MIME type and the file with pictures of the scenes of the video in ``data``.

        Raises:
            RequestError: 413 too long or too large; 422 not readable within the limits of time and memory; 503 when
                too many videos wait.
        """
        # A container's index is often at its end, so the program has to be able to jump about in the file.
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            status, mime, storyboard = await self._program.run(file)
        if status == TOO_LONG:
            sentence = f"这段视频太长了，请截取 {self._max_seconds} 秒以内的一段再上传。"
            raise RequestError(413, "video_too_long", sentence)
        if status == TOO_MANY_PIXELS:
            raise RequestError(413, "too_many_pixels", "这段视频的画面太大了，请缩小到 4K 以内再上传。")
        if status != 0:
            sentence = "这段视频打不开，可能已经损坏，或者用了不支持的编码；请换成 MP4（H.264）或 WebM 再试。"
            raise RequestError(422, "unreadable_video", sentence)
        return mime, storyboard
