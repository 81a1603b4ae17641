"""What is said about a picture or a video that was sent to be classified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actions.classify_replies import percent
from actions.reply import Reply
from models.pictures.classifier import PictureClassifier, PictureResult, open_picture
from models.pictures.heads import Scored
from models.pictures.video import UNSURE, VideoResult, watch

NOT_BUILT = "看图片和视频的模型还没有装好，暂时没法看；文字分类、推荐和其它问题现在就可以问我。"
UNSAFE = "这{what}的内容可能不适合在公开场合谈论，我就不描述了。换一{unit}别的发给我吧。"
WORTH_NAMING = 0.05
LONGEST_TIMELINE = 12


def looked_at(attachment: Mapping[str, str], pictures: PictureClassifier | None) -> Reply:
    """The reply about an attached picture or video.

    Raises:
        WenyuError: the file cannot be read.
    """
    if pictures is None:
        return Reply(text=NOT_BUILT, capability="classify", band="refuse", confidence=0.0, data=_data())
    path = Path(attachment["path"])
    if attachment.get("kind") == "video":
        return _video(watch(pictures, path))
    return _picture(pictures.look(open_picture(path)))


def _named(scores: tuple[Scored, ...]) -> str:
    worth = [s for n, s in enumerate(scores) if n == 0 or s.probability >= WORTH_NAMING]
    return "、".join(f"{s.label}（{percent(s.probability)}）" for s in worth)


def _picture(found: PictureResult) -> Reply:
    if found.unsafe:
        return _refused("张图", "张")
    lines = []
    if found.own_sure:
        lines.append(f"按站内的标签，这是：{_named(found.own)}")
    if found.kinds:
        said = found.kinds[0] if found.kind_sure else None
        lines.append(f"这张图像是{said.label}（{percent(said.probability)}）。" if said else "是哪一种图：看不准。")
    if found.subject_sure:
        lines.append(f"画面里像是：{_named(found.subjects)}")
    else:
        lines.append("画面里具体是什么：看不准。我认得常见的动物、食物、交通工具、器物和风景，画作和人物认得不多。")
    sure = found.own_sure or found.subject_sure or found.kind_sure
    labels = [*(found.own if found.own_sure else ()), *(found.subjects if found.subject_sure else ())]
    kinds = found.kinds[:1] if found.kind_sure else ()
    return Reply(
        text="\n".join(lines),
        capability="classify",
        band="answer" if sure else "suggest",
        confidence=min(1.0, (labels or list(kinds) or [Scored("", 0.0)])[0].probability),
        data=_data([*kinds, *labels], kinds=found.kinds),
    )


def _video(found: VideoResult) -> Reply:
    if found.unsafe:
        return _refused("段视频", "段")
    lines = [f"这段视频长 {found.seconds:.0f} 秒，我看了 {len(found.timeline)} 个片段。"]
    if found.kinds and found.kinds[0].probability >= 0.5:
        lines.append(f"画面多半是{found.kinds[0].label}（{percent(found.kinds[0].probability)}）。")
    known = [s for s in found.timeline if s.label != UNSURE]
    if found.subjects and known:
        lines.append("出现的内容：" + "、".join(dict.fromkeys(s.label for s in known)) + "。")
        lines += [f"{clock(s.start)}–{clock(s.end)} {s.label}" for s in found.timeline[:LONGEST_TIMELINE]]
        if len(found.timeline) > LONGEST_TIMELINE:
            lines.append(f"……共 {len(found.timeline)} 段")
    else:
        lines.append("画面里具体是什么：看不准。")
    return Reply(
        text="\n".join(lines),
        capability="classify",
        band="answer" if known else "suggest",
        confidence=min(1.0, found.subjects[0].probability) if found.subjects else 0.0,
        data=_data(found.subjects, kinds=found.kinds)
        | {
            "timeline": [
                {
                    "start": round(s.start, 2),
                    "end": round(s.end, 2),
                    "label": s.label,
                    "probability": round(s.probability, 4),
                }
                for s in found.timeline
            ]
        },
    )


def _refused(what: str, unit: str) -> Reply:
    text = UNSAFE.format(what=what, unit=unit)
    return Reply(text=text, capability="classify", band="refuse", confidence=0.0, data=_data() | {"unsafe": True})


def _data(labels: object = (), kinds: object = ()) -> dict[str, Any]:
    def scored(values: Any) -> list[dict[str, Any]]:
        return [{"label": s.label, "probability": round(s.probability, 4)} for s in values]

    return {"labels": scored(labels), "kinds": scored(kinds), "polarity": None, "tags": [], "evidence": []}


def clock(seconds: float) -> str:
    """Minutes and seconds, as 1:05."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
