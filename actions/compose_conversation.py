"""One turn about music: from what was said and uploaded to a piece, an edit of it, or a sentence why not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from actions import compose_replies as say
from actions.compose_edits import edited
from actions.compose_language import understand
from actions.compose_moods import MOODS
from actions.compose_new import bars_of, new_piece, new_seed
from actions.compose_service import ComposeService
from actions.compose_state import SLOT, State
from actions.compose_wish import Wish
from actions.reply import Media, Reply
from actions.skill import ANSWERED, Outcome, Turn
from models.music.audio import SoundError
from models.music.files import File, midi_file, page_files, sound_files
from models.music.hummed import RecordingError, read_recording
from models.music.instruments import INSTRUMENTS, nearest, of_program
from models.music.midi import MidiError, read_midi
from models.music.piece import (
    FASTEST,
    HIGHEST,
    LEAST_BARS,
    LEAST_SPAN,
    LOWEST,
    MOST_BARS,
    SLOWEST,
    Piece,
    Request,
    RequestError,
)
from models.music.tensor import PENTATONIC, PHRASE_BARS, PITCHES, STEPS

LONGEST_SOUND_S = 90
LONGEST_MP3_S = 45
"""Above this the WAV file alone is played: encoding would take longer than the person wants to wait."""
MP3_WITHIN_S = 0.6
"""On a busy machine, when writing and drawing alone took longer than this, MP3 is left out as well."""
PREVIEW_BARS = 8
MOST_CHOICES = 3
NO_MODEL = "作曲用的模型还没有装好，暂时写不了曲子；其它问题现在就可以问我。"
CONTINUED_BARS = 8
_CHANGING = re.compile(
    r"换成|改成|改为|变成|调到|调成|改到|移到|提速到|转到|换[^一]|再[^来写做生]|更|不变|太|把|这首|刚才|试试"
)


def converse(turn: Turn, service: ComposeService) -> Outcome:
    """Answer one turn; slot ``compose_state``."""
    sure = min(1.0, max(0.0, turn.intent_confidence))
    state = State.from_dict(turn.slots.get(SLOT))
    if not service.models:
        return _outcome(Reply(text=NO_MODEL, capability="compose", band="refuse", confidence=sure), state)
    talk = Talk(turn, service, state, understand(turn.text), sure)
    try:
        reply = talk.answer()
    except (RequestError, MidiError, RecordingError) as error:
        reply = say.asked_back(error.user_message, state, sure)
        return _outcome(reply, state)
    return _outcome(reply, talk.state)


def _outcome(reply: Reply, state: State) -> Outcome:
    return Outcome(reply, {SLOT: state.as_dict() if state != State() else None, **ANSWERED})


class Talk:
    """A turn in the making: ``state`` is the memory after it."""

    def __init__(self, turn: Turn, service: ComposeService, state: State, wish: Wish, sure: float) -> None:
        self.turn, self.service, self.state, self.wish, self.sure = turn, service, state, wish, sure
        self.began = time.monotonic()

    def answer(self) -> Reply:
        """Find out what is wanted and do it."""
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        return self._do()

    def _do(self) -> Reply:
        wish, state = self.wish, self.state
        attachment = next((a for a in self.turn.attachments if a.get("kind") == "audio"), None)
        if attachment is not None:
            return self._continue(attachment)
        if wish.pick and state.offered:
            return self._pick(wish.pick)
        if wish.choices:
            return self._choices(min(MOST_CHOICES, wish.choices))
        if state.request is not None and wish.act == "again":
            return self._again()
        if state.request is not None and (wish.act != "new" or _CHANGING.search(self.turn.text)):
            return self._edit()
        return self._new()

    def _refusal(self) -> Reply | None:
        """A sentence for what cannot be done as asked; None when nothing stands against it."""
        for text, says in self._objections():
            return self._back(text, *says)
        return None

    def _objections(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What stands against the wish, each with sentences that would work instead."""
        wish = self.wish
        if wish.copies:
            yield (
                f"模仿{wish.copies}会用到别人的作品，这个我不做。我可以写一段情绪相近的原创旋律，说说您想要的感觉就行。",
                (),
            )
        if wish.lyrics and wish.act in ("", "new"):
            yield "我只写旋律和伴奏，不写词也不会唱。可以先写一段旋律，您再填词。", ("写一段抒情的旋律",)
        if wish.bars is not None and not LEAST_BARS <= wish.bars <= MOST_BARS:
            says = ("写一首 16 小节的曲子", "写一首 32 小节的曲子")
            yield f"{wish.bars} 小节写不了，长度可以是 {LEAST_BARS} 到 {MOST_BARS} 小节。", says
        if wish.tempo is not None and not SLOWEST <= wish.tempo <= FASTEST:
            says = ("写一段每分钟 90 拍的旋律", "写一段每分钟 120 拍的旋律")
            yield f"速度每分钟 {wish.tempo} 拍不行，可以是 {SLOWEST} 到 {FASTEST} 拍。", says
        if wish.bars is None and wish.seconds is not None:
            bars = bars_of(wish, wish.tempo or (MOODS[wish.mood].tempo if wish.mood else 100))
            if wish.seconds < 1 or bars > MOST_BARS:
                yield f"这个长度写不了，最长 {MOST_BARS} 小节，大约两分半钟。", ("写一首一分钟的曲子",)
        if wish.unknown_instrument:
            near = nearest(wish.unknown_instrument).name
            says = (f"用{near}演奏", "用钢琴演奏")
            yield f"没有“{wish.unknown_instrument}”这种音色。最接近的是{near}，要用它吗？", says
        if wish.percussion:
            says = ("用马林巴演奏", "用木琴演奏")
            yield f"{wish.percussion}奏不出旋律，我现在只写旋律和伴奏。换一件能奏旋律的乐器吧。", says
        if wish.low is not None and wish.high is not None:
            inside = wish.low >= LOWEST and wish.high <= HIGHEST
            if not (inside and wish.high - wish.low >= LEAST_SPAN):
                yield "音域要在 C2 到 C7 之间，而且至少一个八度。", ("写一首音域 C4 到 C6 的曲子",)

    def _back(self, text: str, *says: str) -> Reply:
        return say.asked_back(text, self.state, self.sure, says)

    def _seed(self, number: int = 0) -> int:
        return new_seed(self.turn.conversation, self.turn.message_id, number)

    def _new(self) -> Reply:
        if self.wish.act == "take" and self.state.request is None:
            return self._back("还没有写好的曲子。告诉我想要什么样的，我马上写。")
        if not self._says_something():
            return self._back("想要什么样的曲子？可以说说风格、心情、乐器、调、速度和长度，也可以都交给我。")
        self.state = new_piece(self.wish, tuple(self.service.models), self._seed())
        return self._made("写好了", self._style_notes())

    def _says_something(self) -> bool:
        return self.wish != understand("") or self.turn.intent == "compose"

    def _style_notes(self) -> list[str]:
        request, wish, notes = self.request, self.wish, []
        if wish.meter:
            notes.append(f"我只会写 4/4 拍，{wish.meter}写不了，这首是 4/4 的。")
        if len(wish.instruments) > 2:
            notes.append("一首曲子我写一件乐器的旋律和一件的伴奏，其余的没有用上。")
        if wish.style == "chinese" and request.style != "chinese":
            notes.append("中国风的模型用的是只许非商业使用的民歌，本站没有启用；这首用五声音阶来写。")
        elif wish.not_learned and not wish.style:
            notes.append(
                f"我没有学过“{wish.not_learned}”，这首按{say.STYLES.get(request.style, '')}的路子写，听起来会不一样。"
            )
        if wish.composer:
            notes.append(f"我没有专门学过{wish.composer}，这首按古典圣咏的路子写。")
        if request.style == "chinese" and wish.mode in ("major", "minor"):
            notes.append("中国风的旋律用五声音阶，五个音都在您说的调里面。")
        return notes

    @property
    def request(self) -> Request:
        """The piece in hand, of which there is one."""
        if self.state.request is None:
            raise ValueError("there is no piece yet")
        return self.state.request

    def _again(self) -> Reply:
        state, _ = edited(self.state, replace(self.wish, phrases=()))
        self.state = replace(state, offered=()).with_request(seed=self._seed(), rewritten=(), closings=())
        return self._made("另写了一首", [])

    def _edit(self) -> Reply:
        if self.wish.act == "take":
            return self._made("就是这首，文件都在下面", [])
        state, done = edited(self.state, self.wish)
        if not done:
            return self._back(
                "没听明白要改哪里。可以说“再快一点”“换成小调”“升高三度”“第二句改一改”“换成古筝”“加上伴奏”。",
                *(b.payload for b in say.edit_buttons(self.state)),
            )
        lead = "还是这首" if state.request == self.state.request else "改好了"
        self.state = replace(state, offered=())
        return self._made(lead, ["；".join(done) + "。"])

    def _pick(self, number: int) -> Reply:
        if number > len(self.state.offered):
            return self._back(f"只有 {len(self.state.offered)} 首可以选。")
        self.state = replace(self.state, offered=()).with_request(
            seed=self.state.offered[number - 1], rewritten=(), closings=()
        )
        return self._made(f"好，就用第 {number} 首", [])

    def _choices(self, count: int) -> Reply:
        if self.state.request is None or (self.wish.act == "new" and self.wish.style):
            self.state = new_piece(self.wish, tuple(self.service.models), self._seed())
        seeds = tuple(self._seed(i + 1) for i in range(count))
        pieces: list[Piece] = []
        media: list[Media] = []
        shown = PREVIEW_BARS + len(self.request.opening) // STEPS - self.request.skip
        for i, seed in enumerate(seeds, 1):
            # The beginning does not depend on how long the whole is, as long as its end is not part of it.
            bars = min(self.request.bars, shown + PHRASE_BARS)
            piece = self._compose(replace(self.request, bars=bars, seed=seed, rewritten=(), closings=()))
            pieces.append(piece)
            preview = midi_file(piece.first_bars(shown), say.title_of(self.state, piece.request))
            found = [*self._sound(preview, ("wav",)), preview]
            media += self.service.publish(found, self.turn.conversation, f"第 {i} 首开头 ")
        self.state = replace(self.state, offered=seeds)
        return say.offered(self.state, pieces, tuple(media), self.sure)

    def _continue(self, attachment: Mapping[str, str]) -> Reply:
        """Go on from an uploaded MIDI file or a hummed recording."""
        try:
            data = Path(attachment["path"]).read_bytes()
        except (KeyError, OSError):
            return self._back("这个文件打不开了，请重新上传。")
        hummed = "midi" not in attachment.get("mime", "")
        melody = read_recording(data) if hummed else read_midi(data)
        own_bars = len(melody.tokens) // STEPS
        skip = -own_bars % PHRASE_BARS
        tokens = (*([PITCHES + 1] * (skip * STEPS)), *melody.tokens.tolist())
        pitches = [int(t) + melody.base for t in melody.tokens if t < PITCHES]
        middle = (min(pitches) + max(pitches)) // 2
        low = max(LOWEST, min(*pitches, middle - LEAST_SPAN // 2))
        high = min(HIGHEST, max(*pitches, low + LEAST_SPAN))
        low = min(low, high - LEAST_SPAN)
        bars = min(MOST_BARS, own_bars + (self.wish.bars or CONTINUED_BARS))
        pentatonic = melody.mode in PENTATONIC
        wish = replace(self.wish, mode=melody.mode, style="chinese" if pentatonic else self.wish.style, bars=bars)
        state = new_piece(wish, tuple(self.service.models), self._seed())
        instrument = of_program(melody.program) if not self.wish.instruments else INSTRUMENTS[self.wish.instruments[0]]
        self.state = replace(state, instrument=instrument.name).with_request(
            mode=melody.mode,
            written_mode="",
            tonic=melody.tonic,
            tempo=melody.tempo,
            low=low,
            high=high,
            density=max(1, min(12, round(len(pitches) / own_bars))),
            instrument=instrument.program,
            opening=tokens,
            skip=skip,
        )
        whose = "您哼的旋律" if hummed else "您的旋律"
        pace = f"，每分钟约 {melody.tempo} 拍" if hummed else ""
        heard = f"{whose}我听作 {say.key_name(self.request)}{pace}，{own_bars} 小节；后面 {bars - own_bars} 小节是接着写的。"
        return self._made("接着写好了", [heard])

    def _compose(self, request: Request) -> Piece:
        return self.service.models[request.style].compose(request)

    def _sound(self, midi: File, formats: tuple[str, ...]) -> list[File]:
        try:
            return sound_files(midi, "Wenyu", formats)
        except SoundError:
            return []

    def _made(self, lead: str, notes: list[str]) -> Reply:
        self.state = replace(self.state, made=self.state.made + 1)
        piece = self._compose(self.request)
        title = say.title_of(self.state, piece.request)
        midi = midi_file(piece, title)
        heard = midi
        pages = page_files(piece, title, self.state.instrument)
        soon = piece.seconds <= LONGEST_MP3_S and time.monotonic() - self.began <= MP3_WITHIN_S
        formats = ("mp3", "wav") if soon else ("wav",)
        if piece.seconds > LONGEST_SOUND_S:
            part = piece.first_bars(int(LONGEST_SOUND_S * piece.request.tempo / 240))
            heard = midi_file(part, title)
            notes = [*notes, f"曲子比较长，试听只有开头 {round(part.seconds)} 秒，MIDI 和乐谱是完整的。"]
        sounds = self._sound(heard, formats)
        if not sounds:
            notes = [*notes, "这台服务器上没有音色库，这次没有声音，MIDI 和乐谱在下面。"]
        found = [*sounds[:1], pages[0], pages[1], midi, pages[2], *sounds[1:]]
        media = self.service.publish(found, self.turn.conversation)
        return say.made(self.state, piece, media, lead, [*notes, say.sound_note(self.state)], self.sure)
