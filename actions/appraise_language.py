"""What a visitor wants to know about a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Act = Literal[
    "", "appraise", "attribute", "mood", "why", "improve", "compare", "style", "expert", "simple", "genre", "tags",
    "palette", "heat", "strengths", "more_like", "recommend", "insist",
]  # fmt: skip
LONGEST_FOLLOW_UP = 24
"""Characters; a longer message says more than a question about the picture in hand."""
_ATTRIBUTES = (
    ("composition", re.compile(r"构图|够图|布局|章法|留白|重心|平衡|均衡|主次|引导线|三分|黄金分割|视觉中心|版式")),
    ("colour", re.compile(r"颜色|色彩|配色|用色|设色|色调|饱和|冷暖|上色")),
    ("light", re.compile(r"光影|光线|光源|明暗|黑白灰|阴影|高光|对比|亮度|曝光")),
    ("texture", re.compile(r"笔触|用笔|笔墨|笔法|线条|质感|肌理|墨韵|皴|排线|刀法|细节|清晰")),
    ("depth", re.compile(r"空间|层次|远近|透视|虚实|景深|纵深|立体|体积感|前景|后景")),
)
_ACTS: tuple[tuple[Act, re.Pattern[str]], ...] = (
    ("insist", re.compile(r"(这|它)?(就|真|明明|确实)?是(一幅|一张|我|手)?.{0,4}(画|绘)(的|呀|啊)?$|不是照片|不是截图|不是文档")),
    ("expert", re.compile(r"专业(一点|一些|点|些)|换.{0,3}专业|用术语|内行|行话|学术")),
    ("simple", re.compile(r"简单(一点|一些|点|些)|通俗|大白话|(讲|说|念)给.{0,4}(孩子|小朋友|娃|宝宝|小孩)|听不懂|看不懂你")),
    ("compare", re.compile(r"(和|跟|与|比).{0,4}(上一|前一|上|前|刚才那|之前那)(张|幅|个)|哪(张|幅|个)(更|比较)?好|两(张|幅).{0,6}(比|好)|比.{0,3}一下")),
    ("more_like", re.compile(r"像这(幅|张).{0,4}(再|还|来|有)|(类似|相似|差不多|同类|这种风格|这类)的?(画|作品|再来)|再来几(幅|张)|最像的|最接近的")),
    ("style", re.compile(r"像谁|谁的风格|(什么|哪种|哪个|哪一)(画派|流派|风格|门派|家数)|哪位(画家|大师)|谁画的|学的谁")),
    ("why", re.compile(r"为什么|为啥|凭什么|凭啥|扣.{0,2}分|扣在哪|依据|根据什么|怎么(打|算|评)的?分|分(数)?怎么来|何以|理由")),
    ("improve", re.compile(r"怎么(改|提高|进步|画更|画得更|画好|办)|改进|提升|修改|该改|要改|先改|哪.{0,3}改|建议|缺点|毛病|不足|问题在哪|哪里不好")),
    ("strengths", re.compile(r"优点|长处|亮点|好在哪|哪里好|妙在|高明")),
    ("palette", re.compile(r"色卡|调色板|取色|有哪些颜色|主色|什么颜色")),
    ("heat", re.compile(r"热力图|热图|看重哪|看的哪|哪里最(重要|抓|影响)|第一眼")),
    ("genre", re.compile(r"识别|什么类型|啥类型|哪一?类|什么题材|啥题材|什么画种|是什么画|是啥画|画的是什么|国画还是|是不是国画|山水还是")),
    ("tags", re.compile(r"标签|打标|关键词")),
    ("mood", re.compile(r"意境|情绪|氛围|气韵|感觉|心情|表达")),
    ("recommend", re.compile(r"推荐.{0,6}画|(来|找)(几|一|两)(幅|张).{0,4}(画|画看看)$|值得看的.{0,2}画|有什么好画|馆藏|藏画|画廊")),
)  # fmt: skip
_CHILD = re.compile(
    r"(孩子|小孩|小朋友|娃|宝宝|宝贝|儿子|女儿|闺女|孙子|孙女|外甥|侄|学生|幼儿园|小班|中班|大班|小学).{0,8}(画|涂)|"
    r"我?(今年)?[四五六七八九十3-9]岁|儿童画|一年级|二年级|三年级"
)
_ASKED = re.compile(r"鉴赏|赏析|点评|评|看看|打分|几分|多少分|怎么样|咋样|如何|好不好|好吗|品|瞧")


@dataclass(frozen=True)
class Wish:
    """``act``: what is asked, "" for nothing known; ``attribute``: its key; ``child``: a child drew it."""

    act: Act = ""
    attribute: str = ""
    child: bool = False


def understand(message: str) -> Wish:
    """Read a message about a picture."""
    text = message.strip().rstrip("。！？!?~ ")
    child = bool(_CHILD.search(text))
    if re.search(r"给.{0,4}(孩子|小朋友|娃|宝宝|小孩)(听|讲|看)", text):
        return Wish("simple", child=False)
    act: Act = next((name for name, pattern in _ACTS if pattern.search(text)), "")
    attribute = next((key for key, pattern in _ATTRIBUTES if pattern.search(text)), "")
    # 怎么改 about the colours is still a question about the colours.
    if attribute and act in ("", "improve", "why", "mood", "genre"):
        return Wish("attribute", attribute, child)
    if act:
        return Wish(act, child=child)
    return Wish("appraise" if _ASKED.search(text) else "", child=child)
