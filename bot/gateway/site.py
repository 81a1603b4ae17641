"""The demo page and the widget's files, as built into bot/web/dist."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bot.gateway.errors import RequestError
from bot.settings import PROJECT_DIR

DIST = PROJECT_DIR / "bot" / "web" / "dist"
HASHED_FOLDER = "assets"
FOREVER = "public, max-age=31536000, immutable"
ASK_EVERY_TIME = "no-cache"


def site_routes(dist: Path = DIST) -> list[web.AbstractRouteDef]:
    """``/`` and every file of ``dist``. Files under assets/ carry their hash in the name and never change."""
    root = dist.resolve()

    async def get_file(request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name") or "index.html"
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            if name == "index.html":
                raise RequestError(503, "page_not_built", "网页还没有构建，请先运行 make run。")
            raise RequestError(404, "not_found", "没有这个地址。")
        headers = {"Cache-Control": FOREVER if name.startswith(HASHED_FOLDER + "/") else ASK_EVERY_TIME}
        if path.suffix == ".html":
            # Said here, because the policy for pages is chosen before the file is opened.
            headers["Content-Type"] = "text/html; charset=utf-8"
        return web.FileResponse(path, headers=headers)

    return [
        web.get("/", get_file),
        web.get("/{name:" + HASHED_FOLDER + r"/[A-Za-z0-9_./-]+}", get_file),
        web.get(r"/{name:[A-Za-z0-9_-]+\.[A-Za-z0-9.]+}", get_file),
    ]
