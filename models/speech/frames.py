"""What goes over the pipe between the gateway and a speech process: a JSON header, then bytes."""

from __future__ import annotations

import struct
from typing import Any

import orjson

LENGTHS = struct.Struct("<II")
"""Bytes of the header and of the body."""


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame."""
    head = orjson.dumps(header)
    return LENGTHS.pack(len(head), len(body)) + head + body
