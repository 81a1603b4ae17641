"""Customer service: answers from the FAQ, asks back, or refuses honestly."""

from __future__ import annotations

import asyncio

from actions.reply import Button, Reply
from actions.services import Services
from actions.skill import ANSWERED, Outcome, Turn
from knowledge.answer import Answer

CAN_DO = "我可以解答会员、购票、退款、播放、展览预约、借阅等平台问题，也可以为您转接人工。"
NEAR = "这个我没有把握，不想随便给您一个错的答案。下面是和它最接近的几个问题，看看有没有您要问的。"
REFUSALS = (
    "这个问题我还不知道怎么回答，不想随便给您一个错的答案。" + CAN_DO,
    "抱歉，这个我确实不清楚。" + CAN_DO,
)
HANDOFF = Button(title="转人工", payload="转人工")
MISSES_BEFORE_OFFER = 2
RELATED_SHOWN = 3


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer ``turn.text`` from the FAQ in one of three bands.

    Slots: ``last_faq_entry`` (id of the entry answered last, gives short follow-up questions their meaning) and
    ``misses`` (turns in a row without an answer; from the second on a person is offered).
    """
    context = turn.slots.get("last_faq_entry")
    answer = await asyncio.to_thread(services.faq.answer, turn.text, context=context)
    if answer.band == "answer":
        return _answered(answer)
    misses = int(turn.slots.get("misses") or 0) + 1
    return _asked_back(answer, misses) if answer.band == "suggest" else _refused(answer, misses)


def _data(answer: Answer) -> dict[str, object]:
    entry = answer.entry
    return {
        "entry_id": entry.id if entry else None,
        "question": entry.questions[0] if entry else None,
        "score": round(answer.confidence, 4),
        "candidates": [
            {"entry_id": c.entry_id, "question": c.question, "score": round(c.score, 4)} for c in answer.candidates
        ],
    }


def _answered(answer: Answer) -> Outcome:
    entry = answer.entry
    if entry is None:
        raise ValueError("an answer without an entry")
    buttons = tuple(Button(title=e.questions[0], payload=e.questions[0]) for e in answer.related[:RELATED_SHOWN])
    reply = Reply(
        text=entry.answer, capability="faq", confidence=answer.confidence, buttons=buttons, data=_data(answer)
    )
    return Outcome(reply, {"last_faq_entry": entry.id, **ANSWERED})


def _asked_back(answer: Answer, misses: int) -> Outcome:
    buttons = [Button(title=c.question, payload=c.question) for c in answer.candidates]
    text = "您是不是想问下面的问题？"
    if misses >= MISSES_BEFORE_OFFER:
        text = "我还是没有完全明白。您是不是想问下面的问题？都不是的话，可以转人工。"
        buttons.append(HANDOFF)
    reply = Reply(
        text=text,
        capability="faq",
        band="suggest",
        confidence=answer.confidence,
        buttons=tuple(buttons),
        data=_data(answer),
    )
    return Outcome(reply, {"misses": misses, "offer": None})


def _refused(answer: Answer, misses: int) -> Outcome:
    offer = misses >= MISSES_BEFORE_OFFER
    text = NEAR if answer.suggestions else REFUSALS[(misses - 1) % len(REFUSALS)]
    if offer:
        text += "\n接连两次没能帮上忙，要为您转接人工客服吗？"
    buttons = tuple(Button(title=c.question, payload=c.question) for c in answer.suggestions)
    buttons += (HANDOFF,) if offer else (Button(title="你能做什么", payload="你能做什么"),)
    reply = Reply(
        text=text,
        capability="fallback",
        band="refuse",
        confidence=answer.confidence,
        buttons=buttons,
        data=_data(answer),
    )
    return Outcome(reply, {"misses": misses, "offer": "handoff" if offer else None})
