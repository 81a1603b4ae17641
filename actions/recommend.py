"""推荐: the skill has its place in the conversation; its model is not part of this release and it says so."""

from __future__ import annotations

from actions.reply import Reply
from actions.services import Services
from actions.skill import Outcome, Turn, not_available


async def run(turn: Turn, services: Services) -> Outcome:
    """Say politely that the skill is not available yet, and what is."""
    reply: Reply = not_available("recommend", "按您的口味推荐电影", turn)
    return Outcome(reply, {"misses": 0, "offer": None})
