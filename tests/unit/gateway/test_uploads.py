"""Uploads: what comes in is known by its content, limited, and written anew."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from bot.gateway import picture_decoder, upload_store
from bot.gateway.pictures import TOO_MANY_PIXELS, UNREADABLE
from bot.gateway.upload_store import sniff
from tests.support.echo_dialogue import EchoDialogue, eventually, sample_wav
from tests.support.files import SECRET, animation, huge_png, picture
from tests.support.gateway import Running, StartGateway, Visitor

MP3 = b"\xff\xfb\x90\x64" + b"\0" * 413


def stored_files(running: Running) -> list[Path]:
    return sorted((running.settings.var_dir / "uploads").glob("*"))


async def uploaded(visitor: Visitor, data: bytes) -> dict[str, Any]:
    response = await visitor.upload(data)
    assert response.status == 201, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def refused(visitor: Visitor, data: bytes) -> tuple[int, str]:
    response = await visitor.upload(data)
    error = (await response.json())["error"]
    assert error["message"]
    return response.status, error["code"]


async def test_a_picture_is_stored_upright_and_without_its_metadata(visitor: Visitor, running: Running) -> None:
    original = picture("JPEG", (64, 48))
    assert SECRET.encode() in original
    answer = await uploaded(visitor, original)
    assert (answer["kind"], answer["mime"]) == ("image", "image/jpeg")
    (file,) = stored_files(running)
    data = file.read_bytes()
    assert SECRET.encode() not in data
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.size == (48, 64)
        assert not stored.getexif()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (picture("PNG", mode="RGBA"), "image/png"),
        (picture("PNG"), "image/jpeg"),
        (picture("WEBP"), "image/jpeg"),
        (animation(), "image/jpeg"),
    ],
    ids=["png-alpha", "png", "webp", "gif"],
)
async def test_pictures_become_jpeg_or_png(visitor: Visitor, data: bytes, mime: str) -> None:
    answer = await uploaded(visitor, data)
    assert answer["mime"] == mime
    served = await visitor.client.get(answer["url"])
    assert served.status == 200
    assert served.content_type == mime
    with Image.open(io.BytesIO(await served.read())) as stored:
        stored.load()
        assert getattr(stored, "n_frames", 1) == 1


async def test_a_large_picture_is_made_smaller(visitor: Visitor, running: Running) -> None:
    await uploaded(visitor, picture("JPEG", (3000, 300)))
    with Image.open(stored_files(running)[0]) as stored:
        assert max(stored.size) == picture_decoder.MAX_SIDE


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (sample_wav(), "audio/wav"),
        (b"OggS" + b"\0" * 60, "audio/ogg"),
        (MP3, "audio/mpeg"),
        (b"ID3\4" + MP3, "audio/mpeg"),
        (b"MThd\0\0\0\6", "audio/midi"),
    ],
    ids=["wav", "ogg", "mp3", "mp3-tag", "midi"],
)
async def test_sounds_are_stored(visitor: Visitor, data: bytes, mime: str) -> None:
    answer = await uploaded(visitor, data)
    assert (answer["kind"], answer["mime"]) == ("audio", mime)
    assert await (await visitor.client.get(answer["url"])).read() == data


async def test_an_attachment_reaches_the_dialogue_and_the_history(
    visitor: Visitor, dialogue: EchoDialogue, running: Running
) -> None:
    answer = await uploaded(visitor, picture())
    (reply,) = await visitor.ask("", attachments=[answer["id"]])
    assert reply["capability"] == "appraise"
    (attachment,) = dialogue.requests[0]["attachments"]
    assert attachment == {
        "id": answer["id"],
        "kind": "image",
        "mime": "image/jpeg",
        "path": str(stored_files(running)[0]),
    }
    assert (await visitor.history())[0]["attachments"] == [answer]


async def test_an_attachment_of_another_session_is_unknown(running: Running) -> None:
    owner, other = await running.visitor(), await running.visitor()
    answer = await uploaded(owner, sample_wav())
    response = await other.post("看", attachments=[answer["id"]])
    assert response.status == 404
    assert (await response.json())["error"]["code"] == "unknown_attachment"
    assert await other.history() == []


async def test_an_unknown_attachment_leaves_the_message_unsent(visitor: Visitor) -> None:
    assert (await visitor.post("看", "m1", attachments=["u123"])).status == 404
    assert (await visitor.post("看", "m1")).status == 200
    assert [entry["position"] for entry in await visitor.history()] == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ\x90\0",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>",
        b"PK\3\4",
        b"RIFF\0\0\0\0AVI ",
    ],
    ids=["empty", "exe", "pdf", "svg", "html", "zip", "avi"],
)
async def test_other_types_are_refused(visitor: Visitor, running: Running, data: bytes) -> None:
    assert await refused(visitor, data) == (415, "type_not_supported")
    assert stored_files(running) == []


@pytest.mark.parametrize(
    "data", [picture()[:200], b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"GIF89a" + b"\xff" * 20, b"\xff\xd8\xff" + b"x" * 99]
)
async def test_a_broken_picture_is_refused(visitor: Visitor, running: Running, data: bytes) -> None:
    assert await refused(visitor, data) == (422, "unreadable_picture")
    assert stored_files(running) == []


async def test_a_picture_of_too_many_pixels_is_refused_by_its_header(visitor: Visitor) -> None:
    assert await refused(visitor, huge_png(60_000)) == (413, "too_many_pixels")


async def test_a_decoder_that_takes_too_long_is_killed(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_decoder, "DECODE_TIMEOUT_S", 0.01)
    assert await refused(visitor, picture()) == (422, "unreadable_picture")


async def test_too_many_waiting_pictures_are_refused(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_decoder, "MAX_WAITING", 1)
    decoder = running.gateway.uploads.pictures
    async with decoder._turn:
        first = asyncio.create_task(visitor.upload(picture()))
        await eventually(lambda: decoder._waiting == 1)
        assert await refused(visitor, picture()) == (503, "busy")
    assert (await first).status == 201


async def test_a_file_above_the_limit_is_refused(start_gateway: StartGateway) -> None:
    running = await start_gateway(upload_max_bytes=2048)
    visitor = await running.visitor()
    assert await refused(visitor, b"RIFF\0\0\0\0WAVE" + b"\0" * 2100) == (413, "file_too_large")
    assert await refused(visitor, b"RIFF\0\0\0\0WAVE" + b"\0" * 100_000) == (413, "file_too_large")
    await uploaded(visitor, b"RIFF\0\0\0\0WAVE" + b"\0" * 2000)


async def test_a_file_without_a_stated_length_is_limited_while_it_arrives(start_gateway: StartGateway) -> None:
    running = await start_gateway(upload_max_bytes=2048)
    visitor = await running.visitor()

    async def body() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        for _ in range(100):
            yield b"\0" * 1000

    headers = {**visitor.headers, "Content-Type": "multipart/form-data; boundary=b"}
    response = await visitor.client.post("/api/v1/uploads", data=body(), headers=headers)
    assert response.status == 413


async def test_no_more_uploads_than_the_limit_in_one_session(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_store, "MAX_UPLOADS_PER_SESSION", 2)
    for _ in range(2):
        await uploaded(visitor, sample_wav())
    assert await refused(visitor, sample_wav()) == (429, "too_many_uploads")


async def test_uploads_count_against_the_rate_limit(start_gateway: StartGateway) -> None:
    visitor = await (await start_gateway(rate_limit_per_minute=1)).visitor()
    await uploaded(visitor, sample_wav())
    assert await refused(visitor, sample_wav()) == (429, "too_many_requests")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"no boundary at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nnot a header\r\n\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 71, b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--x--'),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n"
            b'Content-Disposition: form-data; name="file"\r\n\r\n--y--\r\n--x--',
        ),
    ],
)
async def test_a_wrong_form_is_refused(visitor: Visitor, content_type: str, body: bytes) -> None:
    headers = {**visitor.headers, "Content-Type": content_type}
    response = await visitor.client.post("/api/v1/uploads", data=body, headers=headers)
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "no_file"


async def test_an_unfinished_form_stores_nothing_that_is_not_whole(visitor: Visitor, running: Running) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + picture()[:100]
    headers = {**visitor.headers, "Content-Type": "multipart/form-data; boundary=x"}
    response = await visitor.client.post("/api/v1/uploads", data=body, headers=headers)
    assert response.status in (400, 422)
    assert stored_files(running) == []


async def test_a_field_of_another_name_is_refused(visitor: Visitor) -> None:
    form = FormData()
    form.add_field("picture", picture(), filename="x.jpg")
    response = await visitor.client.post("/api/v1/uploads", data=form, headers=visitor.headers)
    assert response.status == 400


async def test_a_database_that_fails_leaves_no_file(visitor: Visitor, running: Running) -> None:
    connection = sqlite3.connect(running.settings.var_dir / "wenyu.db")
    connection.execute("ALTER TABLE uploads DROP COLUMN size")
    connection.commit()
    connection.close()
    assert (await refused(visitor, sample_wav()))[0] == 503
    assert stored_files(running) == []


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xfb\xf0", None),
        (b"\xff\xe0\x90", None),
        (b"\xff", None),
        (b"RIFF", None),
    ],
)
def test_sniff(data: bytes, mime: str | None) -> None:
    assert sniff(data) == mime


@pytest.mark.parametrize(
    ("data", "status"),
    [(picture(), 0), (b"nonsense", UNREADABLE), (huge_png(60_000), TOO_MANY_PIXELS)],
    ids=["picture", "nonsense", "huge"],
)
def test_the_decoder_program(data: bytes, status: int) -> None:
    program = [sys.executable, "-I", str(picture_decoder.PICTURES_PROGRAM), "1000000", "100"]
    result = subprocess.run(program, input=data, capture_output=True, timeout=30, check=False)
    assert result.returncode == status
    assert result.stdout.startswith(b"image/jpeg\n") == (status == 0)
