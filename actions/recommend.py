"""推荐: films from what the person likes, with true reasons, criticism taken and tastes remembered."""

from __future__ import annotations

import asyncio

from actions.recommend_conversation import converse
from actions.services import Services
from actions.skill import Outcome, Turn


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slots ``recommend_state`` and ``taste``."""
    return await asyncio.to_thread(lambda: converse(turn, services.recommender.get()))
