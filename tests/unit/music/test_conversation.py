"""Conversations about music: what the assistant makes of each turn, and what it keeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from actions.compose import claims
from actions.compose_conversation import converse
from actions.compose_service import ComposeService
from actions.compose_state import State
from actions.reply import Reply
from actions.skill import Turn
from models.music.midi import read_midi, write_midi
from models.music.model import MusicModel
from models.music.piece import Request


class Visitor:
    """Somebody who talks to the skill."""

    def __init__(self, service: ComposeService) -> None:
        self.service, self.slots, self.count = service, dict[str, Any](), 0

    def say(self, text: str, file: Path | None = None, mime: str = "audio/midi") -> Reply:
        self.count += 1
        files = ({"id": "u1", "kind": "audio", "mime": mime, "path": str(file)},) if file else ()
        turn = Turn(text, "conversation", f"m{self.count}", "compose", 0.9, slots=self.slots, attachments=files)
        outcome = converse(turn, self.service)
        self.slots.update(outcome.slots)
        return outcome.reply

    @property
    def request(self) -> Request:
        request = State.from_dict(self.slots["compose_state"]).request
        assert request is not None
        return request


@pytest.fixture
def visitor(service: ComposeService) -> Visitor:
    return Visitor(service)


def test_a_piece_comes_with_sound_score_and_files(
    visitor: Visitor, service: ComposeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine that runs the test is.
    monkeypatch.setattr("actions.compose_conversation.MP3_WITHIN_S", 60)
    reply = visitor.say("写一段欢快的中国风旋律，4小节")
    assert (reply.capability, reply.band, reply.ai_generated) == ("compose", "answer", True)
    assert {"style", "key", "mode", "tempo", "bars", "instruments", "seed"} <= set(reply.data)
    assert reply.data["style"] == "chinese"
    assert [m.kind for m in reply.media] == ["audio", "score", "image", "midi", "score", "audio"]
    for media in reply.media:
        assert (service.media_dir / media.url.removeprefix("/media/")).stat().st_size > 100
    assert "AI" not in reply.text
    assert str(reply.data["seed"]) in reply.text


def test_what_is_asked_for_is_what_is_said_and_done(visitor: Visitor) -> None:
    reply = visitor.say("写一首16小节，C大调，每分钟120拍，用笛子的曲子")
    assert (reply.data["bars"], reply.data["tempo"], reply.data["key"]) == (16, 120, "C大调")
    assert reply.data["instruments"][0] == "笛子"
    assert "长笛" in reply.text, "the sound that stands in is named"
    assert (visitor.request.mode, visitor.request.tonic) == ("major", 0)


def test_each_edit_changes_what_was_asked_and_keeps_the_rest(visitor: Visitor) -> None:
    visitor.say("来一首忧伤的钢琴曲，8小节")
    changes = {
        "再快一点": {"tempo"},
        "换成大调": {"mode", "written_mode"},
        "升高三度": {"tonic", "low", "high"},
        "长一点": {"bars", "closings"},
        "第二句改一改": {"rewritten"},
        "去掉伴奏": {"pattern"},
        "加上伴奏": {"pattern"},
        "换成大提琴": {"instrument", "low", "high"},
        "每分钟90拍": {"tempo"},
        "就这首，发我MIDI": set(),
    }
    for text, names in changes.items():
        before = visitor.request
        reply = visitor.say(text)
        assert reply.band == "answer", text
        after = visitor.request
        changed = {n for n in Request.__dataclass_fields__ if getattr(before, n) != getattr(after, n)}
        assert changed == names, text


def test_a_key_lies_where_the_instrument_plays_best_and_can_still_be_raised(visitor: Visitor) -> None:
    visitor.say("写一段欢快的中国风旋律，8小节")
    visitor.say("C大调，用笛子")
    low = visitor.request.low
    reply = visitor.say("升高三度")
    assert "整首升高 4 个半音" in reply.text
    assert visitor.request.low == low + 4


def test_what_would_leave_the_range_is_said_to(visitor: Visitor) -> None:
    visitor.say("写一首音域C5到C7的曲子，4小节")
    reply = visitor.say("升高三度")
    assert "整首升高 4 个半音，会超出音域，所以写低了 1 个八度" in reply.text
    assert (visitor.request.low, visitor.request.high) == (72 + 4 - 12, 96 + 4 - 12)


def test_another_range(visitor: Visitor) -> None:
    visitor.say("写一首音域C4到C6的曲子，4小节")
    tonic = visitor.request.tonic
    assert "移到了您说的音域" in visitor.say("音域C3到C5").text
    assert "重写了旋律" in visitor.say("音域D3到D4").text
    assert (visitor.request.low, visitor.request.high, visitor.request.tonic) == (50, 62, tonic)
    assert "C2 到 C7" in visitor.say("音域C1到C7").text
    assert visitor.request.low == 50


def test_where_nothing_changes_it_does_not_say_that_something_did(visitor: Visitor) -> None:
    visitor.say("写一首8小节的曲子")
    reply = visitor.say("第9句改一改")
    assert reply.text.startswith("还是这首")
    assert "一共 2 句" in reply.text


def test_of_several_instruments_one_plays_and_one_accompanies(visitor: Visitor) -> None:
    visitor.say("写一首4小节的曲子")
    reply = visitor.say("换成二胡和古筝")
    assert reply.data["instruments"] == ["二胡", "古筝"]
    assert "其余的没有用上" in visitor.say("用笛子、二胡和古筝写一首新的，4小节").text


def test_another_metre_is_admitted(visitor: Visitor) -> None:
    reply = visitor.say("写一段3/4拍的圆舞曲，4小节")
    assert "只会写 4/4 拍，3/4写不了" in reply.text
    assert reply.data["bars"] == 4


def test_three_to_choose_from(visitor: Visitor) -> None:
    visitor.say("写一首4小节的曲子")
    reply = visitor.say("再来三个让我选")
    assert len(reply.cards) == 3
    assert len(set(reply.data["choices"])) == 3
    assert "只有 3 首可以选" in visitor.say("选第5首").text
    picked = visitor.say("选第2首")
    assert picked.data["seed"] == reply.data["choices"][1]
    assert {m.kind for m in picked.media} == {"audio", "midi", "score", "image"}


def test_another_one_is_another_one_to_the_same_wish(visitor: Visitor) -> None:
    visitor.say("写一首4小节的曲子，C大调")
    first = visitor.request
    visitor.say("换一首")
    assert visitor.request.seed != first.seed
    assert (visitor.request.bars, visitor.request.tonic) == (4, 0)


def test_an_uploaded_melody_goes_on(visitor: Visitor, model: MusicModel, tmp_path: Path) -> None:
    file = tmp_path / "u.mid"
    own = model.compose(Request("fiddle", tonic=2, bars=6, seed=4, pattern="none", tempo=90))
    file.write_bytes(write_midi(own, "x"))
    heard = read_midi(file.read_bytes())
    reply = visitor.say("", file)
    assert reply.band == "answer"
    assert reply.data["bars"] == 6 + 8
    assert reply.data["tempo"] == 90
    service_piece = visitor.service.models[visitor.request.style].compose(visitor.request)
    assert [n.pitch for n in service_piece.notes][: len(own.notes)] == [n.pitch for n in own.notes]
    assert visitor.request.tonic == heard.tonic


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("写一首0小节的曲子", "1 到 64 小节"),
        ("写10000小节", "1 到 64 小节"),
        ("写一段每分钟-5拍的旋律", "30 到 240 拍"),
        ("用锯琴演奏一段", "最接近的是"),
        ("来段架子鼓", "奏不出旋律"),
        ("用架子鼓写一段旋律", "架子鼓奏不出旋律"),
        ("写一首歌词", "不写词"),
        ("模仿周杰伦写一首歌", "这个我不做"),
        ("写一首像《晴天》那样的歌", "这个我不做"),
        ("写一首一小时的曲子，3000秒", "最长 64 小节"),
        ("写一首音域C4到D4的曲子", "至少一个八度"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_with_something_that_can(visitor: Visitor, text: str, said: str) -> None:
    reply = visitor.say(text)
    assert said in reply.text
    assert (reply.band, reply.media) == ("suggest", ())
    assert reply.buttons
    assert visitor.say(reply.buttons[0].payload).band == "answer"


@pytest.mark.parametrize("data", [b"", b"MThd", b"MThd\0\0\0\6\0\1\xff\xff\0\x60MTrk\x7f\xff\xff\xff"])
def test_a_broken_upload_is_a_sentence(visitor: Visitor, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "u.mid"
    file.write_bytes(data)
    reply = visitor.say("接着写", file)
    assert "MIDI" in reply.text
    assert reply.media == ()


def test_a_hummed_melody_goes_on(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "hum.ogg"
    t = np.arange(11_025) / 22_050
    breath = np.clip(np.minimum(50 * t, 20 * (0.46 - t)), 0, 1)
    tune = (60, 62, 64, 60, 64, 65, 67, 67, 69, 67, 65, 64, 62, 62, 60, 60)
    turns = [2 * np.pi * 440 * 2 ** ((m - 69) / 12) * t for m in tune]
    hum = [(np.sin(turn) + 0.2 * np.sin(2 * turn)) * breath for turn in turns]
    soundfile.write(file, np.concatenate(hum) * 0.3, 22_050)
    reply = visitor.say("按我哼的接着写", file, "audio/ogg")
    assert reply.band == "answer"
    assert re.search("您哼的旋律我听作 C大调，每分钟约 1(19|20|21) 拍，4 小节", reply.text)
    assert reply.data["bars"] == 4 + 8
    piece = visitor.service.models[visitor.request.style].compose(visitor.request)
    assert [n.pitch for n in piece.notes][: len(tune)] == list(tune)


def test_a_recording_and_a_file_that_is_gone_are_sentences(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    soundfile.write(file, np.zeros(44_100), 22_050)
    assert "几乎没有声音" in visitor.say("按我哼的写下去", file, "audio/wav").text
    assert "重新上传" in visitor.say("", tmp_path / "gone.mid").text


def test_a_style_that_was_never_learned_is_admitted(visitor: Visitor) -> None:
    assert "没有学过“爵士”" in visitor.say("写一首爵士，4小节").text


def test_without_the_chinese_weights_it_says_so_and_stays_pentatonic(model: MusicModel, tmp_path: Path) -> None:
    visitor = Visitor(ComposeService({"fiddle": model, "chorale": model}, tmp_path))
    reply = visitor.say("写一段中国风旋律，4小节")
    assert "没有启用" in reply.text
    assert visitor.request.style == "fiddle"
    assert visitor.request.mode in ("gong", "zhi")


def test_without_any_weights_it_says_so(tmp_path: Path) -> None:
    reply = Visitor(ComposeService({}, tmp_path)).say("写一首曲子")
    assert reply.band == "refuse"


@pytest.mark.parametrize("stored", [None, 5, {}, {"request": {"bars": 1}}, {"request": {"style": "x", "bars": -1}}])
def test_a_memory_of_another_release_starts_afresh(stored: object) -> None:
    assert State.from_dict(stored).request is None


def test_the_memory_survives_json(visitor: Visitor) -> None:
    import json

    visitor.say("写一首8小节的曲子")
    visitor.say("第二句改一改")
    stored = visitor.slots["compose_state"]
    assert State.from_dict(json.loads(json.dumps(stored))) == State.from_dict(stored)
    assert State.from_dict(stored).request == visitor.request


def test_old_files_go(service: ComposeService, visitor: Visitor) -> None:
    import os

    service.media_dir.mkdir()
    old = service.media_dir / "music-old.mid"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    other = service.media_dir / "another-skill.png"
    other.write_bytes(b"x")
    os.utime(other, (0, 0))
    visitor.say("写一首4小节的曲子")
    assert not old.exists()
    assert other.exists()


@pytest.mark.parametrize("text", ["再快一点", "换一个", "第二句改一改", "升高三度", "选第2首", "加上伴奏"])
def test_a_short_change_belongs_to_the_piece_in_hand(visitor: Visitor, text: str) -> None:
    turn = Turn(text, "conversation", "m", "recommend", 0.5, slots={})
    assert not claims(turn)
    visitor.say("写一首4小节的曲子")
    visitor.say("再来三个让我选")
    assert claims(Turn(text, "conversation", "m", "recommend", 0.5, slots=visitor.slots))


@pytest.mark.parametrize("text", ["来首摇滚", "给我来一段二胡", "写首爵士", "来点钢琴曲"])
def test_who_orders_a_kind_of_music_gets_it(text: str) -> None:
    assert claims(Turn(text, "conversation", "m", "chitchat", 0.5, slots={}))


@pytest.mark.parametrize("text", ["来点摇滚电影", "推荐一首钢琴曲", "小提琴独奏的票", "来一首周杰伦", "钢琴课怎么报名"])
def test_who_asks_about_music_does_not_order_it(text: str) -> None:
    assert not claims(Turn(text, "conversation", "m", "faq", 0.5, slots={}))


@pytest.mark.parametrize("text", ["怎么退票", "推荐一部喜剧片", "谢谢", "", "你好", "会员多少钱"])
def test_other_messages_do_not(visitor: Visitor, text: str) -> None:
    visitor.say("写一首4小节的曲子")
    assert not claims(Turn(text, "conversation", "m", "faq", 0.5, slots=visitor.slots))


def test_the_beginning_to_choose_by_is_the_beginning_of_the_piece(visitor: Visitor, service: ComposeService) -> None:
    visitor.say("写一首32小节的曲子")
    offer = visitor.say("再来三个让我选")
    first = next(m for m in offer.media if m.kind == "midi")
    heard = read_midi((service.media_dir / first.url.removeprefix("/media/")).read_bytes())
    visitor.say("选第1首")
    piece = service.models[visitor.request.style].compose(visitor.request)
    beginning = [n.pitch for n in piece.first_bars(8).notes]
    assert [int(t) + heard.base for t in heard.tokens if t < 36] == beginning
    assert visitor.request.bars == 32
