"""Instruments by their Chinese names: the sound they get, the range they play, and what stands in for what.

The sounds are those of General MIDI. It has few Chinese instruments; where another one stands in, ``instead`` says so
and the reply tells the user.
"""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz, process


@dataclass(frozen=True)
class Instrument:
    """A name, the General MIDI program (0 … 127), the usual range of its melodies (MIDI numbers, sounding), and the
    sound that stands in for it when General MIDI lacks it."""

    name: str
    program: int
    low: int
    high: int
    instead: str = ""


def _table() -> dict[str, Instrument]:
    rows = """
    钢琴 0 55 84 | 电钢琴 4 55 84 | 钢片琴 8 60 91 | 八音盒 10 65 91 | 颤音琴 11 60 86 | 马林巴 12 53 86 | 木琴 13 65 91
    扬琴 15 55 84 | 管风琴 19 48 84 | 手风琴 21 55 86 | 口琴 22 60 86 | 吉他 24 48 76 | 古典吉他 24 48 76
    木吉他 25 48 76 | 电吉他 27 48 79 | 贝斯 33 36 60 | 小提琴 40 57 88 | 中提琴 41 48 77 | 大提琴 42 36 69
    低音提琴 43 36 60 | 竖琴 46 48 88 | 弦乐 48 48 84 | 管弦乐 48 48 84 | 人声 52 53 77 | 小号 56 55 79
    长号 57 41 67 | 大号 58 36 58 | 圆号 60 43 72 | 萨克斯 65 50 79 | 双簧管 68 60 86 | 英国管 69 53 79
    巴松 70 36 67 | 单簧管 71 52 84 | 短笛 72 74 96 | 长笛 73 60 91 | 竖笛 74 65 91 | 排箫 75 60 86 | 尺八 77 57 84
    口哨 78 67 91 | 陶笛 79 65 86 | 合成器 80 55 84 | 西塔琴 104 52 79 | 班卓琴 105 50 81 | 三味线 106 53 79
    风笛 109 60 79 | 钢鼓 114 55 84
    笛子 73 67 91 长笛 | 竹笛 73 67 91 长笛 | 箫 77 57 81 尺八 | 洞箫 77 57 81 尺八 | 二胡 110 62 86 民间提琴
    高胡 110 67 91 民间提琴 | 中胡 110 55 79 民间提琴 | 京胡 110 67 88 民间提琴 | 板胡 110 67 88 民间提琴
    马头琴 42 43 69 大提琴 | 古筝 107 50 86 日本筝 | 古琴 107 41 69 日本筝 | 箜篌 46 48 86 竖琴
    琵琶 106 57 86 三味线 | 柳琴 106 62 88 三味线 | 月琴 105 57 81 班卓琴 | 中阮 105 45 72 班卓琴
    三弦 106 50 79 三味线 | 冬不拉 105 50 76 班卓琴 | 热瓦普 105 55 81 班卓琴 | 尤克里里 24 60 81 吉他
    唢呐 111 62 84 印度唢呐 | 笙 20 57 84 簧风琴 | 葫芦丝 71 60 79 单簧管 | 巴乌 71 57 76 单簧管
    埙 79 57 76 陶笛 | 编钟 14 55 84 管钟
    """
    table = {}
    for row in rows.replace("\n", "|").split("|"):
        if row.split():
            name, program, low, high, *instead = row.split()
            table[name] = Instrument(name, int(program), int(low), int(high), "".join(instead))
    return table


INSTRUMENTS = _table()
"""By name."""
ALIASES = {
    "曲笛": "笛子", "梆笛": "笛子", "横笛": "笛子", "牧笛": "竖笛", "直笛": "竖笛", "大筝": "古筝", "筝": "古筝", "箏": "古筝",
    "瑟": "古筝", "木管": "单簧管", "黑管": "单簧管", "小喇叭": "小号", "喇叭": "小号", "法国号": "圆号",
    "电子琴": "电钢琴", "键盘": "电钢琴", "提琴": "小提琴", "弦乐四重奏": "弦乐", "交响乐队": "管弦乐",
    "管弦乐队": "管弦乐", "交响乐": "管弦乐", "合唱": "人声", "女声": "人声", "男声": "人声", "胡琴": "二胡",
    "阮": "中阮", "大阮": "中阮", "铁琴": "颤音琴", "吹口哨": "口哨", "电贝斯": "贝斯", "萨克斯风": "萨克斯",
    "萨克管": "萨克斯", "低音大提琴": "低音提琴", "piano": "钢琴", "guitar": "吉他", "violin": "小提琴", "cello": "大提琴",
    "flute": "长笛", "sax": "萨克斯", "erhu": "二胡", "guzheng": "古筝", "pipa": "琵琶",
}  # fmt: skip
PERCUSSION = ("架子鼓", "手鼓", "非洲鼓", "定音鼓", "木鱼", "鼓", "锣", "梆子", "镲", "沙锤", "三角铁")
"""They play no melody."""
NAMES = tuple(sorted((*INSTRUMENTS, *ALIASES), key=len, reverse=True))


def named(name: str) -> Instrument | None:
    """The instrument of a name or of another name for it."""
    return INSTRUMENTS.get(ALIASES.get(name.lower(), name))


def nearest(name: str) -> Instrument:
    """The known instrument whose name looks most like this one."""
    found = process.extractOne(name, NAMES, scorer=fuzz.WRatio)
    best = named(found[0]) if found else None
    return best or INSTRUMENTS["钢琴"]


def of_program(program: int) -> Instrument:
    """The first instrument with a General MIDI program; the piano for one without a name here."""
    return next((i for i in INSTRUMENTS.values() if i.program == program and not i.instead), INSTRUMENTS["钢琴"])
