"""Videos: known by their content, limited, and kept as pictures of their scenes."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bot.gateway import video_decoder
from bot.gateway.uploads import VIDEO, sniff
from tests.support.echo_dialogue import EchoDialogue
from tests.support.gateway import Running, StartGateway, Visitor
from tests.unit.gateway.test_uploads import refused, stored_files, uploaded

RATE = 10
COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200))


def video(
    folder: Path, seconds: tuple[int, ...] = (2, 3, 2), kind: str = "mp4", size: tuple[int, int] = (160, 96)
) -> bytes:
    """A clip with a scene of noise around one colour for each of ``seconds``."""
    path = folder / f"clip.{kind}"
    code = cv2.VideoWriter_fourcc(*("mp4v" if kind == "mp4" else "VP80"))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, RATE, size)
    assert writer.isOpened()
    rng = np.random.default_rng(0)
    for number, lasts in enumerate(seconds):
        for _ in range(lasts * RATE):
            noise = rng.integers(-15, 15, (size[1], size[0], 3))
            writer.write(np.clip(np.array(COLOURS[number % 3]) + noise, 0, 255).astype(np.uint8))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["mp4", "webm"])
async def test_a_video_is_stored_as_pictures_of_its_scenes(
    visitor: Visitor, running: Running, dialogue: EchoDialogue, tmp_path: Path, kind: str
) -> None:
    answer = await uploaded(visitor, video(tmp_path, kind=kind))
    assert (answer["kind"], answer["mime"]) == ("video", "image/webp")
    (file,) = stored_files(running)
    with Image.open(io.BytesIO(file.read_bytes())) as board:
        assert board.n_frames == 3  # type: ignore[attr-defined]
        lasting = []
        for number in range(3):
            board.seek(number)
            board.load()
            lasting.append(board.info["duration"] / 1000)
    assert lasting == pytest.approx([2, 3, 2], abs=0.5)
    await visitor.ask("", attachments=[answer["id"]])
    assert dialogue.requests[0]["attachments"][0]["kind"] == "video"
    assert (await visitor.client.get(answer["url"])).content_type == "image/webp"


async def test_a_video_that_is_too_long_is_refused(start_gateway: StartGateway, tmp_path: Path) -> None:
    visitor = await (await start_gateway(video_max_seconds=3)).visitor()
    assert await refused(visitor, video(tmp_path)) == (413, "video_too_long")


async def test_a_video_may_be_larger_than_a_picture_but_not_boundless(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    data = video(tmp_path)
    visitor = await (await start_gateway(upload_max_bytes=2048)).visitor()
    await uploaded(visitor, data)
    visitor = await (await start_gateway(upload_max_bytes=2048, video_max_bytes=4096)).visitor()
    assert await refused(visitor, data) == (413, "file_too_large")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x18ftypmp42" + b"\0" * 400,
        b"\x1a\x45\xdf\xa3" + b"\xff" * 400,
        b"\0\0\0\x18ftypisom#EXTM3U\nfile:///etc/passwd\n",
    ],
    ids=["mp4", "webm", "playlist"],
)
async def test_a_broken_video_is_refused(visitor: Visitor, running: Running, data: bytes) -> None:
    assert await refused(visitor, data) == (422, "unreadable_video")
    assert stored_files(running) == []


async def test_a_cut_off_video_is_told_or_refused(visitor: Visitor, tmp_path: Path) -> None:
    data = video(tmp_path, kind="webm")
    response = await visitor.upload(data[: len(data) // 2])
    assert response.status in (201, 422)


async def test_a_video_that_takes_too_long_is_given_up(
    start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(video_decoder, "DECODE_TIMEOUT_S", 0.01)
    running = await start_gateway()
    assert await refused(await running.visitor(), video(tmp_path)) == (422, "unreadable_video")


def test_pictures_and_sound_in_the_same_container_are_no_videos() -> None:
    assert sniff(b"\0\0\0\x18ftypmp42") == VIDEO
    assert sniff(b"\x1a\x45\xdf\xa3") == VIDEO
    assert sniff(b"\0\0\0\x18ftypheic") is None
    assert sniff(b"\0\0\0\x18ftypM4A ") is None
