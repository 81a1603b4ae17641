"""Test vectors of the platforms' documents: the simulators and the adapters have to agree with them, not only with
each other."""

from __future__ import annotations

import subprocess
import sys

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.gateway.channels import feishu as feishu_channel
from bot.gateway.channels.wechat_envelope import Envelope
from bot.gateway.errors import RequestError
from tests.channels import feishu, slack, weixin

# WeCom's documents and SDKs, 加解密库 sample: the check of the address and a message.
CORP = "wx5823bf96d3bd56c7"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
MESSAGE = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    "HBZZIs2pDBS8R07+qN+E7Q=="
)
WECOM = [
    ("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780", ECHO, "1616140317555161061"),
    ("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", MESSAGE, "hello"),
]


@pytest.mark.parametrize(("signature", "timestamp", "nonce", "encrypted", "plain"), WECOM)
def test_wecom(signature: str, timestamp: str, nonce: str, encrypted: str, plain: str) -> None:
    assert weixin.sha1_sorted(weixin.TOKEN, timestamp, nonce, encrypted) == signature
    message, corp = weixin.decrypt(weixin.AES_KEY, encrypted)
    assert corp == CORP
    envelope = Envelope(weixin.TOKEN, weixin.AES_KEY, CORP)
    envelope.check(signature, timestamp, nonce, encrypted)
    assert envelope.open(encrypted) == message
    assert plain in message
    with pytest.raises(RequestError):
        Envelope(weixin.TOKEN, weixin.AES_KEY, "wx0000000000000000").open(encrypted)


def test_wecom_on_the_cipher_of_a_plain_install() -> None:
    """wechatpy takes another package's cipher where that is installed; users have pycryptodome's alone."""
    program = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from bot.gateway.channels.wechat_envelope import Envelope, read_xml\n"
        f"e = Envelope({weixin.TOKEN!r}, {weixin.AES_KEY!r}, {CORP!r})\n"
        f"assert e.open({ECHO!r}) == e.open({ECHO!r}) == '1616140317555161061'\n"
        "assert e.open(read_xml(e.seal('<xml>你</xml>'))['Encrypt']) == '<xml>你</xml>'\n"
        "print(type(e).__name__)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout == "Envelope\n", result.stderr


# Feishu's documents, 解密 sample.
def test_feishu() -> None:
    encrypted = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
    assert feishu_channel.decrypt("test key", encrypted) == b"hello world"
    assert feishu_channel.decrypt("test key", feishu.encrypt("test key", b"hello world")) == b"hello world"


# Slack's documents, Verifying requests from Slack.
def test_slack() -> None:
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert slack.sign(slack.SIGNING_SECRET, "1531420618", body.encode()) == signature
    verifier = SignatureVerifier(slack.SIGNING_SECRET)
    assert verifier.generate_signature(timestamp="1531420618", body=body) == signature
