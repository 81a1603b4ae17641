"""Written Chinese as it is said: numbers, dates, times, ranges, symbols, quotation marks; and text cut for speaking."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
UNITS = {
    "km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "MB": "兆", "GB": "吉字节", "KB": "千字节", "BPM": "拍每分钟",
    "bpm": "拍每分钟", "℃": "摄氏度",
}  # fmt: skip
FIRST_PIECE, PIECE = 10, 48
"""Characters: the first piece is short, because nothing is heard before it is made."""
END = re.compile(r"(?<=[。！？!?；;…\n])")
PAUSE = re.compile(r"(?<=[，,、：:。！？!?；;])")
SAYABLE = re.compile(r"[\w\u4e00-\u9fff]")


def _digits(text: str) -> str:
    return "".join(DIGITS.get(c, c) for c in text)


def number(text: str) -> str:
    """An integer or decimal as it is said: 1994 → 一千九百九十四, 8.5 → 八点五."""
    with warnings.catch_warnings():
        # cn2an warns about every decimal that it rounds through a float; the text itself is said.
        warnings.simplefilter("ignore")
        import cn2an

        whole, _, decimals = text.partition(".")
        try:
            said: str = cn2an.an2cn(str(int(whole)))
        except ValueError:
            return _digits(text)
    said = "两" if said == "二" and not decimals else said
    return said + ("点" + _digits(decimals) if decimals else "")


def _counted(text: str, unit: str) -> str:
    said = number(text)
    # 二 before a unit that orders or measures in numbers, 两 before what is counted.
    return ("二" if said == "两" and unit[:1] in "月日号点级类楼层度%" else said) + unit


def _ordinal(text: str) -> str:
    """A number that orders or measures: 2 → 二."""
    return _counted(text, "级")[:-1]


def _date(match: re.Match[str]) -> str:
    year, month, day = match.group(1), int(match.group(2)), int(match.group(3))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match.group()
    return f"{_digits(year)}年{_counted(str(month), '月')}{_counted(str(day), '日')}"


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    if hour > 24 or minute > 59:
        return match.group()
    said = number(match.group(1)) + "点"
    if minute == 0:
        return said + "整"
    return said + ("零" if minute < 10 else "") + _ordinal(str(minute)) + "分"


Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
N = r"\d+(?:\.\d+)?"
RULES: tuple[Rule, ...] = (
    (re.compile(r"https?://\S+|www\.\S+"), "屏幕上的网址"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "屏幕上的邮箱"),
    (re.compile(r"(?m)^\s*(?:[-*•·▪●→]|#{1,6})\s+"), ""),
    (re.compile(r"[*_`]{1,3}|~~"), ""),
    (re.compile(r"(?<=\d),(?=\d{3})"), ""),
    (re.compile(r"(?m)^\s*(\d{1,2})[.、．)）](?!\d)\s*"), lambda m: f"第{_ordinal(m.group(1))}，"),
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _date),
    (re.compile(r"(?<=\d:\d{2})\s*[-~～—–]+\s*(?=\d)"), "到"),
    (re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?![\d:：])"), _time),
    (re.compile(r"(?<!\d)(\d{3,4})-(\d{3,4})-?(\d{4})(?!\d)"), lambda m: "，".join(map(_digits, m.groups()))),
    (re.compile(r"[(（](\d{4})[)）]"), lambda m: f"，{_digits(m.group(1))}年，"),
    (re.compile(r"(?<!\d)(\d{4})(?=年)(?!年前|年后|年的历史)"), lambda m: _digits(m.group(1))),
    (re.compile(r"(?<!\d)(\d{2})(?=年代)"), lambda m: number(m.group(1))),
    (re.compile(rf"[¥￥]\s*({N})\s*[-~～—–]\s*[¥￥]?({N})"), lambda m: f"{number(m.group(1))}到{number(m.group(2))}元"),
    (re.compile(rf"[¥￥]\s*({N})(?:\s*元)?"), lambda m: number(m.group(1)) + "元"),
    (re.compile(rf"({N})\s*[-~～—–至到]\s*({N})\s*%"), lambda m: f"百分之{number(m.group(1))}到{number(m.group(2))}"),
    (re.compile(rf"({N})\s*%"), lambda m: "百分之" + _ordinal(m.group(1))),
    (re.compile(rf"(?<![\d.])({N})\s*[-~～—–]\s*(?={N})"), lambda m: number(m.group(1)) + "到"),
    (re.compile(rf"(?<![\w\d)）])[-−](?={N})"), "负"),
    (re.compile(r"(?<!\d)(\d{3,4})(?=[pP]\b|[pP][^A-Za-z])"), lambda m: _digits(m.group(1))),
    (re.compile(r"(?<!\d)(\d{1,3})/(\d{1,3})(?!\d)"), lambda m: f"{number(m.group(2))}分之{number(m.group(1))}".replace("两", "二")),
    (re.compile(r"(?<![\d.])(\d{7,}|0\d+)(?![\d.])"), lambda m: _digits(m.group(1))),
    (re.compile(rf"(?<![A-Za-z])({N})\s*({'|'.join(UNITS)})(?![A-Za-z])"), lambda m: number(m.group(1)) + UNITS[m.group(2)]),
    (re.compile(r"第\s*(\d+)"), lambda m: "第" + _ordinal(m.group(1))),
    (re.compile(rf"(?<![A-Za-z\d.])({N})(?=([\u4e00-\u9fff]?))"), lambda m: _counted(m.group(1), m.group(2))[: -len(m.group(2)) or None]),
    (re.compile(r"\d+"), lambda m: _digits(m.group())),
    (re.compile(r"[《〈「『【]|[》〉」』】]|[“”\"‘’]"), " "),
    (re.compile(r"\s*[·・]\s*"), " "),
    (re.compile(r"\s*(?:——|—|→|\||/)\s*"), "，"),
    (re.compile(r"&"), "和"),
    (re.compile(r"[（(）)]"), "，"),
    (re.compile(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u200D♪♫★☆✓✔]"), ""),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" *\n *"), "\n"),
    (re.compile(r"(?<=[\u4e00-\u9fff，。、；：！？]) (?=[\u4e00-\u9fff，。、；：！？])"), ""),
    (re.compile(r"，(?:\s*，)+"), "，"),
    (re.compile(r"，\s*(?=[。！？；：，、\n])"), ""),
    (re.compile(r"(?<=[。！？；：、\n])\s*，"), ""),
)  # fmt: skip


def spoken(text: str) -> str:
    """``text`` without a digit or symbol, as a person would read it aloud."""
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return text.strip(" ，\n")


def pieces(text: str) -> list[str]:
    """What is spoken one after the other: sentences, the first one shorter, each at most ``PIECE`` characters."""
    found: list[str] = []
    for sentence in END.split(text):
        rest = sentence.strip()
        while rest:
            limit = PIECE if found else FIRST_PIECE
            cut = len(rest) if len(rest) <= limit else _place(rest, limit)
            piece, rest = rest[:cut].strip(), rest[cut:].strip()
            if SAYABLE.search(piece):
                found.append(piece)
    return found


def _place(text: str, limit: int) -> int:
    """Where to cut: at the last pause within ``limit``, else at the first one behind it, else anywhere."""
    pauses = [match.start() for match in PAUSE.finditer(text)]
    before = [place for place in pauses if 3 <= place <= limit]
    behind = [place for place in pauses if limit < place <= 2 * limit]
    return before[-1] if before else behind[0] if behind else min(len(text), 2 * limit)
