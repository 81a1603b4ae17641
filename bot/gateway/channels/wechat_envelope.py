"""The signed and encrypted envelope of WeCom and WeChat Official Accounts, on wechatpy's cipher and signer.

A message is random(16) + length(4, big endian) + XML + app id, padded to 32 bytes (PKCS #7), AES-256-CBC with the
key's first 16 bytes as the initial vector. Signatures are SHA-1 over the sorted strings. Source: the platforms'
documents on message encryption. wechatpy compares signatures with ``!=`` and does not check the padding; this does.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from secrets import token_hex
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from aiohttp import web
from wechatpy.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from bot.gateway.platforms.adapter import refused, same

BLOCK = 32
KEY_CHARS = 43


def key_problem(aes_key: str) -> bool:
    """Whether an EncodingAESKey has a wrong form: 43 characters that are 32 bytes in base64."""
    try:
        return len(aes_key) != KEY_CHARS or len(base64.b64decode(aes_key + "=", validate=True)) != BLOCK
    except (binascii.Error, ValueError):
        return True


def read_xml(data: bytes | str) -> dict[str, Any]:
    """The fields of ``<xml>…</xml>``; whatever cannot be read is refused. Entities are not expanded."""
    try:
        found = xmltodict.parse(data)
    except (ExpatError, ValueError):
        raise refused() from None
    fields = found.get("xml")
    if not isinstance(fields, dict):
        raise refused()
    return fields


def field(fields: dict[str, Any], name: str) -> str:
    """A field that is a text; empty when it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def cdata(text: str) -> str:
    """``text`` as character data."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def text_reply(to: str, sender: str, text: str) -> str:
    """The XML of a passive text reply."""
    return (
        f"<xml><ToUserName>{cdata(to)}</ToUserName><FromUserName>{cdata(sender)}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{cdata(text)}</Content></xml>"
    )


class Envelope:
    """Opens and seals.

    Args:
        app_id: the corp id or app id that has to end every message.
    """

    def __init__(self, token: str, aes_key: str, app_id: str) -> None:
        self._token = token
        self._app_id = app_id
        self._key = base64.b64decode(aes_key + "=") if aes_key else b""

    def check(self, signature: str, *parts: str) -> None:
        """Refuse a signature that is not the one over the token and ``parts``."""
        if not same(signature, self._sign(*parts)):
            raise refused()

    def _sign(self, *parts: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._token, *(part.encode("utf-8", "surrogatepass") for part in parts))
        return str(signer.signature)

    def open(self, encrypted: str) -> str:
        """The message in ``encrypted`` (base64); every fault is the same refusal."""
        if not self._key:
            raise refused()
        try:
            # A cipher is good for one message: pycryptodome's goes on where the last one ended.
            plain = PrpCrypto(self._key).cipher.decrypt(base64.b64decode(encrypted, validate=True))
            padding = plain[-1]
            length = int.from_bytes(plain[16:20], "big")
            message, end = plain[20 : 20 + length], plain[20 + length : len(plain) - padding]
            whole = 1 <= padding <= BLOCK and plain[-padding:] == bytes([padding]) * padding
            if not whole or len(message) != length or not same(end, self._app_id):
                raise refused()
            return bytes(message).decode()
        except (ValueError, IndexError):
            raise refused() from None

    def seal(self, xml: str) -> str:
        """``xml`` encrypted and signed, as the XML of a passive reply."""
        if not self._key:
            return xml
        encrypted = PrpCrypto(self._key).encrypt(xml, self._app_id).decode()
        timestamp, nonce = str(int(time.time())), token_hex(8)
        signature = self._sign(timestamp, nonce, encrypted)
        return (
            f"<xml><Encrypt>{cdata(encrypted)}</Encrypt><MsgSignature>{cdata(signature)}</MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
        )

    def passive(self, person: str, account: str) -> Callable[[str], web.Response]:
        """Makes the answer that carries a text to ``person`` in the acknowledgement."""

        def answer(text: str) -> web.Response:
            return web.Response(text=self.seal(text_reply(person, account, text)), content_type="application/xml")

        return answer


def utf8_length(text: str) -> int:
    """Bytes in UTF-8, in which both platforms count a text."""
    return len(text.encode())
