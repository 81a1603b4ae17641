"""作曲: writes a piece to the visitor's words, changes it as they say, and hands over sound, score and files."""

from __future__ import annotations

import asyncio

from actions.services import Services
from actions.skill import Outcome, Turn


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slot ``compose_state``."""

    def answer() -> Outcome:
        # Imported here: what draws and sounds takes seconds to load, and the assistant starts without it.
        from actions.compose_conversation import converse

        return converse(turn, services.composer.get())

    return await asyncio.to_thread(answer)
