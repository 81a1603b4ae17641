"""分类与标签: what a text is about, whether it praises or blames, its genre and tags, and the words that decided it."""

from __future__ import annotations

import asyncio

from actions.classify_conversation import claims, converse
from actions.services import Services
from actions.skill import Outcome, Turn

__all__ = ["claims", "run"]


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slot ``classify_state``."""
    return await asyncio.to_thread(lambda: converse(turn, services.classifier.get()))
