"""Decodes a visitor's picture and writes it anew, in a process of its own.

``python pictures.py MAX_PIXELS MAX_SIDE < original > picture``: a decoder meets files that were made to break it, so
it runs where it can be killed, with little memory and time, and nothing of the original but its pixels comes out.
Exit status 0: the first line of the output is ``image/jpeg`` or ``image/png``, the rest is the picture. 2: too many
pixels. 3: not a readable picture.
"""

from __future__ import annotations

import io
import resource
import sys
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MEMORY_BYTES = 2**30
CPU_SECONDS = 8
TOO_MANY_PIXELS, UNREADABLE = 2, 3


def limit_process() -> None:
    """Let the kernel end this process when it wants more than a picture needs, or to write any file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def reencode(data: bytes, max_pixels: int, max_side: int) -> tuple[str, bytes]:
    """The picture upright, at most ``max_side`` pixels long, without metadata; the first frame of an animation.

    Returns:
        MIME type and file: PNG when it has transparency, else JPEG.

    Raises:
        OverflowError: more than ``max_pixels`` pixels by its header; nothing has been decoded then.
    """
    with Image.open(io.BytesIO(data), formats=FORMATS) as original:
        if original.width * original.height > max_pixels:
            raise OverflowError
        transparent = original.has_transparency_data
        picture = ImageOps.exif_transpose(original).convert("RGBA" if transparent else "RGB")
    picture.thumbnail((max_side, max_side))
    # A new image takes the pixels and leaves everything else behind.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    output = io.BytesIO()
    if transparent:
        clean.save(output, "PNG")
        return "image/png", output.getvalue()
    clean.save(output, "JPEG", quality=90)
    return "image/jpeg", output.getvalue()


def main(max_pixels: int, max_side: int) -> int:
    """Standard input to standard output; returns the exit status."""
    limit_process()
    warnings.simplefilter("ignore")
    try:
        mime, picture = reencode(sys.stdin.buffer.read(), max_pixels, max_side)
    except (OverflowError, Image.DecompressionBombError):
        return TOO_MANY_PIXELS
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError, EOFError):
        return UNREADABLE
    sys.stdout.buffer.write(mime.encode() + b"\n" + picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
