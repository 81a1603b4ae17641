"""作曲: writes a piece to the visitor's words, changes it as they say, and hands over sound, score and files."""

from __future__ import annotations

import asyncio

from actions.services import Services
from actions.skill import Outcome, Turn

LONGEST_EDIT = 24
"""Characters; a longer message says more than what to change."""


def claims(turn: Turn) -> bool:
    """Whether a short message changes the piece in hand, or asks for it or for another one."""
    if len(turn.text) > LONGEST_EDIT:
        return False
    from actions.compose_language import understand
    from actions.compose_state import SLOT, State

    state = State.from_dict(turn.slots.get(SLOT))
    wish = understand(turn.text)
    chosen = bool(wish.pick and state.offered)
    return chosen or (state.request is not None and wish.changes)


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slot ``compose_state``."""

    def answer() -> Outcome:
        # Imported here: what draws and sounds takes seconds to load, and the assistant starts without it.
        from actions.compose_conversation import converse

        return converse(turn, services.composer.get())

    return await asyncio.to_thread(answer)
