"""Security headers, and which other web sites may call the API from a browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from bot.gateway.errors import RequestError
from bot.settings import Settings

API_PREFIX = "/api/"
# Scripts, styles and pictures only from this server and none inline; the widget uses constructed style sheets.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A file that is opened by itself (an SVG score, for one) can do nothing at all.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; sandbox"
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
COMMON = {
    "Server": "wenyu",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}


class SecurityHeaders:
    """Checks the origin of a request and completes the headers of its answer."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(settings.cors_origins)
        self._own_origin = "{0.scheme}://{0.netloc}".format(urlsplit(settings.effective_public_url))
        self._https = settings.effective_public_url.startswith("https://")

    def _allowed(self, request: web.Request, origin: str) -> bool:
        return origin in self._origins or origin == self._own_origin or urlsplit(origin).netloc == request.host

    def check(self, request: web.Request) -> None:
        """Refuse a WebSocket that a page of an unknown site opens (browsers apply no CORS to those), and bodies
        that are compressed (they would be inflated before their size is known)."""
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise RequestError(415, "encoding_not_supported", "请求内容不能压缩。")
        origin = request.headers.get("Origin")
        if origin and request.headers.get("Upgrade") and not self._allowed(request, origin):
            raise RequestError(403, "origin_not_allowed", "这个网站没有被允许使用对话服务。")

    def apply(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers to an answer that has not been sent."""
        headers = response.headers
        headers.update(COMMON)
        if self._https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if response.content_type == "text/html":
            headers["Content-Security-Policy"] = PAGE_POLICY
            headers["X-Frame-Options"] = "DENY"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        elif isinstance(response, web.FileResponse):
            headers["Content-Security-Policy"] = FILE_POLICY
            # Pages that embed the widget load its script and the replies' files from here.
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            headers["Access-Control-Allow-Origin"] = "*"
        else:
            headers["Content-Security-Policy"] = API_POLICY
            headers["Cache-Control"] = "no-store"
            self._apply_cors(request, headers)

    def _apply_cors(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin and request.path.startswith(API_PREFIX) and self._allowed(request, origin):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After, Wenyu-Parts"
            if request.method == "OPTIONS":
                headers.update(PREFLIGHT)


def is_preflight(request: web.Request) -> bool:
    """Whether a browser only asks what it may send; :meth:`SecurityHeaders.apply` adds the answer."""
    return request.method == "OPTIONS" and request.path.startswith(API_PREFIX)
