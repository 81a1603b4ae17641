"""A video as its storyboard: an animated picture whose frames last as long as the shots that they stand for.

The storyboard is made by whoever takes the video in; here it is read, and what each shot shows is put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from models.pictures.classifier import PictureClassifier, PictureResult
from models.pictures.errors import PictureError
from models.pictures.heads import Scored

MOST_SHOTS = 40
UNSURE = "看不准"


@dataclass(frozen=True)
class Shot:
    """A shot from ``start`` to ``end``, in seconds, and what is said about its picture."""

    start: float
    end: float
    result: PictureResult


@dataclass(frozen=True)
class Stretch:
    """Neighbouring shots of one label; seconds, and the mean probability."""

    start: float
    end: float
    label: str
    probability: float


@dataclass(frozen=True)
class VideoResult:
    """``subjects`` and ``kinds`` are averaged over time; ``timeline`` is what is shown when."""

    seconds: float
    kinds: tuple[Scored, ...]
    subjects: tuple[Scored, ...]
    timeline: tuple[Stretch, ...]
    unsafe: bool


def read_storyboard(path: Path) -> list[tuple[float, float, Image.Image]]:
    """Start and end in seconds and the picture of every shot.

    Raises:
        PictureError: the file cannot be read.
    """
    shots, at = [], 0.0
    try:
        with Image.open(path) as board:
            for number in range(min(getattr(board, "n_frames", 1), MOST_SHOTS)):
                board.seek(number)
                picture = board.convert("RGB")
                lasts = float(board.info.get("duration") or 1000) / 1000
                shots.append((at, at + lasts, picture))
                at += lasts
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureError("这段视频打不开，请换一段再发。", hint=f"{path.name} 读不出来") from error
    return shots


def watch(classifier: PictureClassifier, path: Path) -> VideoResult:
    """Everything that is said about a video."""
    shots = [Shot(a, b, classifier.look(picture, top=5)) for a, b, picture in read_storyboard(path)]
    return VideoResult(
        seconds=shots[-1].end,
        kinds=over_time([(s.end - s.start, s.result.kinds) for s in shots]),
        subjects=over_time([(s.end - s.start, s.result.subjects if s.result.subject_sure else ()) for s in shots]),
        timeline=timeline(shots),
        unsafe=any(s.result.unsafe for s in shots),
    )


def over_time(parts: Sequence[tuple[float, Sequence[Scored]]]) -> tuple[Scored, ...]:
    """Labels by the share of the time that they were seen for, weighted by their probability."""
    whole = sum(seconds for seconds, _ in parts) or 1.0
    sums: dict[str, float] = {}
    for seconds, scores in parts:
        for scored in scores:
            sums[scored.label] = sums.get(scored.label, 0.0) + seconds * scored.probability / whole
    return tuple(Scored(label, value) for label, value in sorted(sums.items(), key=lambda item: -item[1])[:3])


def timeline(shots: Sequence[Shot]) -> tuple[Stretch, ...]:
    """What is shown when; neighbouring shots of the same label are one stretch."""
    out: list[Stretch] = []
    for shot in shots:
        best = shot.result.own[0] if shot.result.own_sure else shot.result.subjects[0]
        sure = shot.result.own_sure or shot.result.subject_sure
        label, p = (best.label, best.probability) if sure else (UNSURE, 0.0)
        if out and out[-1].label == label:
            last = out[-1]
            before, now = last.end - last.start, shot.end - shot.start
            mean = (last.probability * before + p * now) / (before + now)
            out[-1] = Stretch(last.start, shot.end, label, mean)
        else:
            out.append(Stretch(shot.start, shot.end, label, p))
    return tuple(out)
