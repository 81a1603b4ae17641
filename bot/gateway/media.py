"""Files that belong to replies (var/media) and to messages (var/uploads), served under names nobody can guess."""

from __future__ import annotations

from aiohttp import web

from bot.gateway.context import GATEWAY
from bot.gateway.errors import RequestError
from bot.gateway.media_files import find_file

# What may be shown in place; any other file is offered as a download.
MIME_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".mid": "audio/midi",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
}


async def get_media(request: web.Request) -> web.StreamResponse:
    """GET /media/{id}; answers ranges, so that audio can be skipped through."""
    path = find_file(request.app[GATEWAY].settings.var_dir, request.match_info["id"])
    if path is None:
        raise RequestError(404, "unknown_file", "找不到这个文件。")
    mime = MIME_TYPES.get(path.suffix)
    headers = {
        "Content-Type": mime or "application/octet-stream",
        "Content-Disposition": "inline" if mime else "attachment",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.FileResponse(path, headers=headers)
