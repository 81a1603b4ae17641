"""What a visitor wants to have classified: the texts, which questions about them, or a question about the last answer."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Literal

from models.classifier.model import classifiable
from models.classifier.tables import TEXT_COLUMNS

FollowUp = Literal["", "why", "others", "english", "chinese", "cancel"]
MOST_TEXTS = 20
LONGEST_LINE = 200
"""Lines are texts of their own while none is longer; otherwise they are the paragraphs of one."""
_HEAD = 40
_ASKS = re.compile(
    r"分类|归类|归个类|分个类|分一?下类|类型|题材|频道|栏目|板块|分区|哪一?类|什么类|啥类|类别|标签|标迁|标注|标一下|打标|标个|"
    r"关键词|关键字|主题|体裁|文体|曲风|好评|差评|正评|负评|正面|负面|褒|贬|夸|骂|批评|表扬|情感|情绪|语气|极性|属于|归到|归哪|放哪|"
    r"分到|进哪|这算|算不算|识别|判断|判别|辨一下|算什么|算啥|什么片|哪种|定个型|什么风格|剧透|软文|水军|tag|classif|label|sci-?fi|topic",
    re.I,
)
_QUOTED = re.compile(r"[“\"「『](.+?)[”\"」』]", re.S)
_POLARITY = re.compile(
    r"好评|差评|正评|负评|正面|负面|褒|贬|夸|骂|批评|表扬|情感|极性|好话|粉还是黑|倾向|影评|乐评|书评|剧评|短评|评论|弹幕|观后感|留言"
)
_ONLY_POLARITY = re.compile(r"好评|差评|正评|负评|正面|负面|褒|贬|夸|骂|批评|表扬|情感|极性|好话|粉还是黑|倾向")
_GENRE = re.compile(
    r"题材|类型|简介|梗概|剧情|故事|小说|剧本|什么片|恐怖片|悬疑|言情|武侠|synopsis|sci-?fi|哪种.{0,4}电影|像哪种"
)
_TAGS = re.compile(r"标签|标迁|关键词|关键字|主题词|打标|tag", re.I)
_ONLY_TAGS = re.compile(r"关键词|关键字|主题词")
_CHANNEL = re.compile(r"频道|栏目|板块|分区|归类|分类|类型|哪一?类|什么类|属于|新闻|标题")
_FOLLOW_UPS: tuple[tuple[FollowUp, re.Pattern[str]], ...] = (
    ("cancel", re.compile(r"^(算了|不用了?|不分了|取消)")),
    ("english", re.compile(r"(英文|英语|english).{0,6}$|^(换成|改成|用)(英文|英语|english)", re.I)),
    ("chinese", re.compile(r"(换|改|变)(成|回|回成)中文|中文标签")),
    (
        "others",
        re.compile(
            r"(别的|其他|其它|另外|第二).{0,4}(可能|标签|类别|选项|类|结果)|还可能|还有可能|备选|还有吗$|还能是什么"
        ),
    ),
    (
        "why",
        re.compile(
            r"为什么|为啥|为何|凭什么|凭啥|怎么(看出来|判断|得出|知道|分)|依据|理由|根据什么|哪(里|些词)看出|何以见得|原因"
        ),
    ),
)
_LONGEST_FOLLOW_UP = 18
_LEAD = re.compile(r"^[\s，,。：:；;！!？?、—\-“”\"「」『』]+|[\s“”\"「」『』]+$")
_ANNOUNCED = re.compile(r"^(那个|嗯|你好|您好|请问|我(这)?(有|写|想|发|读|念)|我们|这里有|这儿有|手上有)")
"""A clause that announces a text instead of being one."""
_CLAUSE = re.compile(r"[\s，,。！!？?；;]+")


@dataclass(frozen=True)
class Request:
    """What was said.

    Attributes:
        texts: what is to be classified, as written; empty when the message has none.
        wants: channel, polarity, genre and tags, those that were asked for.
        follow_up: a question about the last answer, "" when it is none.
        dropped: further texts beyond MOST_TEXTS that were not taken.
    """

    texts: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    follow_up: FollowUp = ""
    dropped: int = 0


def understand(message: str, *, waiting: bool = False) -> Request:
    """Read a message. ``waiting``: the visitor was asked for a text, so whatever comes is one unless it is a question."""
    message = message.strip()
    follow_up = follow_up_of(message)
    if follow_up:
        return Request(follow_up=follow_up)
    request, content = _divided(message)
    if not content and not waiting:
        return Request(wants=wanted(request))
    if (
        waiting
        and not content
        and not (len(message) <= _HEAD and _ASKS.search(message) and not _CLAUSE.search(message))
    ):
        request, content = "", message
    texts = texts_of(content)
    return Request(texts[:MOST_TEXTS], wanted(request), dropped=max(0, len(texts) - MOST_TEXTS))


def follow_up_of(message: str) -> FollowUp:
    """Which question about the last answer a short message is."""
    bare = message.strip().rstrip("。！？!?~ ")
    if len(bare) > _LONGEST_FOLLOW_UP or "：" in bare or "\n" in bare:
        return ""
    return next((name for name, pattern in _FOLLOW_UPS if pattern.search(bare)), "")


def wanted(request: str) -> tuple[str, ...]:
    """The questions that the words around the text ask."""
    if _ONLY_TAGS.search(request) and not _CHANNEL.search(request):
        return ("tags",)
    out = []
    if _ONLY_POLARITY.search(request) and not (_TAGS.search(request) or _CHANNEL.search(request)):
        return ("polarity",)
    if _GENRE.search(request):
        out.append("genre")
    if _CHANNEL.search(request) or not out:
        out.insert(0, "channel")
    if _POLARITY.search(request):
        out.append("polarity")
    return (*out, "tags")


def _divided(message: str) -> tuple[str, str]:
    """The words of the request, and the text that it is about ("" when there is none)."""
    for mark in ("：", ":", "\n"):
        head, found, tail = message.partition(mark)
        if found and len(head) <= _HEAD and _ASKS.search(head) and classifiable(tail):
            return head, tail
    quoted = max(_QUOTED.findall(message), key=len, default="")
    outside = _QUOTED.sub(" ", message)
    if len(quoted) >= 4 and _ASKS.search(outside):
        return outside, quoted
    clauses = [(m.start(), m.end()) for m in _CLAUSE.finditer(message)]
    for start, end in clauses:
        head, tail = message[:start], message[end:]
        if len(head) <= _HEAD and _ASKS.search(head) and len(tail) >= 6 and not _ASKS.search(tail[:_HEAD]):
            return head, tail
    for start, end in clauses:
        head, tail = message[:start], message[end:]
        asked = 0 < len(tail) <= _HEAD and _ASKS.search(_CLAUSE.split(tail)[0])
        if asked and len(head) >= 6 and not _ASKS.search(head[:_HEAD]) and not _ANNOUNCED.match(head):
            return tail, head
    if _ASKS.search(message[:_HEAD]) and len(message) <= _HEAD + 20:
        return message, ""
    return "", message


def texts_of(content: str) -> tuple[str, ...]:
    """The texts of a content: one, or one a line, or the column of a pasted table."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    if not lines:
        return ()
    header = [cell.strip().lower() for cell in lines[0].split(",")]
    column = next((i for i, name in enumerate(header) if name in TEXT_COLUMNS), None)
    if column is not None and len(lines) > 1:
        rows = [row for row in csv.reader(lines[1:]) if len(row) > column]
        return tuple(row[column].strip() for row in rows if row[column].strip())
    if len(lines) > 1 and all(len(line) <= LONGEST_LINE for line in lines):
        return tuple(_LEAD.sub("", line) or line for line in lines)
    return (_LEAD.sub("", content) or content.strip(),)
