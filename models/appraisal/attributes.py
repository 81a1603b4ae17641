"""Five attributes from the measures: each is a mean of parts, each part a measure within what the craft calls good.

The attributes and their weights follow the rubric of APDDv2 (Jin et al. 2024, 10,023 works judged by artists, CC BY 4.0
for the annotations): the weights are those of the non-negative regression of its total score on these five attributes over
the 3,660 works that have all of them (R² .95). The rubric's other attributes, such as theme and creativity, cannot be
computed from pixels and are left to people. The parts are the textbook's, not learned: they have no human judgement
behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Curve = Callable[[float], float]
FLOOR, SPAN = 30.0, 65.0
"""An attribute with nothing good gets FLOOR, one with everything good FLOOR + SPAN."""


@dataclass(frozen=True)
class Part:
    """One thing that an attribute is judged by.

    Attributes:
        name: Chinese term; measure: of measures.py; curve: from the measure to how good it is, 0 to 1.
        good, bad: the finding in words, as a clause; plain: both for children, without terms; advice: what to change.
        turn, over: a measure above ``turn`` is too much rather than too little, and ``over`` says so.
    """

    name: str
    measure: str
    curve: Curve
    good: str
    bad: str
    plain: tuple[str, str]
    advice: str
    turn: float = float("inf")
    over: str = ""


@dataclass(frozen=True)
class Attribute:
    """``rubric``: the attribute of APDDv2; ``weight``: its part of the total; the weights sum to 1."""

    key: str
    name: str
    rubric: str
    weight: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Judged:
    """One part of a picture: how good it is, 0 to 1, and the measured value."""

    part: Part
    value: float
    goodness: float

    @property
    def finding(self) -> str:
        """In words."""
        if self.goodness >= 0.5:
            return self.part.good
        return self.part.over if self.value > self.part.turn else self.part.bad


def rising(low: float, high: float) -> Curve:
    """0 up to ``low``, 1 from ``high``."""
    return lambda x: min(1.0, max(0.0, (x - low) / (high - low)))


def falling(low: float, high: float) -> Curve:
    """1 up to ``low``, 0 from ``high``; of the absolute value."""
    return lambda x: 1.0 - min(1.0, max(0.0, (abs(x) - low) / (high - low)))


def sinking(low: float, high: float) -> Curve:
    """1 up to ``low``, 0 from ``high``."""
    return lambda x: 1.0 - rising(low, high)(x)


def between(nothing: float, low: float, high: float, too_much: float) -> Curve:
    """1 between ``low`` and ``high``, falling to 0 at ``nothing`` and ``too_much``."""
    return lambda x: min(rising(nothing, low)(x), sinking(high, too_much)(x))


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("composition", "构图", "Layout and composition", 0.20, (
        Part("视觉重心", "thirds_distance", falling(0.03, 0.24), "最抓眼的地方落在三分点附近",
             "最抓眼的地方离三分点较远，显得居中或贴边", ("最好看的地方摆的位置很舒服", "主角站的位置可以再挪一挪"),
             "把主体移到离边三分之一的位置，或者裁掉另一侧的空地"),
        Part("均衡", "balance_x", falling(0.01, 0.12), "左右的分量基本相称", "画面的分量偏在一边",
             ("左边和右边站得稳稳的", "东西都挤到一边去了"), "在轻的一侧加一点小景、题款或一块颜色，让两边呼应"),
        Part("留白", "negative_space", between(0.0, 0.12, 0.6, 0.95), "留白的分寸合适，有透气的地方",
             "画得太满，没有留出空白", ("留了一块让眼睛休息的地方", "画得太满或者太空啦"),
             "把次要的地方减一减，留出一整块不画的地方；太空的话给主体加些陪衬", turn=0.36, over="空的地方太多，画面显得单薄"),
        Part("主次", "concentration", rising(1.6, 4.0), "主体集中，一眼看得出画的中心", "注意力分散，主次不够分明",
             ("一眼就知道谁是主角", "不太看得出谁是主角"), "让主体的对比更强、细节更多，陪衬画得松一些"),
        Part("引导线", "lines", rising(0.04, 0.35), "线条有统一的走势，带着眼睛走", "线条的走势不统一",
             ("线条像小路一样带着眼睛走", "线条有点各走各的"), "用路、枝、水纹一类的线，朝主体的方向引"),
        Part("边缘", "cut_by_frame", falling(0.55, 1.25), "边缘收得住，没有被画框切断", "四边的内容被画框硬切，像是一幅画的局部",
             ("边边角角收得干净", "旁边的东西被切掉了"), "四周多留一点，或者让靠边的形象完整地收在画里"),
    )),
    Attribute("colour", "色彩", "Color", 0.19, (
        Part("和谐", "harmony", rising(0.45, 0.95), "用色合乎和谐的色相关系", "几种颜色彼此冲突，不在和谐的色相关系里",
             ("颜色们相处得很好", "有几种颜色在吵架"), "先定一个主色，其余的颜色往它的邻近色或对比色上靠"),
        Part("饱和", "chroma", between(1.0, 6.0, 32.0, 60.0), "鲜艳的程度合适", "颜色偏灰，鲜艳不足",
             ("颜色不浓也不淡，刚刚好", "颜色太淡或者太浓啦"), "灰的地方提一点纯度；太艳的地方掺一点对比色压住", turn=19, over="颜色过艳，彼此抢眼"),
        Part("色相变化", "hue_variety", between(0.2, 0.5, 0.9, 1.05), "色相有变化又不杂乱", "色相单一",
             ("颜色有变化", "颜色可以再丰富一点，或者少用几种"), "在主色里带一点冷暖变化，不必加新的颜色", turn=0.7, over="色相太杂"),
        Part("色偏", "highlight_cast", falling(6.0, 30.0), "亮处干净，没有蒙上一层颜色", "整张画蒙了一层颜色，像是偏色或绢纸发黄",
             ("颜色干干净净", "好像戴了一副有颜色的眼镜在看"), "拍照时校一下白平衡；若是有意的色调，让亮处再净一点"),
        Part("点睛", "accent", rising(6.0, 40.0), "有提神的重点色", "没有提神的重点色",
             ("有一点颜色特别亮眼", "还差一点亮眼的颜色"), "在视觉中心点一处最纯的颜色，面积要小"),
    )),
    Attribute("light", "光影", "Light and shadow", 0.25, (
        Part("对比", "contrast", between(0.04, 0.13, 0.27, 0.42), "明暗对比拉得开又不生硬", "明暗对比太弱，画面发灰",
             ("亮的亮、暗的暗，很精神", "亮和暗还没有分开"), "把最暗的地方再压下去一档，最亮的地方留净", turn=0.2, over="明暗对比过硬"),
        Part("层次", "tonal_variety", rising(0.5, 0.92), "从亮到暗的层次丰富", "中间的层次偏少",
             ("从亮到暗有好多层", "亮和暗之间的层次少了点"), "在最亮和最暗之间多画两三个过渡的灰"),
        Part("幅度", "range", rising(0.35, 0.85), "从黑到白用得充分", "没有用到足够的黑和白",
             ("黑和白都用上了", "没有很黑或很白的地方"), "找一处压到最重，一处留到最亮"),
        Part("高光", "clipped_white", falling(0.02, 0.3), "亮处没有丢失细节", "亮处糊成一片白，细节丢了",
             ("亮的地方也看得清", "有的地方白花花的看不清"), "亮处降半档，留出一点颜色；拍照时减一点曝光"),
        Part("大关系", "large_contrast", rising(0.03, 0.14), "大块的明暗关系清楚", "大块的明暗关系不清楚",
             ("哪边亮哪边暗，清清楚楚", "哪边亮哪边暗，有点糊涂"), "眯起眼看，只分亮、灰、暗三大块，再往里画细节"),
    )),
    Attribute("texture", "笔触质感", "Details and texture", 0.20, (
        Part("清晰", "sharpness", between(-0.8, -0.25, 0.35, 0.95), "笔触清楚", "笔触发虚，不清楚",
             ("一笔一笔看得清", "有点模糊，看不清笔画"), "收拾一下关键处的边缘；若是照片虚了，重拍一张", turn=0.05, over="画面上颗粒太重，盖住了笔触"),
        Part("洁净", "grain", sinking(-3.6, -2.4),
             "大面干净，没有杂点", "大面上有颗粒或杂点", ("画面干干净净", "有一些小麻点"), "大面先铺匀再加笔触；拍照时光线足一些"),
        Part("笔意变化", "stroke_variety", rising(0.75, 0.98), "用笔的方向富有变化", "用笔的方向单调",
             ("小笔画往各个方向跳舞", "笔画都朝一个方向"), "顺着形体的转折换笔的方向，长短、轻重也变一变"),
        Part("疏密", "detail_spread", rising(0.25, 0.95), "疏密有对比，细处细、松处松", "疏密平均，到处一样细或一样松",
             ("有的地方密、有的地方松，很好看", "到处都一样密"), "主体加密，背景放松，让疏密拉开"),
        Part("细节", "detail", between(0.0, 0.08, 0.5, 0.85), "细节的量合适", "细节太少",
             ("小细节画得刚好", "小细节可以再多一点，或者别太碎"), "主体上添几处看得住的细节，别处就不要再加", turn=0.29, over="细节太碎"),
    )),
    Attribute("depth", "空间层次", "Space and perspective", 0.16, (
        Part("远近虚实", "detail_falls", between(-0.9, 0.0, 0.9, 2.2), "近处实、远处虚，推得开", "近处和远处一样实，推不开",
             ("近的清楚、远的模糊，像真的一样", "远的和近的一样清楚"), "远处少画细节，近处画实"),
        Part("空气感", "haze", between(-0.25, 0.02, 0.35, 0.7), "远处偏淡，有空气感", "远处不比近处淡，缺少空气感",
             ("远处淡淡的，像有风", "远处可以画淡一点"), "远处的颜色提亮、调灰一点"),
        Part("浓淡", "contrast_falls", between(-0.9, -0.1, 0.8, 1.8), "浓淡随远近变化", "浓淡没有跟着远近走",
             ("浓淡有变化", "浓和淡再分开一点"), "近处的对比加强，远处的对比减弱"),
        Part("层数", "planes", rising(1.5, 4.0), "前后的层次分得出来", "前后的层次偏少",
             ("有前面、中间和后面", "前面和后面还没分开"), "用明暗把前景、中景、远景分成三层"),
    )),
)  # fmt: skip


def judged(attribute: Attribute, measures: Mapping[str, float]) -> tuple[Judged, ...]:
    """Every part of an attribute on a picture."""
    return tuple(Judged(p, measures[p.measure], p.curve(measures[p.measure])) for p in attribute.parts)


def attribute_value(attribute: Attribute, measures: Mapping[str, float]) -> float:
    """0 to 100; in practice between FLOOR and FLOOR + SPAN."""
    parts = judged(attribute, measures)
    return FLOOR + SPAN * sum(p.goodness for p in parts) / len(parts)


def attribute_values(measures: Mapping[str, float]) -> dict[str, float]:
    """Every attribute by its key."""
    return {a.key: attribute_value(a, measures) for a in ATTRIBUTES}


def jackknife(measures: Mapping[str, float]) -> float:
    """Standard error of the attributes' weighted mean, were its rules others of their kind: each part left out in turn."""
    variance = 0.0
    for attribute in ATTRIBUTES:
        goodness = [p.goodness for p in judged(attribute, measures)]
        n, mean = len(goodness), sum(goodness) / len(goodness)
        # The jackknife's variance of a mean is the sample variance over n.
        error = sum((g - mean) ** 2 for g in goodness) / (n * (n - 1))
        variance += (attribute.weight * SPAN) ** 2 * error
    return float(variance**0.5)


def weighted(values: Mapping[str, float]) -> float:
    """The attributes' weighted mean, 0 to 100."""
    return sum(a.weight * values[a.key] for a in ATTRIBUTES)
