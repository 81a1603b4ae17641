"""What a message says about music: key, length, speed, instrument, style, mood, and what to change in a piece."""

from __future__ import annotations

import re

from actions.compose_moods import find_mood
from actions.compose_styles import find_composer, find_copied, find_not_learned, find_style
from actions.compose_wish import Wish
from models.music.instruments import ALIASES, NAMES, PERCUSSION, named
from models.recommender.title_keys import number as chinese_number

_N = r"(?:-?\d{1,9}|[零一二两三四五六七八九十百千万]{1,7})"
_BARS = re.compile(rf"(负?{_N})\s*个?小节")
_TEMPO = re.compile(
    rf"(?:每分[钟]?|速度|节奏|bpm|BPM|tempo)(?:是|为|大概|大约|改成|改到|调到|调成|到|在|:|=|\s)*(负?{_N})|(负?{_N})\s*(?:bpm|BPM|拍(?!子)|下(?=每分))"
)
_SECONDS = re.compile(rf"({_N}|半)\s*(秒|分钟)(?!\s*\d*\s*拍)")
_KEY = re.compile(
    r"(降|升|b|#)?\s*([A-Ga-g])\s*(#|b|♯|♭|升|降)?\s*(大调|小调|宫调|商调|角调|徵调|羽调|宫|商|角|徵|羽|调|major|minor|maj\b|min\b)"
)
_MODES = (
    ("gong", "宫调|宫音|五声|宫商角徵羽|pentatonic"),
    ("shang", "商调"),
    ("jue", "角调"),
    ("zhi", "徵调|征调"),
    ("yu", "羽调"),
    ("dorian", "多利亚|dorian"),
    ("mixolydian", "混合利底亚|mixolydian"),
    ("minor", "小调|minor"),
    ("major", "大调|major"),
)
_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEY_MODES = {"大调": "major", "小调": "minor", "宫": "gong", "商": "shang", "角": "jue", "徵": "zhi", "羽": "yu"}
TEMPO_WORDS = (
    ("极慢|广板|庄板", 46), ("柔板", 66), ("慢板", 58), ("小行板", 88), ("行板", 80), ("小快板", 112), ("极快|急板", 176),
    ("快板", 136), ("中速|中板", 100),
)  # fmt: skip
_FASTER = re.compile(r"(?:再|更|稍微?|加|提)?(?:快[一点些儿]|快速一|提速|加快|快起来|更快|再快)|太慢")
_SLOWER = re.compile(r"(?:慢[一点些儿]|放慢|减速|降速|慢下来|更慢|再慢)|太快")
_LONGER = re.compile(r"长[一点些]|加长|延长|更长|再长|太短|接着写|续写|写下去|接下去|继续写|往下写")
_SHORTER = re.compile(r"短[一点些]|缩短|更短|再短|太长|精简")
_INTERVAL = re.compile(
    rf"(升高?|降低?|提高|移高|移低|调高|调低|上移|下移|高|低)(?:个|了)?\s*({_N})?\s*个?(小|大|纯|增)?\s*({_N})?\s*(度|个?半音|个?全音|个?八度|八度)"
)
_HIGHER = re.compile(r"(?:调|音|再|更|升|旋律)?(?:高[一点些]|升高|往高|太低)")
_LOWER = re.compile(r"(?:低[一点些]|降低|往低|降下来|太高|刺耳|太尖)")
_PHRASE = re.compile(rf"第\s*({_N})\s*(?:句|乐句|段)")
_BAR_RANGE = re.compile(rf"第\s*({_N})\s*(?:到|至|-|~|、)\s*第?\s*({_N})\s*小节|第\s*({_N})\s*小节")
_CHANGE = re.compile(r"改|换|重写|重新写|重做|修|不好听|另写|再写")
_END = re.compile(r"(?:结尾|末尾|最后(?:一句|几小节|四小节)?|收尾|尾句)")
_START = re.compile(r"(?:开头|开始|前四小节|首句|头一句)")
_REFRAIN = re.compile(r"副歌|中间(?:那)?(?:一)?[段句]|B段")
_BACKING_ON = re.compile(
    r"(?:加|配|来|要|带|有|添)(?:上|个|点|段|一段|一个)*(?:伴奏|和弦|和声|低音|低声部|左手)|编(?:个|段)?(?:伴奏|和声)"
)
_BACKING_OFF = re.compile(
    r"(?:去掉|不要|删掉|去除|没有|关掉|别加|不带|拿掉)[^,，。]{0,4}伴奏|伴奏[^,，。]{0,2}(?:去掉|不要|删掉|拿掉)|只要旋律|只留旋律|清奏|无伴奏"
)
_TAKE = re.compile(
    r"就(?:要)?(?:这首|这个|这段|它|这版)|发我|给我(?:发)?(?:midi|MIDI|文件)|(?:导出|下载|保存|要)(?:成|一下)?\s*(?:midi|MIDI|Midi|五线谱|谱子|乐谱|文件)|满意"
)
_CHOICES = re.compile(
    rf"({_N})\s*(?:个|首|段|版|条|支)[^,，。]{{0,6}}(?:选|挑|试听|听听看|比较|对比)|(?:多|再)来(?:几|两|三|3|2)(?:个|首|段|版)|给我(?:几|三|3|两)(?:个|首|段|版)"
)
_PICK = re.compile(r"(?:选|要|就|用|挑)?\s*第\s*([1-9一二三四五六七八九])\s*(?:个|首|段|版|条|支)")
_METER = re.compile(
    r"([1-9]\d?)\s*/\s*(2|4|8|16)\s*拍?|([二三四六八])([二四八])拍|([二三六])拍子|(圆舞曲|华尔兹|waltz)", re.IGNORECASE
)
_LYRICS = re.compile(r"写[^,，。]{0,5}歌词|填词|作词|写词|唱出来|唱给我")
_AGAIN = re.compile(
    r"换一(?:首|个|段|版)|再来一(?:首|个|段|版|遍)|再写一(?:首|个|段|版)|重新(?:写|来|生成|作)|重来|不喜欢|另外?(?:写|来)一|再生成|再做一"
)
_NEW = re.compile(
    r"写|作(?!业)|谱|来(?:一)?(?:首|段|个|支|点|条)|生成|编|创作|做一|整(?:一)?(?:首|段|个)|想要(?:一)?(?:首|段|支)|弄(?:一)?(?:首|段|个)|适合|compose|给我一(?:首|段)"
)
_OTHER_INSTRUMENT = re.compile(r"换(?:一?个|种|一种|别的|其他|其它)?(?:别的|其他|其它)?乐器|换个音色|换音色")
_PLAYED_ON = re.compile(
    r"(?:用|换成|改成|改用|换|拿|以)(?:一?[把支架个台种])?([\u4e00-\u9fffA-Za-z]{1,8}?)(?:来|去)?(?:演奏|吹奏|独奏|弹奏|拉奏|吹|弹|拉|奏|写|试试|吧|$|[,，。!！])"
)
_SOLO = re.compile(r"旋律|独奏|solo|单旋律|调子")
RANGE_NAMES = re.compile(r"([A-Ga-g])([#b]?)([1-7])\s*(?:到|至|-|~|—)\s*([A-Ga-g])([#b]?)([1-7])")
_OCTAVES = re.compile(r"(?:一个)?八度(?:以?内|之内|范围)")


