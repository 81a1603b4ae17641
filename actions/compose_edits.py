"""From what was said to the piece in hand with one thing changed and the rest kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actions.compose_moods import MOODS
from actions.compose_new import RATE, STYLE_PATTERN, is_minor
from actions.compose_state import State
from actions.compose_wish import Wish
from models.music.instruments import INSTRUMENTS
from models.music.piece import FASTEST, HIGHEST, LOWEST, MOST_BARS, SLOWEST, Request, whole_phrases
from models.music.tensor import PHRASE_BARS

OTHER_INSTRUMENTS = {"chinese": ("笛子", "二胡", "古筝", "琵琶", "箫"), "": ("钢琴", "小提琴", "长笛", "吉他", "竖琴")}
TO_MINOR = {"major": "minor", "mixolydian": "dorian", "gong": "yu", "zhi": "yu", "shang": "yu"}
TO_MAJOR = {"minor": "major", "dorian": "mixolydian", "yu": "gong", "jue": "gong"}
EXTENSION = 8

Edit = Callable[[State, Request, Wish, list[str]], State]
"""Changes what a wish asks for and adds a sentence about it."""


def edited(state: State, wish: Wish) -> tuple[State, list[str]]:
    """The piece in hand with the changes of a wish, and what was done in Chinese; no sentence means no change."""
    done: list[str] = []
    for change in EDITS:
        if state.request is not None:
            state = change(state, state.request, wish, done)
    return state, done


def _tempo(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    tempo = wish.tempo
    if tempo is None and wish.tempo_change:
        tempo = min(FASTEST, max(SLOWEST, round(request.tempo * RATE**wish.tempo_change)))
        if tempo == request.tempo:
            done.append(f"每分钟 {tempo} 拍已经是最{'快' if wish.tempo_change > 0 else '慢'}了")
            return state
    if tempo is None or tempo == request.tempo:
        return state
    done.append(f"速度从每分钟 {request.tempo} 拍改成 {tempo} 拍")
    return state.with_request(tempo=tempo)


def _mood(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    if wish.mood is None:
        return state
    mood = MOODS[wish.mood]
    mode = request.mode
    if wish.mode is None and mood.minor != is_minor(mode):
        mode = (TO_MINOR if mood.minor else TO_MAJOR).get(mode, mode)
    tempo = request.tempo
    if wish.tempo is None and not wish.tempo_change:
        tempo = mood.tempo if mood.tempo != tempo else min(FASTEST, round(tempo * 1.1))
    done.append(f"改得更{wish.mood}：每分钟 {tempo} 拍" + ("，换了调式" if mode != request.mode else ""))
    return replace(_turned(state, request, mode), mood=wish.mood).with_request(tempo=tempo)


def _turned(state: State, request: Request, mode: str) -> State:
    written = request.written_mode or request.mode
    return state.with_request(mode=mode, written_mode="" if mode == written else written)


def _key(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    mode = wish.mode
    if mode is None and wish.tonic is None:
        return state
    if mode is None:
        mode = request.mode
    turned = _turned(state, request, mode)
    if wish.tonic is not None and wish.tonic != request.tonic:
        up = (wish.tonic - request.tonic) % 12
        turned = _shifted(turned, request, min((up, up - 12), key=lambda s: _off_middle(state, request, s)))
    if turned != state:
        done.append("换了调，节奏和起伏没有变")
    else:
        done.append("这首本来就是这个调")
    return turned


def _off_middle(state: State, request: Request, semitones: int) -> float:
    """How far the melody lies from the middle of its instrument once it is moved."""
    instrument = INSTRUMENTS[state.instrument]
    return abs(request.low + request.high + 2 * semitones - instrument.low - instrument.high)


def _shifted(state: State, request: Request, semitones: int) -> State:
    """Everything up by so many semitones, an octave off where the range ends."""
    while request.low + semitones < LOWEST:
        semitones += 12
    while request.high + semitones > HIGHEST:
        semitones -= 12
    return state.with_request(
        tonic=(request.tonic + semitones) % 12, low=request.low + semitones, high=request.high + semitones
    )


def _pitch(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    semitones = wish.transpose
    if not semitones and wish.register:
        semitones = 12 * wish.register
        if request.low + semitones < LOWEST or request.high + semitones > HIGHEST:
            semitones = 5 * wish.register
    if not semitones:
        return state
    moved = _shifted(state, request, semitones)
    if moved.request is None:
        return state
    real = moved.request.low - request.low
    if not real:
        done.append("再移就超出音域了，没有移动")
        return state
    if real == semitones:
        done.append(f"整首{'升高' if real > 0 else '降低'} {abs(real)} 个半音")
    else:
        way, back = ("升高", "低") if semitones > 0 else ("降低", "高")
        octaves = abs(real - semitones) // 12
        done.append(f"整首{way} {abs(semitones)} 个半音，会超出音域，所以写{back}了 {octaves} 个八度")
    return moved


def _range(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    if wish.low is None or wish.high is None:
        return state
    if (wish.low, wish.high) == (request.low, request.high):
        done.append("这首本来就在这个音域里")
        return state
    if (wish.high - wish.low, (wish.low - request.low) % 12) == (request.high - request.low, 0):
        done.append("移到了您说的音域，别的没有变")
    else:
        done.append("按您说的音域重写了旋律，调、速度和长度没有变")
    return state.with_request(low=wish.low, high=wish.high)


def _length(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    bars = wish.bars
    if bars is None and wish.length_change > 0:
        bars = min(MOST_BARS, request.bars + EXTENSION)
    elif bars is None and wish.length_change < 0:
        own = len(request.opening) // 16
        bars = max(PHRASE_BARS, own - request.skip, request.bars // 2 // PHRASE_BARS * PHRASE_BARS)
    if bars is None:
        return state
    if bars == request.bars:
        done.append(f"这首已经是 {bars} 小节")
        return state
    closings = request.closings
    if bars > request.bars:
        closings = tuple(sorted({*closings, whole_phrases(request) - 1}))
        done.append(f"从 {request.bars} 小节加长到 {bars} 小节，前面的没有变")
    else:
        closings = tuple(c for c in closings if c < -(-bars // PHRASE_BARS))
        done.append(f"从 {request.bars} 小节缩短到 {bars} 小节")
    return state.with_request(bars=bars, closings=closings)


def _phrases(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    count = whole_phrases(request)
    numbers = [count if p == -1 else p for p in wish.phrases]
    if wish.bar_range is not None:
        first, last = sorted(wish.bar_range)
        numbers = list(range((first + 3) // 4, (last + 3) // 4 + 1))[: count + 1]
    if not numbers:
        return state
    if any(not 1 <= n <= count for n in numbers):
        done.append(f"这首一共 {count} 句，每句 4 小节，没有您说的那一句")
        return state
    own = len(request.opening) // 64
    if any(n <= own for n in numbers):
        done.append("您上传的部分保持原样，我只改后面接写的")
        return state
    counts = dict(request.rewritten)
    for number in numbers:
        counts[number - 1] = counts.get(number - 1, 0) + 1
    done.append("重写了" + "、".join(f"第 {n} 句" for n in numbers) + "，其余的没有变")
    return state.with_request(rewritten=tuple(sorted(counts.items())))


def _backing(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    if wish.backing is None:
        return state
    if not wish.backing:
        done.append("去掉了伴奏" if request.pattern != "none" else "这首本来就没有伴奏")
        return state.with_request(pattern="none")
    order = ["broken", "block", "march", "bass"]
    if request.pattern == "none":
        pattern = STYLE_PATTERN.get(request.style, "block")
        done.append("加上了伴奏，旋律没有变")
    else:
        pattern = order[(order.index(request.pattern) + 1) % len(order)]
        done.append("换了一种伴奏，旋律没有变")
    return state.with_request(pattern=pattern)


def _instrument(state: State, request: Request, wish: Wish, done: list[str]) -> State:
    name = wish.instruments[0] if wish.instruments else None
    if name is None and wish.act == "other_instrument":
        choice = OTHER_INSTRUMENTS["chinese" if request.style == "chinese" else ""]
        name = choice[(choice.index(state.instrument) + 1) % len(choice) if state.instrument in choice else 0]
    if len(wish.instruments) > 1 and not wish.backing:
        second = wish.instruments[1]
        done.append(
            f"{second}伴奏" + ("；再多的乐器用不上，一首里一件奏旋律、一件伴奏" if len(wish.instruments) > 2 else "")
        )
        pattern = request.pattern if request.pattern != "none" else STYLE_PATTERN.get(request.style, "block")
        state = state.with_request(backing=INSTRUMENTS[second].program, pattern=pattern)
    if name is None or name == state.instrument:
        return state
    if wish.backing:
        done.append(f"伴奏改用{name}")
        return state.with_request(backing=INSTRUMENTS[name].program)
    instrument = INSTRUMENTS[name]
    middle = (request.low + request.high) / 2
    octaves = round(((instrument.low + instrument.high) / 2 - middle) / 12)
    while octaves and not (request.low + 12 * octaves >= LOWEST and request.high + 12 * octaves <= HIGHEST):
        octaves -= 1 if octaves > 0 else -1
    moved = "" if not octaves else f"，为了合它的音域移了 {abs(octaves)} 个八度"
    done.append(f"换成{name}演奏{moved}")
    low, high = request.low + 12 * octaves, request.high + 12 * octaves
    return replace(state, instrument=name).with_request(instrument=instrument.program, low=low, high=high)


EDITS: tuple[Edit, ...] = (_mood, _tempo, _key, _pitch, _range, _length, _phrases, _backing, _instrument)
