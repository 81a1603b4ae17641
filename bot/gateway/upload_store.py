"""Uploaded files: known by their first bytes, made safe, stored under a random name."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import time
from pathlib import Path

import structlog
from sqlalchemy import Connection, func, insert, select

from bot.gateway.db.engine import Database
from bot.gateway.db.models import Upload
from bot.gateway.errors import RequestError
from bot.gateway.limits import MAX_UPLOADS_PER_SESSION
from bot.gateway.metrics import Metrics
from bot.gateway.picture_decoder import PictureDecoder
from bot.gateway.sessions import require_conversation

log = structlog.get_logger(__name__)
PICTURE = "image/*"
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
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
    (b"MThd", "audio/midi"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
"""What a file of a kind begins with."""


def sniff(data: bytes) -> str | None:
    """The MIME type by the first bytes; None for anything that is not accepted."""
    if data[:4] == b"RIFF":
        return {b"WEBP": PICTURE, b"WAVE": "audio/wav"}.get(data[8:12])
    # An MP3 without a tag begins with a frame header: 11 bits of sync, MPEG 1 or 2, layer III, a valid bit rate.
    if len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2 and data[2] >> 4 not in (0, 15):
        return "audio/mpeg"
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), None)


async def check_file(data: bytes, decoder: PictureDecoder) -> tuple[str, bytes]:
    """Decide what ``data`` is and make it safe.

    Returns:
        the MIME type and the file to store.

    Raises:
        RequestError: 415 not a picture or sound that is accepted; what :meth:`PictureDecoder.reencode` raises.
    """
    mime = sniff(data)
    if mime is None:
        sentence = "只能上传图片（JPEG、PNG、WebP、GIF）或声音（WAV、OGG、MP3、MIDI）。"
        raise RequestError(415, "type_not_supported", sentence)
    return await decoder.reencode(data) if mime == PICTURE else (mime, data)


def check_count(connection: Connection, conversation: str, since: float = 0.0) -> None:
    """Raise 429 when the conversation has all the uploads it may have; 401 when it does not exist."""
    require_conversation(connection, conversation)
    query = select(func.count()).where(Upload.conversation == conversation, Upload.created_at >= since)
    count = connection.scalar(query)
    if (count or 0) >= MAX_UPLOADS_PER_SESSION:
        raise RequestError(429, "too_many_uploads", "这个会话上传的文件太多了，请开始新的会话。", retry_after_s=3600)


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` whole or not at all.

    Raises:
        RequestError: 503 when the disk is full or read-only.
    """
    draft = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        log.error("file_not_stored", error=errno.errorcode.get(error.errno or 0, "unknown"))
        sentence = "抱歉，文件暂时存不下，请稍后再试。"
        raise RequestError(503, "storage_unavailable", sentence, retry_after_s=5) from None


class UploadStore:
    """Checks files, makes them safe and stores them.

    Args:
        folder: ``var/uploads``.
    """

    def __init__(self, database: Database, pictures: PictureDecoder, metrics: Metrics, folder: Path) -> None:
        self._database = database
        self.pictures = pictures
        self._metrics = metrics
        self._folder = folder

    async def store(self, conversation: str, data: bytes, since: float = 0.0) -> dict[str, str]:
        """Store ``data`` in ``conversation``.

        Args:
            since: uploads before this time (seconds since the epoch) do not count against the conversation's limit.

        Returns:
            the stored upload as ``{id, kind, mime, file}``.

        Raises:
            RequestError: what :func:`check_count`, :func:`check_file` and :func:`write_file` raise.
        """
        await self._database.read(lambda c: check_count(c, conversation, since))
        mime, data = await check_file(data, self.pictures)
        kind = mime.partition("/")[0]
        upload = "u" + secrets.token_hex(16)
        file = upload + SUFFIXES[mime]
        path = self._folder / file
        await asyncio.to_thread(write_file, path, data)
        row = {"id": upload, "kind": kind, "mime": mime, "file": file}

        def store(connection: Connection) -> None:
            check_count(connection, conversation, since)
            values = {**row, "conversation": conversation, "size": len(data), "created_at": time.time()}
            connection.execute(insert(Upload).values(values))

        try:
            await self._database.write(store)
        except BaseException:
            path.unlink()
            raise
        self._metrics.uploads.labels(kind).inc()
        return row
