"""Turns a visitor's video into a storyboard, in a process of its own.

``python videos.py MAX_PIXELS MAX_SECONDS BUDGET_SECONDS < video > storyboard``: standard input is a file that can be
read at any place. A decoder meets files that were made to break it, so it runs where it can be killed, with little
memory and time, and nothing of the original but pictures of its scenes comes out: an animated WebP that shows each for
as long as it stands for. Exit status 0: the first line of the output is ``image/webp``, the rest is the storyboard.
2: too many pixels. 3: not a readable video. 4: too long.
"""

from __future__ import annotations

import io
import math
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# Playlists and the like make FFmpeg open further files and addresses: only these two kinds of file, and only this one.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file,crypto|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm|threads;2"
)
os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

MEMORY_BYTES = 3 * 2**30
TOO_MANY_PIXELS, UNREADABLE, TOO_LONG = 2, 3, 4
SAMPLED_A_SECOND = 3.0
"""Pictures a second that are compared and may be shown."""
SIDE = 448
LONGEST_SHOT_S = 8.0
"""A scene without a cut is shown anew this often, because a camera that moves sees other things."""
MOST_SHOTS = 40
LEAST_CHANGE, OUTSTANDING = 0.10, 3.0
"""A cut changes the picture by at least this much, and by this many times the usual change around it."""
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A picture of the video: ``at`` seconds from its start, uint8 [h, w, 3] in RGB, and a float32 signature."""

    at: float
    pixels: Pixels
    signature: Floats


def limit_process(cpu_seconds: int) -> None:
    """Let the kernel end this process when it wants more than a video needs, or to write any file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def signature(picture: Pixels) -> Floats:
    """Colours of a picture in 4 by 4 parts, float32 [4 * 4 * 3] in [0, 1]: steady under noise, not under a cut."""
    small = cv2.cvtColor(cv2.resize(picture, (4, 4), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV)
    return (small.astype(np.float32) / np.array([180, 255, 255], np.float32)).ravel()


def samples(capture: cv2.VideoCapture, seconds: float, budget_s: float) -> Iterator[Sample]:
    """Pictures of the whole video, about SAMPLED_A_SECOND a second; fewer when decoding would take over ``budget_s``.

    Every frame is decoded while that is quick enough; a video that is too heavy for it is looked at around its key
    frames instead.
    """
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if math.isfinite(rate) and 1 <= rate <= 240 else 25.0
    every = max(1, round(rate / SAMPLED_A_SECOND))
    began, number = time.monotonic(), 0
    while capture.grab():
        if number % every == 0:
            yield sample_of(capture, number / rate)
        number += 1
        spent, done = time.monotonic() - began, number / rate
        if done > seconds + 1:
            return
        if spent > 1 and spent / done * seconds > budget_s:
            break
    else:
        return
    at = number / rate
    left = max(0.5, budget_s - (time.monotonic() - began))
    step, began = max(1.0, (seconds - at) / (2 * MOST_SHOTS)), time.monotonic()
    while at < seconds and time.monotonic() - began < left:
        capture.set(cv2.CAP_PROP_POS_MSEC, at * 1000)
        if not capture.grab():
            return
        yield sample_of(capture, at)
        at += step


def sample_of(capture: cv2.VideoCapture, at: float) -> Sample:
    """The frame that was decoded last, made small; raises ValueError when there is none."""
    found, frame = capture.retrieve()
    if not found or frame is None or frame.ndim != 3:
        raise ValueError
    scale = SIDE / max(frame.shape[:2])
    if scale < 1:
        size = max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    return Sample(at, picture, signature(picture))


def shots(found: list[Sample], end: float) -> list[tuple[float, Sample]]:
    """Where each shot begins, in seconds, and the picture that stands for it; the last one lasts until ``end``."""
    change = [float(np.abs(a.signature - b.signature).mean()) for a, b in pairwise(found)]
    cuts = [0]
    for i, value in enumerate(change):
        around = sorted(change[max(0, i - 6) : i] + change[i + 1 : i + 7])
        usual = around[len(around) // 2] if around else 0.0
        if value >= max(LEAST_CHANGE, OUTSTANDING * usual):
            cuts.append(i + 1)
    longest = max(LONGEST_SHOT_S, end / MOST_SHOTS)
    out = []
    for first, last in zip(cuts, [*cuts[1:], len(found)], strict=True):
        stop = found[last].at if last < len(found) else end
        parts = max(1, math.ceil((stop - found[first].at) / longest))
        for part in range(parts):
            inside = found[
                first + (last - first) * part // parts : max(first + 1, first + (last - first) * (part + 1) // parts)
            ]
            if inside:
                out.append((inside[0].at, inside[len(inside) // 2]))
    if len(out) > MOST_SHOTS:
        out = [out[i * len(out) // MOST_SHOTS] for i in range(MOST_SHOTS)]
    return out


def storyboard(found: list[tuple[float, Sample]], end: float) -> bytes:
    """An animated WebP: each picture is shown as long as its shot lasts."""
    starts = [at for at, _ in found]
    lasting = [
        max(1, round(1000 * (b - a))) for a, b in zip(starts, [*starts[1:], max(end, starts[-1] + 0.1)], strict=True)
    ]
    pictures = [Image.fromarray(sample.pixels) for _, sample in found]
    output = io.BytesIO()
    pictures[0].save(output, "WEBP", save_all=True, append_images=pictures[1:], duration=lasting, quality=80, method=2)
    return output.getvalue()


def main(max_pixels: int, max_seconds: float, budget_s: float) -> int:
    """Standard input to standard output; returns the exit status."""
    limit_process(int(4 * budget_s) + 4)
    cv2.setNumThreads(1)
    capture = cv2.VideoCapture("/proc/self/fd/0", cv2.CAP_FFMPEG)
    if not capture.isOpened():
        return UNREADABLE
    rate, frames = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    seconds = frames / rate if rate > 0 and frames > 0 else max_seconds
    if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > max_pixels:
        return TOO_MANY_PIXELS
    if seconds > max_seconds + 1:
        return TOO_LONG
    try:
        found = list(samples(capture, seconds, budget_s))
        if not found:
            return UNREADABLE
        # A recording of a browser does not know its own length.
        end = seconds if frames > 0 else found[-1].at + 1 / SAMPLED_A_SECOND
        result = storyboard(shots(found, end), end)
    except (cv2.error, ValueError, MemoryError, OSError):
        return UNREADABLE
    sys.stdout.buffer.write(b"image/webp\n" + result)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
