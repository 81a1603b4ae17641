"""Bare follow-up questions: “那年卡呢” after a question about the monthly card.

What is asked stays, what it is asked about changes: the word of the last question that is nearest to the new word in
meaning is replaced by it. Where nothing in the last question resembles the new word, both are put side by side.
"""

from __future__ import annotations

import re

import jieba

from knowledge.encoder import Encoder
from knowledge.normalise import normalise

MAX_SUBJECT = 8
_LEAD = r"(?:那么?|还有|如果是?|要是|换成|换做|改成|对于)"
_TAIL = r"(?:呢|怎么样|怎么说|怎么办|也是吗|也可以吗|也行吗|可以吗|行吗|有吗)"
_BARE = re.compile(rf"^(?:{_LEAD}(?P<led>.+?){_TAIL}?|(?P<tailed>.+?)呢)[?？!！。~，,]*$")
_NOT_A_SUBJECT = re.compile(r"怎么|如何|为什么|什么|哪|多少|几|谁|吗|能不能|可不可以|在$|人$|然后")
SIMILAR = 0.80
"""Cosine from which two words name things of one kind; e5-like encoders put unrelated words near 0.75."""


def subject_of(text: str) -> str | None:
    """What a bare follow-up is about ("年卡" of "那年卡呢"), or None when the text is a question of its own."""
    match = _BARE.match(text)
    if match is None:
        return None
    subject = (match["led"] or match["tailed"]).strip(" ,，")
    if not 1 <= len(subject) <= MAX_SUBJECT or _NOT_A_SUBJECT.search(subject):
        return None
    return subject


def followed_up(text: str, last_question: str, encoder: Encoder) -> str | None:
    """The whole question that a bare follow-up stands for, normalised; None when `text` is not one."""
    subject = subject_of(text)
    if subject is None:
        return None
    question = normalise(last_question)
    words = [word for word in dict.fromkeys(jieba.lcut(question)) if len(word) >= 2 and word.isalnum()]
    if not words:
        return f"{subject} {question}"
    vectors = encoder.encode([subject, *words])
    cosines = vectors[1:] @ vectors[0]
    nearest = int(cosines.argmax())
    if cosines[nearest] < SIMILAR:
        return f"{subject} {question}"
    return question.replace(words[nearest], subject)
