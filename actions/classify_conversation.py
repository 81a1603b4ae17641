"""One turn of the conversation about a text: from what was said to the reply and the new memory."""

from __future__ import annotations

from dataclasses import replace

from actions import classify_replies as say
from actions.classify_language import Request, follow_up_of, understand
from actions.classify_service import ClassifyService
from actions.classify_state import SLOT, State
from actions.reply import Band, Button, Reply
from actions.skill import ANSWERED, Outcome, Turn

EXAMPLE = "这段话属于什么类型：侦探在孤岛上追查连环命案，每个人都有秘密"
ASK = "请把要分类的文字发给我：一段话、一篇短评都行；几段一起发，就一行一段。"
CANCELLED = "好的，那就不分了。"
NOTHING_BEFORE = "我还没有给什么分过类。" + ASK
PICTURE = "图片和音频的分类还没有开通，先不拿别的来凑数。" + ASK
ELSEWHERE = frozenset({"handoff", "capabilities", "greet", "goodbye", "thanks"})
CLEAR = 0.8
SHORT = 30


def claims(turn: Turn) -> bool:
    """Whether a message that was understood as something else carries on the conversation about a text.

    A text that was asked for may look like anything; only what is clearly another request is not taken for it.
    """
    state = State.from_dict(turn.slots.get(SLOT))
    if follow_up_of(turn.text) and (state.texts or state.waiting):
        return True
    if not state.waiting or turn.intent in ELSEWHERE or turn.attachments:
        return False
    clear = turn.intent_confidence >= CLEAR and len(turn.text) <= SHORT
    return not (clear and turn.intent in ("recommend", "compose", "appraise", "faq"))


def converse(turn: Turn, service: ClassifyService) -> Outcome:
    """Answer one turn. Slot: ``classify_state``."""
    if not service.classifiers and service.zero_shot is None:
        return _outcome(service.notice, State(), turn, band="refuse")
    state = State.from_dict(turn.slots.get(SLOT))
    request = understand(turn.text, waiting=state.waiting)
    if request.follow_up:
        return _followed_up(turn, service, state, request)
    if not request.texts:
        if turn.attachments:
            return _outcome(PICTURE, state, turn, band="refuse")
        wants = request.wants or state.wants
        return _outcome(ASK, replace(state, waiting=True, wants=wants), turn, band="suggest")
    wants = state.wants if state.waiting and state.wants else request.wants
    state = State(wants=wants, texts=request.texts, english=state.english)
    return _classified(turn, service, state, request.dropped)


def _classified(turn: Turn, service: ClassifyService, state: State, dropped: int = 0, top: int = 3) -> Outcome:
    found = say.results(service, state.texts, state.wants, top)
    readable = [result for result in found if result.by_task or result.tags or result.own_labels]
    if not readable:
        return _outcome(say.NOTHING_TO_READ, replace(state, texts=(), waiting=True), turn, band="refuse")
    if len(found) == 1:
        lines = say.described(found[0], service, state.english)
        if "tags" in state.wants and not found[0].tags:
            lines.append("标签：没有找到合适的词")
    else:
        lines = [f"一共 {len(found)} 段："]
        for number, result in enumerate(found, 1):
            said = "；".join(say.described(result, service, state.english)) or "没有可以分类的内容"
            lines.append(f"{number}. {say.short(result.text)} → {said}")
        if dropped:
            lines.append(
                f"一次最多 {len(found)} 段，后面 {dropped} 段没有看；整份目录可以请运营者用 wenyu classify 处理。"
            )
    language = say.CHINESE if state.english else say.ENGLISH
    buttons = (say.WHY, say.OTHERS, language) if readable[0].by_task else ()
    reply = Reply(
        text="\n".join(lines)[:3900],
        capability="classify",
        band="answer" if all(result.sure for result in readable) else "suggest",
        confidence=min(result.confidence for result in readable) if readable[0].by_task else 1.0,
        buttons=buttons,
        data=say.data(found, service, state.english),
    )
    return Outcome(reply, {SLOT: state.as_dict(), **ANSWERED})


def _followed_up(turn: Turn, service: ClassifyService, state: State, request: Request) -> Outcome:
    if request.follow_up == "cancel":
        return _outcome(CANCELLED, State(), turn, band="answer")
    if request.follow_up in ("english", "chinese"):
        state = replace(state, english=request.follow_up == "english")
        if state.texts:
            return _classified(turn, service, state)
    if not state.texts:
        return _outcome(NOTHING_BEFORE, replace(state, waiting=True), turn, band="suggest")
    if request.follow_up == "others":
        return _others(turn, service, state)
    found = say.results(service, state.texts, state.wants)
    parts = [say.because(result, service, state.english) for result in found if result.by_task or len(found) == 1]
    if len(found) > 1:
        parts = [f"{say.short(r.text)}\n{said}" for r, said in zip((r for r in found if r.by_task), parts, strict=True)]
    reply = Reply(
        text="\n".join(parts)[:3900],
        capability="classify",
        confidence=min(1.0, found[0].confidence),
        buttons=(say.OTHERS,),
        data=say.data(found, service, state.english),
    )
    return Outcome(reply, {SLOT: state.as_dict(), **ANSWERED})


def _others(turn: Turn, service: ClassifyService, state: State) -> Outcome:
    text = state.texts[0]
    lines = []
    found = say.results(service, state.texts[:1], state.wants, top=5)
    for task in found[0].by_task:
        classifier = service.classifiers[task]
        ranked = classifier.ranked(text)[:5]
        names = [f"「{say.named(s, classifier, state.english)}」（{say.percent(s.probability)}）" for s in ranked]
        lines.append(f"{say.SUBJECTS[task]}的可能，从大到小：{'、'.join(names)}")
    reply = Reply(
        text="\n".join(lines) or "标签之外没有别的可能了。",
        capability="classify",
        confidence=min(1.0, found[0].confidence),
        buttons=(say.WHY,),
        data=say.data(found, service, state.english),
    )
    return Outcome(reply, {SLOT: state.as_dict(), **ANSWERED})


def _outcome(text: str, state: State, turn: Turn, *, band: Band) -> Outcome:
    reply = Reply(
        text=text,
        capability="classify",
        band=band,
        confidence=min(1.0, max(0.0, turn.intent_confidence)),
        buttons=(Button(title="看一个例子", payload=EXAMPLE),) if band == "suggest" else (),
        data={"labels": [], "polarity": None, "tags": [], "evidence": []},
    )
    return Outcome(reply, {SLOT: state.as_dict(), **ANSWERED})
