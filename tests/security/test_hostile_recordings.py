"""Recordings that are too long, damaged, lying or of a kind nobody expects: a sentence, in bounded time and memory."""

from __future__ import annotations

import contextlib
import io
import struct
import wave

import av
import numpy as np
import pytest

from bot.gateway.errors import RequestError
from bot.gateway.speech.sound_decoder import SoundDecoder

RATE = 16_000
MAX_S = 5


def wav(seconds: float, rate: int = RATE, channels: int = 1) -> bytes:
    """A tone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = np.sin(np.arange(int(seconds * rate)) * 0.05) * 9000
        file.writeframes(np.repeat(tone.astype(np.int16), channels).tobytes())
    return out.getvalue()


def encoded(container: str, codec: str, rate: int) -> bytes:
    """The tone of one second in another format."""
    out = io.BytesIO()
    samples = np.frombuffer(wav(1, rate)[44:], np.int16)
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.rate = rate
        context = stream.codec_context
        resampler = av.AudioResampler(context.format.name, "mono", rate, frame_size=context.frame_size or 0)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return out.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("mp3", "libmp3lame", 24_000),
        ("mp4", "aac", 44_100),
        ("amr", "libopencore_amrnb", 8_000),
        ("flac", "flac", 16_000),
    ],
)
async def test_what_phones_and_platforms_send_is_decoded(container: str, codec: str, rate: int) -> None:
    samples = await SoundDecoder(MAX_S).decode(encoded(container, codec, rate))
    assert len(samples) / 2 / RATE == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 6)])
async def test_any_rate_and_channels_become_mono(rate: int, channels: int) -> None:
    samples = await SoundDecoder(MAX_S).decode(wav(1, rate, channels))
    assert len(samples) / 2 / RATE == pytest.approx(1.0, abs=0.02)


async def refusal(data: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await SoundDecoder(MAX_S).decode(data)
    return caught.value


async def test_ten_minutes_are_too_long() -> None:
    error = await refusal(wav(600, 8_000))
    assert (error.status, error.code) == (413, "recording_too_long")
    assert f"{MAX_S} 秒" in error.user_message


@pytest.mark.parametrize("promised", [0, 7, 0xFFFFFFFF])
async def test_a_header_that_lies_about_the_length_costs_nothing(promised: int) -> None:
    lying = bytearray(wav(1))
    lying[40:44] = struct.pack("<I", promised)
    samples = b""
    with contextlib.suppress(RequestError):
        samples = await SoundDecoder(MAX_S).decode(bytes(lying))
    assert len(samples) <= 1.02 * RATE * 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"not a recording at all" * 50,
        b"OggS" + b"\xff" * 500,
        b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt " + b"\xff" * 60,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"%PDF-1.7\n" + b"\0" * 200,
    ],
)
async def test_what_is_no_recording_is_refused(data: bytes) -> None:
    assert (await refusal(data)).code == "unreadable_recording"


async def test_silk_is_named() -> None:
    error = await refusal(b"\x02#!SILK_V3" + b"\0" * 100)
    assert error.code == "format_not_supported"
    assert "Silk" in error.user_message


async def test_a_cut_recording_is_heard_up_to_the_cut() -> None:
    whole = encoded("mp3", "libmp3lame", 24_000)
    samples = await SoundDecoder(MAX_S).decode(whole[: len(whole) * 2 // 3])
    assert len(samples) > RATE // 2