def number(text: str) -> int:
    """A number in digits or Chinese characters; 负 and - make it negative."""
    sign = -1 if text.startswith(("负", "-")) else 1
    digits = text.lstrip("负-")
    if digits.isdecimal():
        return sign * int(digits)
    total, rest = 0, digits
    for unit, value in (("万", 10_000), ("千", 1000), ("百", 100)):
        if unit in rest:
            before, rest = rest.split(unit, 1)
            total += (chinese_number(before) if before else 1) * value
    rest = rest.lstrip("零")
    return sign * (total + (chinese_number(rest) if rest else 0))


def _find_key(text: str) -> tuple[int | None, str | None]:
    match = _KEY.search(text)
    tonic = mode = None
    if match:
        accidental = "".join(a or "" for a in (match.group(1), match.group(3)))
        shift = (1 if any(c in accidental for c in "升#♯") else 0) - (1 if any(c in accidental for c in "降b♭") else 0)
        tonic = (_NATURAL[match.group(2).upper()] + shift) % 12
        name = match.group(4)
        mode = next((m for word, m in _KEY_MODES.items() if name.startswith(word)), None)
        mode = mode or {"maj": "major", "min": "minor"}.get(name[:3])
    return tonic, mode or next((m for m, words in _MODES if re.search(words, text, re.IGNORECASE)), None)


def _find_tempo(text: str) -> int | None:
    match = _TEMPO.search(text)
    if match:
        return number(match.group(1) or match.group(2))
    return next((tempo for words, tempo in TEMPO_WORDS if re.search(words, text)), None)


def _find_seconds(text: str) -> int | None:
    match = _SECONDS.search(text)
    if not match:
        return None
    unit = 60 if match.group(2) == "分钟" else 1
    return unit // 2 if match.group(1) == "半" else number(match.group(1)) * unit


def _find_instruments(text: str) -> tuple[str, ...]:
    """Names of instruments in order of appearance, the longest at each place."""
    found: list[tuple[int, str]] = []
    lower, taken = text.lower(), [False] * len(text)
    for name in NAMES:
        at = lower.find(name)
        while at >= 0:
            if not any(taken[at : at + len(name)]):
                found.append((at, name))
                taken[at : at + len(name)] = [True] * len(name)
            at = lower.find(name, at + 1)
    names = [ALIASES.get(name, name) for _, name in sorted(found)]
    return tuple(dict.fromkeys(names))


_NOT_INSTRUMENTS = re.compile(
    r"调|节|拍|版|首|段|句|风|快|慢|高|低|长|短|一|这|那|小|大|心情|音乐|旋律|AI|ai|什么|别的|其他|乐器|音色|它|名字|字|题|画面|曲|歌"
)


