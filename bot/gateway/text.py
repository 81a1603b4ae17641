"""Turns what a visitor typed into what the dialogue reads."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

from bot.gateway.errors import RequestError

# Control characters other than tab and line feed; invisible format characters (zero-width, bidirectional
# overrides, tags); noncharacters. Variation selectors and the joiner of emoji go too: no skill reads them.
UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e0fff]"
)
SURROGATE = re.compile("[\ud800-\udfff]")
SPACES = re.compile(r"[ \t\u3000]+")


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """NFKC, traditional to simplified characters, unreadable characters removed, white space collapsed.

    A leading slash, which would be a command to the dialogue engine, is written full-width: it stays text.

    Returns:
        the text for the dialogue; may be empty. NFKC can lengthen a text up to 18 times.
    """
    text = unicodedata.normalize("NFKC", UNREADABLE.sub("", text.replace("\r", "\n")))
    text = SPACES.sub(" ", _simplifier().convert(text)).strip()
    return "／" + text[1:] if text.startswith("/") else text


def readable(original: str, max_chars: int, *, may_be_empty: bool = False) -> str:
    """Check what a visitor typed and normalise it.

    Args:
        max_chars: how long the original and the normalised text may be.
        may_be_empty: true with an attachment.

    Raises:
        RequestError: 413 too long; 400 with a NUL or a lone surrogate, which cannot be stored; 400 empty.
    """
    too_long = RequestError(413, "text_too_long", f"这条消息太长了，请控制在 {max_chars} 个字以内，可以分几条发。")
    if len(original) > max_chars:
        raise too_long
    if "\0" in original or SURROGATE.search(original):
        raise RequestError(400, "invalid_text", "消息里有无法识别的字符，请重新输入。")
    text = normalise(original)
    if len(text) > max_chars:
        raise too_long
    if not text and not may_be_empty:
        raise RequestError(400, "empty_message", "消息是空的，请输入文字或添加附件。")
    return text
