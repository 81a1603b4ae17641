"""画作鉴赏: what a picture is, how it is made, how it is judged and why; and what of the gallery is like it."""

from __future__ import annotations

import asyncio

from actions.appraise_language import LONGEST_FOLLOW_UP, understand
from actions.appraise_state import SLOT, State
from actions.services import Services
from actions.skill import Outcome, Turn

ELSEWHERE = frozenset({"handoff", "goodbye", "capabilities"})


def claims(turn: Turn) -> bool:
    """Whether a message that was understood as something else is about the picture in hand, or brings the next one."""
    if any(a.get("kind") == "image" for a in turn.attachments):
        return True
    state = State.from_dict(turn.slots.get(SLOT))
    if len(turn.text) > LONGEST_FOLLOW_UP or turn.intent in ELSEWHERE or turn.attachments:
        return False
    wish = understand(turn.text)
    return bool(wish.act) and (bool(state.picture) or (wish.act == "recommend" and "画" in turn.text))


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slot ``appraise_state``."""

    def answer() -> Outcome:
        # Imported here: what sees takes seconds to load, and the assistant starts without it.
        from actions.appraise_conversation import converse

        return converse(turn, services.appraiser.get())

    return await asyncio.to_thread(answer)
