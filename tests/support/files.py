"""Pictures and sounds, made for the tests."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

SECRET = "GPS 31.2304N 121.4737E"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), *, mode: str = "RGB") -> bytes:
    """A small picture, lighter at the top, whose metadata hold :data:`SECRET` and (for JPEG) a turn by 90 degrees."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    if kind == "JPEG":
        exif[0x0112] = 6
    data = io.BytesIO()
    image.save(data, kind, exif=exif)
    return data.getvalue()


def animation() -> bytes:
    """A GIF of three frames."""
    frames = [Image.new("P", (20, 10), color) for color in (1, 2, 3)]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    return data.getvalue()


def huge_png(side: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises ``side``² pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
