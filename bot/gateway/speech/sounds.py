"""Decodes a recording to 16-bit mono samples at 16 kHz, in a process of its own.

``python sounds.py MAX_SECONDS < recording > samples``: like pictures, recordings may be made to break a decoder. What a
file says of itself is not believed: the samples that come out are counted. Exit status 0: samples. 2: too long. 3: not a
readable recording.
"""

from __future__ import annotations

import io
import resource
import sys

import av

RATE = 16_000
MEMORY_BYTES = 2**30
CPU_SECONDS = 10
TOO_LONG, UNREADABLE = 2, 3
CONTAINERS = frozenset(("wav", "ogg", "webm", "matroska", "mp3", "amr", "mov", "mp4", "m4a", "aac", "flac"))
LARGEST_FRAME = 1 << 20


def limit_process() -> None:
    """Let the kernel end this process when it wants more than a recording needs, or to write any file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def decode(data: bytes, max_seconds: int) -> bytes:
    """The samples of the first sound track.

    Raises:
        OverflowError: longer than ``max_seconds``.
        ValueError: no container, or no sound in it, that is accepted.
    """
    out = bytearray()
    with av.open(io.BytesIO(data)) as container:
        if not CONTAINERS & set(container.format.name.split(",")) or not container.streams.audio:
            raise ValueError
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("s16", "mono", RATE)
        frames = container.decode(stream)
        while True:
            try:
                frame = next(frames, None)
            except av.error.InvalidDataError:
                # Phones cut a recording off in the middle of a packet; what was heard before counts.
                frame = None
            if frame is not None and frame.samples > LARGEST_FRAME:
                raise ValueError
            for part in resampler.resample(frame):
                out += bytes(part.planes[0])[: part.samples * 2]
            if len(out) > max_seconds * RATE * 2:
                raise OverflowError
            if frame is None:
                break
    if not out:
        raise ValueError
    return bytes(out)


def main(max_seconds: int) -> int:
    """Standard input to standard output; returns the exit status."""
    av.logging.set_level(None)
    limit_process()
    try:
        samples = decode(sys.stdin.buffer.read(), max_seconds)
    except OverflowError:
        return TOO_LONG
    except (av.error.FFmpegError, ValueError, MemoryError, EOFError, IndexError):
        return UNREADABLE
    sys.stdout.buffer.write(samples)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
