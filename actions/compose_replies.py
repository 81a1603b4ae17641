"""What the composing skill says."""

from __future__ import annotations

from typing import Any

from actions.compose_state import State
from actions.reply import Button, Card, Media, Reply
from models.music.instruments import INSTRUMENTS, of_program
from models.music.piece import TONICS, Piece, Request
from models.music.tensor import PENTATONIC

STYLES = {"chinese": "中国风", "fiddle": "欧洲民间舞曲", "chorale": "古典圣咏", "own": "本站曲风"}
MODES = {
    "major": "大调", "minor": "小调", "dorian": "多利亚调式", "mixolydian": "混合利底亚调式", "gong": "宫调", "shang": "商调",
    "jue": "角调", "zhi": "徵调", "yu": "羽调",
}  # fmt: skip
FLAT = {"Db": "降D", "Eb": "降E", "Gb": "降G", "Ab": "降A", "Bb": "降B"}
PATTERNS = {"none": "无伴奏", "block": "柱式和弦", "broken": "分解和弦", "bass": "低音", "march": "低音与和弦交替"}
TRY = (
    Button(title="写一段欢快的中国风旋律", payload="写一段欢快的中国风旋律"),
    Button(title="来一首忧伤的钢琴曲", payload="来一首忧伤的钢琴曲"),
    Button(title="适合睡前的", payload="写一首适合睡前听的曲子"),
)


def key_name(request: Request) -> str:
    """The key in Chinese, such as C大调 or 降B羽调."""
    tonic = TONICS[request.tonic]
    return FLAT.get(tonic, tonic) + MODES[request.mode]


def title_of(state: State, request: Request) -> str:
    """What the piece is called in its files."""
    return (
        f"{state.mood}的{STYLES.get(request.style, request.style)}" if state.mood else STYLES.get(request.style, "旋律")
    )


def data(state: State) -> dict[str, Any]:
    """The machine-readable result."""
    request = state.request
    if request is None:
        return {}
    instruments = [state.instrument]
    if request.pattern != "none":
        instruments.append(backing_name(request))
    written = request.written_mode or request.mode
    return {
        "style": request.style,
        "key": key_name(request),
        "tonic": TONICS[request.tonic],
        "mode": request.mode,
        "pentatonic": written in PENTATONIC,
        "tempo": request.tempo,
        "bars": request.bars,
        "instruments": instruments,
        "seed": request.seed,
        "mood": state.mood,
        "range": [request.low, request.high],
        "accompaniment": request.pattern,
    }


def backing_name(request: Request) -> str:
    """The accompanying instrument: the one of its style where the sound is the same, else the sound's own name."""
    chinese = {107: "古筝", 106: "琵琶", 105: "中阮", 110: "二胡", 111: "唢呐"}
    return chinese.get(request.backing) or of_program(request.backing).name


def described(state: State, piece: Piece) -> str:
    """The piece in one sentence."""
    request = piece.request
    parts = [
        STYLES.get(request.style, request.style),
        key_name(request),
        f"{request.bars} 小节",
        f"每分钟 {request.tempo} 拍",
        f"{state.instrument}主奏",
    ]
    if request.pattern != "none":
        parts.append(f"{backing_name(request)}伴奏（{PATTERNS[request.pattern]}）")
    return "，".join(parts) + f"，约 {round(piece.seconds)} 秒，种子 {request.seed}"


def sound_note(state: State) -> str:
    """Which sound stands in for the instrument, when one does."""
    instead = INSTRUMENTS[state.instrument].instead
    return f"通用音色库里没有{state.instrument}，试听用的是{instead}的音色。" if instead else ""


def edit_buttons(state: State) -> tuple[Button, ...]:
    """What can be said next."""
    request = state.request
    if request is None:
        return TRY
    dark = request.mode in ("minor", "yu", "dorian", "jue")
    says = ["再快一点", "换成大调" if dark else "换成小调", "第二句改一改"]
    says.append("加上伴奏" if request.pattern == "none" else "去掉伴奏")
    says.append("再来三个让我选")
    return tuple(Button(title=s, payload=s) for s in says)


def made(state: State, piece: Piece, media: tuple[Media, ...], lead: str, notes: list[str], sure: float) -> Reply:
    """A piece with its files."""
    lines = [f"{lead}：{described(state, piece)}。", *notes]
    return Reply(
        text="\n".join(line for line in lines if line),
        capability="compose",
        confidence=sure,
        media=media,
        buttons=edit_buttons(state),
        data=data(state),
        ai_generated=True,
    )


def offered(state: State, pieces: list[Piece], media: tuple[Media, ...], sure: float) -> Reply:
    """Several pieces to choose from."""
    cards = tuple(
        Card(
            title=f"第 {i} 首",
            subtitle=f"{key_name(p.request)} · 每分钟 {p.request.tempo} 拍 · 种子 {p.request.seed}",
            buttons=(Button(title=f"选第{i}首", payload=f"选第{i}首"),),
        )
        for i, p in enumerate(pieces, 1)
    )
    return Reply(
        text=f"写了 {len(pieces)} 首，要求一样，旋律不同。先听开头，选中哪首我就把完整的音频、MIDI 和乐谱给您。",
        capability="compose",
        confidence=sure,
        cards=cards,
        media=media,
        data={**data(state), "choices": [p.request.seed for p in pieces]},
        ai_generated=True,
    )


def asked_back(text: str, state: State, sure: float, says: tuple[str, ...] = ()) -> Reply:
    """A question back or a refusal with something that works."""
    buttons = tuple(Button(title=s, payload=s) for s in says) or TRY
    return Reply(text=text, capability="compose", band="suggest", confidence=sure, buttons=buttons, data=data(state))
