"""What happens around every request: errors become the one JSON shape, answers get their headers, all is counted."""

from __future__ import annotations

import secrets
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy.exc import SQLAlchemyError

from bot.gateway.context import GATEWAY
from bot.gateway.errors import RequestError, origin
from bot.gateway.http import error_response
from bot.gateway.security import SecurityHeaders, is_preflight
from models.errors import WenyuError

log = structlog.get_logger(__name__)
HTTP_ERRORS = {
    404: ("not_found", "没有这个地址。"),
    405: ("method_not_allowed", "这个地址不支持这种请求方法。"),
    413: ("body_too_large", "请求内容太大了。"),
}


def _refusal(error: Exception) -> web.Response:
    """The JSON answer to an exception; what is not expected becomes a 500 with a reference number."""
    if isinstance(error, RequestError):
        return error_response(error)
    if isinstance(error, WenyuError):
        return error_response(RequestError(error.status, error.code, error.user_message))
    if isinstance(error, web.HTTPException):
        code, sentence = HTTP_ERRORS.get(error.status, ("bad_request", "请求不符合要求。"))
        response = error_response(RequestError(error.status, code, sentence))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    reference = "E" + secrets.token_hex(4).upper()
    if isinstance(error, SQLAlchemyError):
        log.error("database_failed", reference=reference, error=type(error).__name__)
        sentence = f"抱歉，服务现在有些忙，请稍后再试。编号 {reference}。"
        return error_response(RequestError(503, "storage_unavailable", sentence, retry_after_s=5))
    log.error("request_failed", reference=reference, error=type(error).__name__, origin=origin(error))
    sentence = f"抱歉，服务出了点问题，请稍后再试。编号 {reference}。"
    return error_response(RequestError(500, "internal_error", sentence))


def around_requests(security: SecurityHeaders) -> Middleware:
    """The one middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        metrics = request.app[GATEWAY].metrics
        started = time.perf_counter()
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unknown"
        try:
            security.check(request)
            if is_preflight(request):
                response: web.StreamResponse = web.Response(status=204)
            else:
                response = await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = _refusal(error)
        except Exception as error:
            if isinstance(error, ConnectionError):
                raise
            response = _refusal(error)
            if isinstance(error, WenyuError):
                metrics.refused.labels(error.code).inc()
        if not response.prepared:
            security.apply(request, response)
        metrics.requests.labels(request.method, route, response.status).inc()
        metrics.request_seconds.labels(route).observe(time.perf_counter() - started)
        return response

    return middleware
