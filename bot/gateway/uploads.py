"""Uploads: limited while they arrive, known by their first bytes, made safe, stored under a random name."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError
from sqlalchemy import Connection, func, insert, select

from bot.gateway.context import GATEWAY, conversation_of
from bot.gateway.db.models import Upload
from bot.gateway.errors import RequestError
from bot.gateway.http import json_response
from bot.gateway.limits import MAX_UPLOADS_PER_SESSION
from bot.gateway.picture_decoder import PictureDecoder
from bot.gateway.sessions import require_conversation
from bot.gateway.video_decoder import VideoDecoder

PICTURE, VIDEO = "image/*", "video/*"
CHUNK_BYTES = 64 * 1024
# Room for the boundaries and headers around the file.
FORM_BYTES = 16 * 1024
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/midi": ".mid",
}


MAGIC = (
    (b"\xff\xd8\xff", PICTURE),
    (b"\x89PNG\r\n\x1a\n", PICTURE),
    (b"GIF87a", PICTURE),
    (b"GIF89a", PICTURE),
    (b"\x1a\x45\xdf\xa3", VIDEO),
    (b"MThd", "audio/midi"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
"""What a file of a kind begins with."""
NOT_VIDEO = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"M4A ", b"M4B ")


def sniff(data: bytes) -> str | None:
    """The MIME type by the first bytes; None for anything that is not accepted."""
    if data[:4] == b"RIFF":
        return {b"WEBP": PICTURE, b"WAVE": "audio/wav"}.get(data[8:12])
    # MP4 and QuickTime; the same container holds HEIC pictures and sound, which have brands of their own.
    if data[4:8] == b"ftyp" and data[8:12] not in NOT_VIDEO:
        return VIDEO
    # An MP3 without a tag begins with a frame header: 11 bits of sync, MPEG 1 or 2, layer III, a valid bit rate.
    if len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2 and data[2] >> 4 not in (0, 15):
        return "audio/mpeg"
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), None)


def too_large(max_bytes: int) -> RequestError:
    """More than ``max_bytes`` bytes."""
    return RequestError(413, "file_too_large", f"文件太大了，请不要超过 {max_bytes / 2**20:.0f} MB。")


async def read_file(request: web.Request, max_bytes: int, max_video_bytes: int) -> bytes:
    """The bytes of the form's field ``file``.

    Raises:
        RequestError: 400 not such a form; 413 more than ``max_bytes`` bytes, or ``max_video_bytes`` of a video.
    """
    length = request.content_length or 0
    if length > max(max_bytes, max_video_bytes) + FORM_BYTES:
        raise too_large(max_bytes)
    no_file = RequestError(400, "no_file", "请用表单字段 file 上传一个文件。")
    if request.content_type != "multipart/form-data":
        raise no_file
    received = bytearray()
    try:
        part = await (await request.multipart()).next()
        # The file has to be the first field, so that nothing before it has to be limited and skipped.
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise no_file
        while chunk := await part.read_chunk(CHUNK_BYTES):
            received += chunk
            if len(received) > max_bytes:
                limit = max_video_bytes if sniff(bytes(received[:16])) == VIDEO else max_bytes
                if max(len(received), length - FORM_BYTES) > limit:
                    raise too_large(limit)
    except (HttpProcessingError, ValueError, AssertionError, LookupError):
        raise no_file from None
    return bytes(received)


async def check_file(data: bytes, pictures: PictureDecoder, videos: VideoDecoder) -> tuple[str, str, bytes]:
    """Decide what ``data`` is and make it safe.

    Returns:
        the kind (image, audio or video), the MIME type and the file to store; of a video that is its storyboard.

    Raises:
        RequestError: 415 not a picture, video or sound that is accepted; what :meth:`PictureDecoder.reencode` and
            :meth:`VideoDecoder.storyboard` raise.
    """
    mime = sniff(data)
    if mime is None:
        sentence = "只能上传图片（JPEG、PNG、WebP、GIF）、视频（MP4、WebM）或声音（WAV、OGG、MP3、MIDI）。"
        raise RequestError(415, "type_not_supported", sentence)
    if mime == PICTURE:
        return "image", *await pictures.reencode(data)
    if mime == VIDEO:
        return "video", *await videos.storyboard(data)
    return "audio", mime, data


def check_count(connection: Connection, conversation: str) -> None:
    """Raise 429 when the conversation has all the uploads it may have; 401 when it does not exist."""
    require_conversation(connection, conversation)
    count = connection.scalar(select(func.count()).where(Upload.conversation == conversation))
    if (count or 0) >= MAX_UPLOADS_PER_SESSION:
        raise RequestError(429, "too_many_uploads", "这个会话上传的文件太多了，请开始新的会话。", retry_after_s=3600)


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    os.replace(draft, path)


async def post_upload(request: web.Request) -> web.Response:
    """POST /api/v1/uploads"""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    gateway.message_rate.check(conversation)
    await gateway.database.read(lambda c: check_count(c, conversation))
    received = await read_file(request, gateway.settings.upload_max_bytes, gateway.settings.video_max_bytes)
    kind, mime, data = await check_file(received, gateway.pictures, gateway.videos)
    upload = "u" + secrets.token_hex(16)
    file = upload + SUFFIXES[mime]
    path = gateway.settings.var_dir / "uploads" / file
    await asyncio.to_thread(write_file, path, data)

    def store(connection: Connection) -> None:
        check_count(connection, conversation)
        connection.execute(
            insert(Upload).values(
                id=upload,
                conversation=conversation,
                kind=kind,
                mime=mime,
                file=file,
                size=len(data),
                created_at=time.time(),
            )
        )

    try:
        await gateway.database.write(store)
    except BaseException:
        path.unlink()
        raise
    gateway.metrics.uploads.labels(kind).inc()
    return json_response({"id": upload, "kind": kind, "mime": mime, "url": f"/media/{file}"}, 201)
