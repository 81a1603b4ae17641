"""POST /api/v1/uploads: a file is limited while it arrives, then goes to the upload store."""

from __future__ import annotations

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from bot.gateway.context import GATEWAY, conversation_of
from bot.gateway.errors import RequestError
from bot.gateway.http import json_response
from bot.gateway.upload_store import check_count

CHUNK_BYTES = 64 * 1024
# Room for the boundaries and headers around the file.
FORM_BYTES = 16 * 1024


async def read_file(request: web.Request, max_bytes: int) -> bytes:
    """The bytes of the form's field ``file``.

    Raises:
        RequestError: 400 not such a form; 413 more than ``max_bytes`` bytes.
    """
    too_large = RequestError(413, "file_too_large", f"文件太大了，请不要超过 {max_bytes / 2**20:.0f} MB。")
    if (request.content_length or 0) > max_bytes + FORM_BYTES:
        raise too_large
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
                raise too_large
    except (HttpProcessingError, ValueError, AssertionError, LookupError):
        raise no_file from None
    return bytes(received)


async def post_upload(request: web.Request) -> web.Response:
    """POST /api/v1/uploads"""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    gateway.message_rate.check(conversation)
    await gateway.database.read(lambda c: check_count(c, conversation))
    data = await read_file(request, gateway.settings.upload_max_bytes)
    stored = await gateway.uploads.store(conversation, data)
    file = stored.pop("file")
    return json_response({**stored, "url": f"/media/{file}"}, 201)
