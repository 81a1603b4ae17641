"""Introduces the assistant and what it can do, from the registry itself."""

from __future__ import annotations

from actions.reply import Reply
from actions.services import Services
from actions.skill import ANSWERED, Outcome, Turn, example_buttons


async def run(turn: Turn, services: Services) -> Outcome:
    """List every skill with an example to try."""
    from actions.registry import SKILLS

    shown = tuple(skill for skill in SKILLS if skill.examples)
    lines = [f"· {skill.title}，例如“{skill.examples[0]}”" for skill in shown]
    text = (
        "我是文娱助手，一个程序，不是真人。我可以：\n" + "\n".join(lines) + "\n不知道的我会直说，也可以随时说“转人工”。"
    )
    reply = Reply(
        text=text,
        capability="system",
        confidence=min(1.0, max(0.0, turn.intent_confidence)),
        buttons=example_buttons(shown),
        data={"skills": [{"name": s.name, "title": s.title, "examples": list(s.examples)} for s in shown]},
    )
    return Outcome(reply, ANSWERED)
