"""Bare follow-up questions: “那年卡呢” after a question about the monthly card.

What is asked stays, what it is asked about changes. Chinese compounds name their kind at the end, so a run of the last
question that is as long as the new word and ends like it (月卡, 年卡) is replaced; else the word that is nearest to it in
meaning; where nothing resembles the new word, both are put side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import jieba

from knowledge.encoder import Encoder
from knowledge.normalise import normalise

MAX_SUBJECT = 8
_LEAD = r"(?:那么?|还有|如果是?|要是|换成|换做|改成|对于)"
_TAIL = r"(?:呢|怎么样|怎么说|怎么办|也是吗|也可以吗|也行吗|可以吗|行吗|有吗)"
_BARE = re.compile(rf"^(?:{_LEAD}(?P<led>.+?){_TAIL}?|(?P<tailed>.+?)呢)[?？!！。~，,]*$")
_NOT_A_SUBJECT = re.compile(r"怎么|如何|为什么|什么|哪|多少|几|谁|吗|能不能|可不可以|在$|人$|然后")
SIMILAR = 0.90
"""Cosine from which two words name things of one kind; the embedded encoder puts unrelated words near 0.85."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """question: the whole question, normalised. sure: the new subject took the place of one of its kind."""

    question: str
    sure: bool


def subject_of(text: str) -> str | None:
    """What a bare follow-up is about ("年卡" of "那年卡呢"), or None when the text is a question of its own."""
    match = _BARE.match(text)
    if match is None:
        return None
    subject = (match["led"] or match["tailed"]).strip(" ,，")
    if not 1 <= len(subject) <= MAX_SUBJECT or _NOT_A_SUBJECT.search(subject):
        return None
    return subject


def followed_up(text: str, last_question: str, encoder: Encoder) -> FollowUp | None:
    """What a bare follow-up stands for; None when `text` is not one."""
    subject = subject_of(text)
    if subject is None:
        return None
    question = normalise(last_question)
    if (same_kind := _ends_alike(question, subject)) is not None:
        return FollowUp(question.replace(same_kind, subject), True)
    words = [word for word in dict.fromkeys(jieba.lcut(question)) if len(word) >= 2 and word.isalnum()]
    side_by_side = FollowUp(f"{subject} {question}", False)
    if not words:
        return side_by_side
    vectors = encoder.encode([subject, *words])
    cosines = vectors[1:] @ vectors[0]
    nearest = int(cosines.argmax())
    if cosines[nearest] < SIMILAR:
        return side_by_side
    return FollowUp(question.replace(words[nearest], subject), True)


def _ends_alike(question: str, subject: str) -> str | None:
    """The first run of `question` as long as `subject` that differs from it and ends in the same character."""
    size = len(subject)
    if size < 2 or subject in question:
        return None
    runs = (question[start : start + size] for start in range(len(question) - size + 1))
    return next((run for run in runs if run[-1] == subject[-1] and run.isalnum()), None)