def _find_unknown_instrument(text: str) -> str | None:
    for match in _PLAYED_ON.finditer(text):
        name = match.group(1)
        if not _NOT_INSTRUMENTS.search(name) and named(name) is None and find_mood(name) is None:
            return name
    return None


def _find_interval(text: str) -> int:
    """Semitones up or down that a message asks for; 0 when it names none."""
    match = _INTERVAL.search(text)
    if not match:
        return 0
    direction, before, quality, after, unit = match.groups()
    count = number(after or before) if (after or before) else 1
    up = direction[0] in "升提高上" or direction in ("移高", "调高")
    if "半音" in unit:
        size = count
    elif "全音" in unit:
        size = 2 * count
    elif "八度" in unit:
        size = 12 * count
    else:
        octaves, step = divmod(max(1, min(count, 22)) - 1, 7)
        size = 12 * octaves + (0, 2, 4, 5, 7, 9, 11)[step] - (1 if quality == "小" and step in (1, 2, 5, 6) else 0)
    return size if up else -size


def _find_range(text: str) -> tuple[int | None, int | None]:
    match = RANGE_NAMES.search(text)
    if not match:
        return None, None
    ends = []
    for letter, accidental, octave in (match.groups()[:3], match.groups()[3:]):
        ends.append(_NATURAL[letter.upper()] + {"#": 1, "b": -1}.get(accidental, 0) + 12 * (int(octave) + 1))
    return min(ends), max(ends)


def _find_phrases(text: str) -> tuple[tuple[int, ...], tuple[int, int] | None]:
    if not _CHANGE.search(text):
        return (), None
    bars = _BAR_RANGE.search(text)
    if bars:
        first = number(bars.group(1) or bars.group(3))
        return (), (first, number(bars.group(2)) if bars.group(2) else first)
    phrases = [number(m.group(1)) for m in _PHRASE.finditer(text)]
    if not phrases and _END.search(text):
        phrases = [-1]
    if not phrases and _START.search(text):
        phrases = [1]
    if not phrases and _REFRAIN.search(text):
        phrases = [3]
    return tuple(phrases), None


def _other_meter(match: re.Match[str] | None) -> str | None:
    """The metre as it was said, unless it is 4/4."""
    if match is None or match.group(1, 2) == ("4", "4") or match.group(3, 4) == ("四", "四"):
        return None
    return match.group().strip().removesuffix("拍")


def _find_choices(text: str) -> int:
    match = _CHOICES.search(text)
    if not match:
        return 0
    count = number(match.group(1)) if match.group(1) else 2 if "两" in match.group() or "2" in match.group() else 3
    return count


def _find_act(text: str) -> str:
    for act, pattern in (("other_instrument", _OTHER_INSTRUMENT), ("take", _TAKE), ("again", _AGAIN), ("new", _NEW)):
        if pattern.search(text):
            return act
    return ""


def understand(text: str) -> Wish:
    """Read a message of at most 2,000 characters."""
    meter = _METER.search(text)
    if meter:
        # Its numbers are neither a speed nor a length.
        text = text.replace(meter.group(), "，")
    tonic, mode = _find_key(text)
    low, high = _find_range(text)
    phrases, bar_range = _find_phrases(text)
    interval = _find_interval(text)
    bars = None if bar_range else _BARS.search(text)
    tempo = _find_tempo(text)
    pick = _PICK.search(text) if len(text) <= 12 and not phrases else None
    instruments = _find_instruments(text)
    percussion = next((p for p in PERCUSSION if p in text), None) if not instruments else None
    backing = False if _BACKING_OFF.search(text) else True if _BACKING_ON.search(text) else None
    return Wish(
        style=find_style(text),
        not_learned=find_not_learned(text),
        mood=find_mood(text),
        tonic=tonic,
        mode=mode,
        bars=number(bars.group(1)) if bars else None,
        seconds=_find_seconds(text),
        tempo=tempo,
        tempo_change=0 if tempo is not None else 1 if _FASTER.search(text) else -1 if _SLOWER.search(text) else 0,
        length_change=0 if bars else 1 if _LONGER.search(text) else -1 if _SHORTER.search(text) else 0,
        instruments=instruments,
        unknown_instrument=None if instruments or percussion else _find_unknown_instrument(text),
        percussion=percussion,
        transpose=interval,
        register=0 if interval else 1 if _HIGHER.search(text) else -1 if _LOWER.search(text) else 0,
        low=low,
        high=high,
        octave=bool(_OCTAVES.search(text)) and not interval,
        phrases=phrases,
        bar_range=bar_range,
        backing=backing,
        choices=_find_choices(text),
        pick=number(pick.group(1)) if pick else 0,
        act=_find_act(text),
        solo=bool(_SOLO.search(text)),
        copies=find_copied(text),
        composer=find_composer(text),
        meter=_other_meter(meter),
        lyrics=bool(_LYRICS.search(text)),
    )
