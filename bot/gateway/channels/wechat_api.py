"""What the APIs of WeCom and WeChat Official Accounts share: ``access_token`` in the query, ``errcode`` in the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from bot.gateway.platforms.adapter import FilePart, file_form
from bot.gateway.platforms.api import PlatformApi, PlatformError, Result

BAD_TOKEN = frozenset({40001, 40014, 42001, 42007})
# System busy, too frequent, too many at once: the same call succeeds later.
TEMPORARY = frozenset({-1, 6000, 45009, 45011, 45033, 50002})


def check(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, when its ``errcode`` is 0 or missing.

    Raises:
        PlatformError: any other code; only the known temporary ones are worth another attempt.
    """
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    raise PlatformError(
        f"errcode_{code}", permanent=code not in TEMPORARY and code not in BAD_TOKEN, bad_token=code in BAD_TOKEN
    )


class WeixinApi:
    """Calls with an access token.

    Args:
        name: of the token in the shared store.
        token_request: method, path and arguments of the call that fetches one.
    """

    def __init__(
        self, api: PlatformApi, base_url: str, name: str, token_request: tuple[str, str, dict[str, Any]]
    ) -> None:
        self._api = api
        self._base_url = base_url.rstrip("/")
        self._name = name
        self._token_request = token_request

    async def _fetch_token(self) -> tuple[str, float]:
        method, path, arguments = self._token_request
        answer = check(await self._api.call(method, self._base_url + path, **arguments))
        return str(answer["access_token"]), float(answer["expires_in"])

    async def _with_token(self, work: Callable[[str], Awaitable[Result]]) -> Result:
        return await self._api.with_token(self._name, self._fetch_token, work)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call with a JSON body; a token that was not accepted is fetched anew once."""

        async def work(token: str) -> dict[str, Any]:
            # Not aiohttp's own JSON: it writes Chinese as \\u escapes, which WeChat shows as they are.
            headers = {"Content-Type": "application/json; charset=utf-8"}
            url = self._base_url + path
            answer = await self._api.call(
                "POST", url, params={"access_token": token}, data=orjson.dumps(body), headers=headers
            )
            return check(answer)

        return await self._with_token(work)

    async def upload(self, part: FilePart, kind: str) -> str:
        """The media id of an uploaded file."""

        async def work(token: str) -> str:
            form = file_form(part, "media")
            url, query = self._base_url + "/cgi-bin/media/upload", {"access_token": token, "type": kind}
            return str(check(await self._api.call("POST", url, params=query, data=form))["media_id"])

        return await self._with_token(work)

    async def download(self, media_id: str, max_bytes: int) -> bytes:
        """A file that a person sent."""

        async def work(token: str) -> bytes:
            url, query = self._base_url + "/cgi-bin/media/get", {"access_token": token, "media_id": media_id}
            kind, data = await self._api.file("GET", url, max_bytes, params=query)
            if kind in ("application/json", "text/plain"):
                check(orjson.loads(data))
            return data

        return await self._with_token(work)
