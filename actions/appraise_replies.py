"""How the appraising skill says things: in the usual tone, for experts, and for children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actions.appraise_state import State
from actions.reply import Button
from models.appraisal.attributes import ATTRIBUTES, Attribute, Judged
from models.appraisal.heads import NOISE, PAGE, PHOTO
from models.appraisal.model import Appraisal

BY_KEY = {a.key: a for a in ATTRIBUTES}
SURE_GENRE = 0.7
SURE_MOOD = 0.5
LEVELS = ((80, "出色"), (70, "很好"), (60, "不错"), (50, "一般"), (0, "还有不小的余地"))
CHOICES = tuple(Button(title=t, payload=t) for t in ("鉴赏", "识别类型", "打标签"))
NO_PICTURE = "请先发一张画的图片（聊天窗左下角可以添加图片），我看到了才能说；没有见到的画，我不编。"
BASIS = "分数由两部分组成：五项能从画面算出来的属性（名称和权重依 APDDv2 的评分表），和一个学会了“把完好的画排在被损坏的副本前面”的小网络。它没有学过人的打分，衡量不了立意、创意和艺术价值。"
UNLEARNED_MEDIUM = "油画、水彩、素描、版画我没有可靠的样本，画种不敢下结论。"
KINDS_SAID = {PHOTO: "照片", PAGE: "文档、截图或图表", NOISE: "没有内容的画面"}


def buttons(*says: str) -> tuple[Button, ...]:
    """Buttons that say what they show."""
    return tuple(Button(title=s, payload=s) for s in says)


def level(value: float) -> str:
    """A value of 0 to 100 in a word."""
    return next(word for limit, word in LEVELS if value >= limit)


def attributes_line(appraisal: Appraisal) -> str:
    """Every attribute with its value."""
    return "；".join(f"{a.name} {appraisal.attributes[a.key]:.0f}" for a in ATTRIBUTES)


def ordered(appraisal: Appraisal) -> list[tuple[Attribute, Judged]]:
    """Every part of every attribute, what cost the most points first."""
    found = [(BY_KEY[key], j) for key, parts in appraisal.parts.items() for j in parts]
    return sorted(found, key=lambda pair: pair[0].weight * (pair[1].goodness - 1) / len(pair[0].parts))


def strengths(appraisal: Appraisal, count: int) -> list[tuple[Attribute, Judged]]:
    """The best parts, at most one of each attribute."""
    chosen: dict[str, tuple[Attribute, Judged]] = {}
    for attribute, part in sorted(ordered(appraisal), key=lambda p: -p[0].weight * p[1].goodness):
        if part.goodness >= 0.5:
            chosen.setdefault(attribute.key, (attribute, part))
    return list(chosen.values())[:count]


def weaknesses(appraisal: Appraisal, count: int) -> list[tuple[Attribute, Judged]]:
    """The parts that cost the most, at most one of each attribute."""
    chosen: dict[str, tuple[Attribute, Judged]] = {}
    for attribute, part in ordered(appraisal):
        if part.goodness < 0.5:
            chosen.setdefault(attribute.key, (attribute, part))
    return list(chosen.values())[:count]


def finding(part: Judged, tone: str) -> str:
    """One finding in the tone of the conversation."""
    if tone == "simple":
        return part.part.plain[0 if part.goodness >= 0.5 else 1]
    if tone == "expert":
        return f"{part.finding}（{part.part.name} {part.goodness:.2f}）"
    return part.finding


def genre_line(appraisal: Appraisal) -> str:
    """What it is of, as far as that is known."""
    if not appraisal.genres:
        return ""
    name, probability = appraisal.genres[0]
    if probability >= SURE_GENRE:
        return f"题材是{name}（把握 {probability:.0%}）"
    others = "、".join(f"{n} {p:.0%}" for n, p in appraisal.genres[:2])
    return f"题材拿不准（{others}）"


def mood_line(appraisal: Appraisal) -> str:
    """The mood that its tones suggest, or nothing when none is likely."""
    if not appraisal.moods or appraisal.moods[0][1] < SURE_MOOD:
        return ""
    name, probability = appraisal.moods[0]
    return f"意境偏{name}（把握 {probability:.0%}）"


def moods(appraisal: Appraisal, areas: Mapping[str, float]) -> list[str]:
    """Every mood with its probability, and what that rests on."""
    listed = "、".join(f"{name} {p:.0%}" for name, p in appraisal.moods)
    lead = mood_line(appraisal) or "五种意境都不明显"
    least, most = min(areas.values()), max(areas.values())
    return [
        f"{lead}。五种意境各自的可能：{listed}。",
        "这只是从色相、明暗和颜色的分布推断的（497 幅国画的观众标注），画的是什么我没有算进去，"
        f"所以准头有限：交叉验证的 AUC 在 {least:.2f} 到 {most:.2f} 之间（0.5 是瞎猜，1 是全对）。",
    ]


def palette_line(appraisal: Appraisal) -> str:
    """The colours with their shares."""
    return "、".join(f"{s.name} {s.colour} 占 {s.share:.0%}" for s in appraisal.palette)


def sentences(appraisal: Appraisal, state: State) -> list[str]:
    """Two or three sentences of reasons, drawn from the numbers."""
    good, weak = strengths(appraisal, 2), weaknesses(appraisal, 2)
    lines = []
    if good:
        said = "；".join(f"{a.name}上，{finding(p, state.tone)}" for a, p in good)
        lead = {"simple": "我最喜欢的地方：", "expert": "长处："}.get(state.tone, "好在哪：")
        lines.append(lead + said + "。")
    if weak:
        said = "；".join(f"{a.name}上，{finding(p, state.tone)}" for a, p in weak)
        lead = {"simple": "还可以更棒：", "expert": "不足："}.get(state.tone, "差在哪：")
        if state.child:
            lead = "再往前一小步："
        lines.append(lead + said + "。")
    return lines


def advice(appraisal: Appraisal, count: int = 2) -> list[str]:
    """What to change, the most rewarding first."""
    return [f"{a.name}：{p.part.advice}。" for a, p in weaknesses(appraisal, count)]


def score_said(appraisal: Appraisal) -> str:
    """The total with its spread."""
    return f"总分 {appraisal.score:.0f}（±{max(1.0, appraisal.spread):.0f}）"


def score_line(appraisal: Appraisal, reference: str) -> str:
    """The total with its spread and what it is compared with."""
    if appraisal.score is None or appraisal.percentile is None:
        return "这台服务器没有启用打分的模型，只说能从画面上算出来的。"
    return f"{score_said(appraisal)}，高于参考集里 {appraisal.percentile:.0f} % 的作品（参考集：{reference}）。"


def not_a_painting(appraisal: Appraisal) -> str:
    """Why there is no score."""
    said = KINDS_SAID[appraisal.kind]
    return (
        f"这张图看起来是{said}（把握 {appraisal.kind_probability:.0%}），不是绘画作品，我就不打分了。"
        "如果它确实是画，请说“这是画”，我照画来看。"
    )


def data(appraisal: Appraisal) -> dict[str, Any]:
    """The machine-readable result."""
    scored = appraisal.score is not None
    return {
        "score": round(appraisal.score, 1) if appraisal.score is not None else None,
        "spread": round(appraisal.spread, 1) if scored else None,
        "percentile": round(appraisal.percentile, 1) if appraisal.percentile is not None else None,
        "attributes": {k: round(v, 1) for k, v in appraisal.attributes.items()} if appraisal.is_painting else {},
        "genre": appraisal.genres[0][0] if appraisal.genres and appraisal.genres[0][1] >= SURE_GENRE else None,
        "genres": [{"label": n, "probability": round(p, 4)} for n, p in appraisal.genres],
        "mood": appraisal.moods[0][0] if mood_line(appraisal) else None,
        "moods": [{"label": n, "probability": round(p, 4)} for n, p in appraisal.moods],
        "kind": appraisal.kind,
        "palette": [{"colour": s.colour, "name": s.name, "share": round(s.share, 3)} for s in appraisal.palette],
    }


def attribute_lines(appraisal: Appraisal, key: str, tone: str) -> list[str]:
    """Everything about one attribute."""
    attribute, value = BY_KEY[key], appraisal.attributes[key]
    lines = [f"{attribute.name}：{value:.0f} 分，{level(value)}。"]
    parts = sorted(appraisal.parts[key], key=lambda j: -j.goodness)
    lines += [f"· {part.part.name}：{finding(part, tone)}" for part in parts]
    weak = [part for part in reversed(parts) if part.goodness < 0.5]
    if weak:
        lines.append(f"可以先试：{weak[0].part.advice}。")
    if tone == "expert":
        lines.append(f"对应 APDDv2 评分表的 {attribute.rubric}，占总分权重 {attribute.weight:.0%}。")
    return lines


def compared(now: Appraisal, before: Appraisal) -> list[str]:
    """Two works side by side."""
    if now.score is None or before.score is None:
        return ["这两张里至少有一张没有打分，只能比属性。", *_differences(now, before)]
    gap = now.score - before.score
    noise = (now.spread**2 + before.spread**2) ** 0.5
    if abs(gap) <= noise:
        verdict = f"这一张 {now.score:.0f}，上一张 {before.score:.0f}，差距在误差（±{noise:.0f}）之内，分不出高下。"
    else:
        better = "这一张" if gap > 0 else "上一张"
        verdict = f"{better}更好：这一张 {now.score:.0f}，上一张 {before.score:.0f}，差 {abs(gap):.0f} 分（误差约 ±{noise:.0f}）。"
    return [verdict, *_differences(now, before)]


def _differences(now: Appraisal, before: Appraisal) -> list[str]:
    gaps = sorted(
        ((now.attributes[a.key] - before.attributes[a.key], a.name) for a in ATTRIBUTES), key=lambda g: -abs(g[0])
    )
    return [f"· {name}：{'这一张' if gap > 0 else '上一张'}高 {abs(gap):.0f} 分" for gap, name in gaps if abs(gap) >= 3]


def why(appraisal: Appraisal, tone: str) -> list[str]:
    """Where the points went, from the numbers themselves."""
    lines = []
    for attribute, part in weaknesses(appraisal, 4):
        lost = attribute.weight * (1 - part.goodness) / len(attribute.parts)
        lines.append(
            f"· {attribute.name}·{part.part.name}：{finding(part, tone)}（约占扣分的 {lost / _lost(appraisal):.0%}）"
        )
    if not lines:
        lines.append("· 五项属性都没有明显的失分处。")
    if appraisal.score is not None:
        # Adding zero makes -0 a plain 0.
        attributes, network = (round(share) + 0.0 for share in appraisal.shares)
        lines.append(
            f"和参考集的平均相比：属性这一块 {attributes:+.0f} 分，画面完好程度这一块 {network:+.0f} 分"
            "（模糊、噪点、压缩、偏色、裁切、变形、过曝都会拉低它）。"
        )
    return lines


def _lost(appraisal: Appraisal) -> float:
    return sum(a.weight * (1 - p.goodness) / len(a.parts) for a, p in ordered(appraisal)) or 1.0


def tags(appraisal: Appraisal) -> list[str]:
    """Words for a picture, from what is known for certain."""
    found = [appraisal.kind]
    if appraisal.genres and appraisal.genres[0][1] >= SURE_GENRE:
        found.append(appraisal.genres[0][0])
    measures = {j.part.measure: j.value for parts in appraisal.parts.values() for j in parts}
    if measures["chroma"] < 6:
        found.append("素雅")
    elif measures["chroma"] > 30:
        found.append("色彩浓郁")
    if measures["negative_space"] > 0.35:
        found.append("留白多")
    if measures["contrast"] > 0.24:
        found.append("对比强烈")
    if mood_line(appraisal):
        found.append(appraisal.moods[0][0])
    found += [s.name for s in appraisal.palette[:2]]
    return found


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return "、".join(f"《{name}》" for name in names)
