"""Greetings, thanks, farewells and small talk."""

from __future__ import annotations

import asyncio
import zlib

from actions import faq
from actions.reply import Button, Reply
from actions.services import Services
from actions.skill import ANSWERED, Outcome, Turn

SAID: dict[str, tuple[str, ...]] = {
    "greet": (
        "您好，我是文娱助手。会员、购票、播放、展览这些问题都可以问我。",
        "您好呀，今天想了解点什么？",
        "你好，有什么可以帮您？",
    ),
    "goodbye": ("再见，祝您看得开心、听得尽兴。", "好的，下次再聊，再见。"),
    "thanks": ("不客气，能帮上忙就好。", "应该的，还有问题随时问我。"),
    "affirm": ("好的。接下来想了解什么，直接告诉我就行。",),
    "deny": ("好的，那就先不处理。需要时再叫我。",),
    "chitchat": (
        "这个话题我聊得不太好，不过平台上的事我很在行。",
        "我是程序，这方面没什么经验可谈。要不要问点影音、票务或展览的事？",
    ),
}


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer small talk from ``knowledge/chitchat``; what is not there may be a question for the FAQ after all.

    A bare “那年卡呢” looks like small talk; after a question it is one too. Anything else gets a sentence that fits
    the intent.
    """
    text, confidence = _said(turn), turn.intent_confidence
    if turn.intent == "chitchat":
        answer = await asyncio.to_thread(services.chitchat.answer, turn.text)
        if answer.band == "answer" and answer.entry is not None:
            text, confidence = answer.entry.answer, answer.confidence
        else:
            outcome = await faq.run(turn, services)
            if outcome.reply.capability == "faq":
                return outcome
    buttons = (Button(title="你能做什么", payload="你能做什么"),) if turn.intent in ("greet", "chitchat") else ()
    reply = Reply(text=text, capability="chitchat", confidence=min(1.0, max(0.0, confidence)), buttons=buttons)
    return Outcome(reply, ANSWERED)


def _said(turn: Turn) -> str:
    """One of the sentences for the intent; which one depends on the message alone, so a replay says the same."""
    sentences = SAID.get(turn.intent, SAID["chitchat"])
    return sentences[zlib.crc32(turn.message_id.encode()) % len(sentences)]
