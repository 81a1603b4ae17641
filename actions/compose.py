"""作曲: writes a piece to the visitor's words, changes it as they say, and hands over sound, score and files."""

from __future__ import annotations

import asyncio
import re

from actions.services import Services
from actions.skill import Outcome, Turn

LONGEST_EDIT = 24
"""Characters; a longer message says more than what to change."""
_ASKS = re.compile(
    r"^(?:请|麻烦|帮我|给我|我想|我要|想|要|能不能|可以)*(?:来|写|编|做|作|谱|整|弄)[一个几]?[首段支个点曲]"
)
_OTHER_THINGS = re.compile(r"推荐|电影|片|剧|书|票|展|词|课")


def claims(turn: Turn) -> bool:
    """Whether a short message changes the piece in hand, or asks for it, for another one or for a kind of music."""
    if len(turn.text) > LONGEST_EDIT:
        return False
    from actions.compose_language import understand
    from actions.compose_state import SLOT, State

    state = State.from_dict(turn.slots.get(SLOT))
    wish = understand(turn.text)
    chosen = bool(wish.pick and state.offered)
    # A visitor who orders a piece of some kind in so many words means music, whatever else the words are like.
    kind = bool(wish.not_learned or wish.instruments or wish.percussion)
    ordered = kind and bool(_ASKS.match(turn.text)) and not _OTHER_THINGS.search(turn.text)
    return chosen or ordered or (state.request is not None and wish.changes)


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slot ``compose_state``."""

    def answer() -> Outcome:
        # Imported here: what draws and sounds takes seconds to load, and the assistant starts without it.
        from actions.compose_conversation import converse

        return converse(turn, services.composer.get())

    return await asyncio.to_thread(answer)
