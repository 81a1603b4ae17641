"""More than two hundred files that were made to break a decoder: refused or handled, quickly, with a Chinese sentence."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from bot.gateway.errors import RequestError
from bot.gateway.picture_decoder import MAX_SIDE, PictureDecoder
from bot.gateway.upload_store import check_file

MUTATIONS = 26


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, body: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that claims a size, whatever is in it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def hostile() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    sound = {f: saved(small, f) for f in ("JPEG", "PNG", "WEBP", "GIF")}
    for form, data in sound.items():
        for number in range(MUTATIONS):
            broken = bytearray(data)
            for place in rng.integers(4, len(broken), 1 + number):
                broken[place] = int(rng.integers(256))
            yield f"{form} with {1 + number} wrong bytes", bytes(broken)
        for part in (1, 5, 12, 30, 50, 80, 95):
            yield f"{form} cut at {part} %", data[: max(1, len(data) * part // 100)]
        yield f"{form} with a tail", data + rng.bytes(2000)
        yield f"{form} after rubbish", rng.bytes(7) + data
    for side in (20_000, 65_535, 2**31 - 1):
        yield f"PNG that claims {side}", png(side, side, b"\0" * 100)
        yield f"PNG that claims {side} by 1", png(side, 1, b"\0" * 100)
    yield "bomb of zeros", png(6_000, 6_000, b"\0" * (6_000 * 3 + 1) * 200)
    yield "nothing in it", png(300, 300, b"")
    yield "no pixels", png(0, 0, b"")
    for text in (b"", b"\0", b"GIF89a", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF",
                 b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"BM" + b"\0" * 60, b"II*\0" + b"\0" * 60,
                 b"PK\x03\x04", b"#!/bin/sh\nrm -rf /\n", b"<html>", "不是图片".encode()):  # fmt: skip
        yield f"only {text[:12]!r}", text
    for mode, form in (("CMYK", "JPEG"), ("I;16", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("L", "JPEG")):
        yield f"{mode} {form}", saved(Image.new(mode, (30, 20)), form)
    yield "one pixel", saved(Image.new("RGB", (1, 1)), "PNG")
    yield "a line", saved(Image.new("RGB", (5_000, 1)), "PNG")
    frames = [Image.new("P", (50, 50), i) for i in range(60)]
    yield "animation", saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield "animated WebP", saved(small, "WEBP", save_all=True, append_images=[small.rotate(9)] * 5)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"turned {orientation}", saved(small, "JPEG", exif=exif)
    for number in range(40):
        magic = (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a")[number % 3]
        yield f"noise {number}", magic + rng.bytes(50 + number * 40)


FILES = list(hostile())


async def attempt(data: bytes, decoder: PictureDecoder) -> tuple[str, bytes] | RequestError:
    """The file made safe, or the refusal."""
    try:
        return await check_file(data, decoder)
    except RequestError as error:
        return error


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 200
    assert len({name for name, _ in FILES}) == len(FILES)


@pytest.mark.parametrize("start", range(0, len(FILES), 25))
async def test_each_is_refused_in_chinese_or_made_safe(start: int) -> None:
    decoder = PictureDecoder()
    for name, data in FILES[start : start + 25]:
        found = await attempt(data, decoder)
        if isinstance(found, RequestError):
            assert found.status in (413, 415, 422), name
            assert any("\u4e00" <= c <= "\u9fff" for c in found.user_message), name
            continue
        mime, picture = found
        assert mime in ("image/jpeg", "image/png"), name
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
            assert max(image.size) <= MAX_SIDE, name
            assert not image.getexif(), name
            assert getattr(image, "n_frames", 1) == 1, name
