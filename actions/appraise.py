"""画作鉴赏: the skill has its place in the conversation; its model is not part of this release and it says so."""

from __future__ import annotations

from actions.reply import Reply
from actions.services import Services
from actions.skill import ANSWERED, Outcome, Turn, not_available


async def run(turn: Turn, services: Services) -> Outcome:
    """Say politely that the skill is not available yet, and what is."""
    reply: Reply = not_available("appraise", "看一幅画并说说它的特点", turn)
    return Outcome(reply, ANSWERED)
