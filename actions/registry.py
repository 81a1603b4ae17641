"""The one list of skills. A new skill is one entry here, one module, one domain file, one NLU file, one rules file."""

from __future__ import annotations

from actions import appraise, capabilities, chitchat, classify, compose, faq, handoff, recommend
from actions.skill import Skill

SKILLS: tuple[Skill, ...] = (
    Skill(
        name="faq",
        capability="faq",
        intents=("faq", "out_of_scope"),
        run=faq.run,
        title="解答平台使用问题",
        examples=("怎么取消自动续费", "电影票可以退吗", "展览需要提前预约吗"),
    ),
    Skill(
        name="recommend",
        capability="recommend",
        intents=("recommend",),
        run=recommend.run,
        title="推荐电影",
        examples=("推荐几部像《霸王别姬》的电影", "我的口味是什么"),
        claims=recommend.claims,
    ),
    Skill(
        name="classify",
        capability="classify",
        intents=("classify",),
        run=classify.run,
        title="给文字分类、打标签",
        examples=("这段话属于什么类型：侦探在孤岛上追查连环命案，每个人都有秘密", "给这篇影评打标签"),
        claims=classify.claims,
    ),
    Skill(
        name="compose",
        capability="compose",
        intents=("compose",),
        run=compose.run,
        title="写旋律",
        examples=("写一段欢快的中国风旋律", "来一首忧伤的钢琴曲"),
        claims=compose.claims,
    ),
    Skill(
        name="appraise",
        capability="appraise",
        intents=("appraise",),
        run=appraise.run,
        title="鉴赏画作",
        examples=("帮我看看这幅画", "推荐几幅好画"),
        claims=appraise.claims,
    ),
    Skill(
        name="handoff",
        capability="handoff",
        intents=("handoff",),
        run=handoff.run,
        title="转接人工客服",
        examples=("转人工",),
        also={"action_ask_handoff_contact": handoff.ask},
    ),
    Skill(
        name="chitchat",
        capability="chitchat",
        intents=("greet", "goodbye", "thanks", "affirm", "deny", "chitchat"),
        run=chitchat.run,
        title="陪您聊几句",
        examples=("讲个笑话",),
    ),
    Skill(
        name="capabilities",
        capability="system",
        intents=("capabilities",),
        run=capabilities.run,
        title="介绍自己",
    ),
)


def skill_for_intent(intent: str | None) -> Skill:
    """The skill that an intent reaches; everything that is not clearly another skill goes to the FAQ."""
    return next((skill for skill in SKILLS if intent in skill.intents), SKILLS[0])
