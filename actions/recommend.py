"""推荐: films from what the person likes, with true reasons, criticism taken and tastes remembered."""

from __future__ import annotations

import asyncio
import re

from actions.recommend_conversation import converse
from actions.services import Services
from actions.skill import Outcome, Turn

LONGEST_FOLLOW_UP = 16
"""Characters; a longer message says by itself what it is about."""
_FOLLOW_UP = re.compile(
    # forgetting a taste; forgotten passwords and orders are another matter
    r"(?:把|请)?(?:忘掉|忘了|忘记|别记着?|删掉|去掉)(?!.{0,4}(?:密码|账号|帐号|手机|订单|取消|续费|关闭)).{2,}"
    # critique: lighter, newer, something slower
    r"|(?:再|更|稍微|要|来点|来个|有没有)?.{1,5}(?:一?点儿?|一?些)的?(?:吧|呢|吗|有吗)?"
    # reactions
    r"|(?:这[些部个几]|那[些部个几]|第.{1,2}部|前.部|后.部)?(?:我)?(?:都|全|也)?(?:不感兴趣|没兴趣|看过了?|没看过|看腻了?|不喜欢|不想看|不好看|一般).{0,4}"
    # another list
    r"|(?:换|再换|再来|还有|多来|来).{0,4}(?:一?批|一?拨|几部|几个|一部|一些|别的|其他的?|吗|没).{0,3}"
    # what one of them is about, and why
    r"|(?:那|就)?(?:第[一二三四五六1-6]|最后一?)(?:部|个|条).{0,8}"
    r"|(?:为什么|为啥|凭什么|凭啥|怎么)(?:会|要|是)?(?:给我|跟我)?(?:推荐?|选|挑).{0,6}"
    # wishes without a verb
    r"|(?:也|就|还)?(?:不要|不看|别给我?|别来|除了|去掉|只要|只看|要).{1,8}(?:片子?|电影|动画|演的|导的|拍的)(?:了|吧|以外)?"
)


def claims(turn: Turn) -> bool:
    """Whether a short message carries on a conversation about what to watch."""
    text = turn.text.strip(" 。，！？!?~,.")
    return len(text) <= LONGEST_FOLLOW_UP and _FOLLOW_UP.fullmatch(text) is not None


async def run(turn: Turn, services: Services) -> Outcome:
    """Answer one turn; slots ``recommend_state`` and ``taste``."""
    return await asyncio.to_thread(lambda: converse(turn, services.recommender.get()))
