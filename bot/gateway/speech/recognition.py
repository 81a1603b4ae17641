"""From a recording to its text: by the process on this machine, or by a server that speaks OpenAI's protocol."""

from __future__ import annotations

import io
import secrets
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog

from bot.gateway.errors import RequestError
from bot.gateway.speech.process import SpeechProcess, require_speech, speech_failed
from bot.gateway.speech.sound_decoder import SoundDecoder
from bot.settings import Settings

log = structlog.get_logger(__name__)
RATE = 16_000
BEAM, INTERIM_BEAM = 5, 1
REMOTE_TIMEOUT_S = 30.0
NOT_HEARD = {
    "silence": "没有听到声音，请检查麦克风是不是静音了，靠近一点再说一次。",
    "noise": "只听到了杂音或音乐，没有听到说话，请换个安静的地方再说一次。",
    "unclear": "没有听清您说什么，请再说一次，或者打字告诉我。",
}


@dataclass(frozen=True)
class Heard:
    """What was understood.

    Attributes:
        text: empty when nothing was.
        problem: a key of ``NOT_HEARD`` when the text is empty, else empty.
        speech_s, quiet_s: seconds of speech, and seconds since it ended.
    """

    text: str
    problem: str
    speech_s: float
    quiet_s: float

    def require(self) -> str:
        """The text.

        Raises:
            RequestError: 422 with a sentence that says what was heard instead.
        """
        if not self.text:
            raise RequestError(422, f"heard_{self.problem}", NOT_HEARD[self.problem])
        return self.text


def wav(samples: bytes, rate: int) -> bytes:
    """16-bit mono samples as a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return out.getvalue()


class Recognition:
    """Understands recordings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.decoder = SoundDecoder(settings.speech_max_s)
        self.process = SpeechProcess("recognise", settings)

    @property
    def ready_for_interim(self) -> bool:
        """Whether an interim text can be had at once: on this machine, and nobody waits for a final one."""
        return not self._settings.asr_url and not self.process.busy

    async def recording(self, data: bytes, context: str = "") -> Heard:
        """Decode a file and understand it; raises RequestError as the two do."""
        return await self.samples(await self.decoder.decode(data), RATE, context=context)

    async def samples(self, samples: bytes, rate: int, *, interim: bool = False, context: str = "") -> Heard:
        """Understand 16-bit mono samples.

        Raises:
            RequestError: 503 when the recogniser is not there or fails.
        """
        require_speech(self._settings)
        if not interim and self._settings.keep_recordings:
            keep(self._settings.var_dir / "recordings", wav(samples, rate))
        if self._settings.asr_url:
            return await self._remote(samples, rate)
        request = {"beam": INTERIM_BEAM if interim else BEAM, "context": context, "rate": rate}
        found, _ = await self.process.ask(request, samples)
        problem = "" if found["heard"] == "speech" else found["heard"]
        return Heard(found["text"], problem, found["speech_s"], found["quiet_s"])

    async def _remote(self, samples: bytes, rate: int) -> Heard:
        form = aiohttp.FormData()
        form.add_field("file", wav(samples, rate), filename="speech.wav", content_type="audio/wav")
        form.add_field("model", self._settings.asr_model)
        form.add_field("language", "zh")
        form.add_field("response_format", "json")
        url = f"{self._settings.asr_url.rstrip('/')}/audio/transcriptions"
        try:
            timeout = aiohttp.ClientTimeout(total=REMOTE_TIMEOUT_S)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, data=form, headers=authorization(self._settings.asr_api_key)) as response,
            ):
                response.raise_for_status()
                text = str((await response.json())["text"]).strip()
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise remote_failed("recognition", error) from None
        return Heard(text, "" if text else "unclear", len(samples) / 2 / rate, 0.0)

    async def stop(self) -> None:
        """End the process."""
        await self.process.stop()


def authorization(key: str) -> dict[str, str]:
    """The header of OpenAI's protocol."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def remote_failed(what: str, error: BaseException) -> RequestError:
    """Log that the operator's speech server failed, and what to tell the visitor."""
    log.error("speech_server_failed", what=what, reason=type(error).__name__)
    return speech_failed()


def keep(folder: Path, file: bytes) -> None:
    """Store a recording, because the operator wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}.wav").write_bytes(file)
