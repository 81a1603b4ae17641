"""Which short messages carry on a recommendation although they were understood as something else."""

import pytest

from actions.recommend import claims
from actions.skill import Turn


def claimed(text: str) -> bool:
    return claims(Turn(text=text, conversation="c", message_id="m", intent="faq", intent_confidence=0.4))


@pytest.mark.parametrize(
    "text",
    [
        "忘掉我喜欢盗梦空间", "忘了《闪灵》", "再轻松一点", "新一点的", "有没有短一些的", "都看过了", "不感兴趣", "第二部不喜欢",
        "换一批", "还有吗", "再来几部", "第三部讲什么", "最后一部谁演的", "为什么推荐这个", "凭啥给我推这部", "不要恐怖片", "只看国产电影",
        "这些都没看过。", "不要葛优演的",
    ],
)  # fmt: skip
def test_a_follow_up(text: str) -> None:
    assert claimed(text)


@pytest.mark.parametrize(
    "text",
    [
        "忘记密码怎么办", "忘了取消自动续费", "怎么取消自动续费", "会员多少钱", "不要自动续费了", "转人工", "你好", "谢谢", "退票",
        "我的订单在哪里看", "帮我写一段旋律", "这段话属于什么类型", "为什么扣我钱", "怎么开发票",
    ],
)  # fmt: skip
def test_a_question_of_its_own(text: str) -> None:
    assert not claimed(text)
