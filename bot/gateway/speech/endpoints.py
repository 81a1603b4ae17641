"""POST /api/v1/speech/transcriptions and /api/v1/speech/audio, in the form of OpenAI's API."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from bot.gateway import outbox
from bot.gateway.context import GATEWAY, Gateway, conversation_of
from bot.gateway.errors import RequestError
from bot.gateway.http import json_response, read_body
from bot.gateway.sessions import require_conversation
from bot.gateway.speech.spoken_reply import spoken_reply
from bot.gateway.speech.synthesis import MIMES, Manner
from bot.gateway.uploads import read_file

MAX_SPOKEN_CHARS = 2000
Speed = Annotated[float, Field(ge=0.5, le=2.0)]
Voice = Annotated[str, Field(max_length=64)]


class SpeechBody(BaseModel):
    """What to say: ``input``, or the reply of this conversation whose id is ``reply``."""

    input: Annotated[str, Field(max_length=MAX_SPOKEN_CHARS)] = ""
    reply: Annotated[str, Field(max_length=64)] = ""
    voice: Voice = ""
    speed: Speed = 1.0
    response_format: Literal["mp3", "wav", "opus", "pcm"] = "mp3"


async def text_of_reply(gateway: Gateway, conversation: str, reply: str) -> str:
    """A reply of this conversation as it is read aloud.

    Raises:
        RequestError: 404 when it is not in this conversation.
    """
    if not outbox.ENTRY_ID.fullmatch(reply):
        raise outbox.unknown_message()
    position = await gateway.database.read(lambda c: outbox.position_of(c, conversation, reply))
    page = await gateway.database.read(lambda c: outbox.history(c, conversation, position - 1, 1))
    if not page or page[0].get("id") != reply or page[0]["role"] != "assistant":
        raise outbox.unknown_message()
    return spoken_reply(page[0])


async def post_transcription(request: web.Request) -> web.Response:
    """POST /api/v1/speech/transcriptions: multipart ``file`` → ``{text}``."""
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    gateway.message_rate.check(conversation)
    await gateway.database.read(lambda c: require_conversation(c, conversation))
    data = await read_file(request, gateway.settings.upload_max_bytes)
    heard = await gateway.recognition.recording(data)
    return json_response({"text": heard.require()})


async def post_audio(request: web.Request) -> web.Response:
    """POST /api/v1/speech/audio: ``{input or reply, voice?, speed?, response_format?}`` → a sound file.

    ``part`` in the query names one piece of it, from 0, so that a client can begin to play before all is made; the header
    ``Wenyu-Parts`` tells how many there are. Without it the pieces come joined, which MP3 and PCM allow.
    """
    gateway = request.app[GATEWAY]
    conversation = conversation_of(request)
    await gateway.database.read(lambda c: require_conversation(c, conversation))
    body = await read_body(request, SpeechBody)
    text = await text_of_reply(gateway, conversation, body.reply) if body.reply else body.input
    manner = Manner(body.voice, body.speed, body.response_format)
    parts = gateway.synthesis.cut(text)
    if not parts:
        raise RequestError(422, "nothing_to_say", "没有可以朗读的文字。")
    number = request.query.get("part", "")
    if number:
        if not (number.isascii() and number.isdigit() and int(number) < len(parts)):
            raise RequestError(422, "invalid_field", "字段 part 超出了范围。")
        sound = await gateway.synthesis.say(parts[int(number)], manner)
    elif body.response_format in ("mp3", "pcm") or len(parts) == 1:
        sound = b"".join([await gateway.synthesis.say(part, manner) for part in parts])
    else:
        raise RequestError(422, "invalid_field", "这种格式请用 part 一句一句地取，或者改用 mp3。")
    headers = {"Content-Type": MIMES[body.response_format], "Wenyu-Parts": str(len(parts))}
    return web.Response(body=sound, headers=headers)
