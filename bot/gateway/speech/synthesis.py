"""From text to sound, piece by piece: by the process on this machine, or by a server that speaks OpenAI's protocol."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import aiohttp

from bot.gateway.speech.process import SpeechProcess, require_speech
from bot.gateway.speech.recognition import REMOTE_TIMEOUT_S, authorization, remote_failed
from bot.settings import Settings
from models.speech.spoken import pieces, spoken

CACHE_BYTES = 16 * 2**20
MIMES = {"mp3": "audio/mpeg", "wav": "audio/wav", "opus": "audio/ogg", "pcm": "audio/L16;rate=24000;channels=1"}


@dataclass(frozen=True)
class Manner:
    """How something is said: name of a voice (empty: the default), 0.5–2 times the usual speed, a key of MIMES."""

    voice: str = ""
    speed: float = 1.0
    format: str = "mp3"


class Synthesis:
    """Says texts. What was said lately is kept in memory, because greetings and answers repeat."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.process = SpeechProcess("speak", settings)
        self._said: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    @staticmethod
    def cut(text: str) -> list[str]:
        """``text`` as it is spoken, in the pieces that are made one after the other."""
        return pieces(spoken(text))

    async def say(self, text: str, manner: Manner) -> bytes:
        """One piece of :meth:`cut`.

        Raises:
            RequestError: 422 unknown voice; 503 when the synthesiser is not there or fails.
        """
        require_speech(self._settings)
        voice = manner.voice or self._settings.tts_voice
        key = hashlib.sha256(f"{voice}\0{manner.speed}\0{manner.format}\0{text}".encode()).hexdigest()
        if key in self._said:
            self._said.move_to_end(key)
            return self._said[key]
        if self._settings.tts_url:
            sound = await self._remote(text, voice, manner)
        else:
            request = {"text": text, "voice": voice, "speed": manner.speed, "format": manner.format}
            _, sound = await self.process.ask(request)
        self._said[key] = sound
        self._size += len(sound)
        while self._size > CACHE_BYTES:
            self._size -= len(self._said.popitem(last=False)[1])
        return sound

    async def _remote(self, text: str, voice: str, manner: Manner) -> bytes:
        body = {
            "model": self._settings.tts_model,
            "input": text,
            "voice": voice,
            "speed": manner.speed,
            "response_format": manner.format,
        }
        url = f"{self._settings.tts_url.rstrip('/')}/audio/speech"
        try:
            timeout = aiohttp.ClientTimeout(total=REMOTE_TIMEOUT_S)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, json=body, headers=authorization(self._settings.tts_api_key)) as response,
            ):
                response.raise_for_status()
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise remote_failed("synthesis", error) from None

    async def stop(self) -> None:
        """End the process."""
        await self.process.stop()
