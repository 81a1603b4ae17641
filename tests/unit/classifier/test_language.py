"""What a visitor wants to have classified."""

from __future__ import annotations

import pytest

from actions.classify_language import MOST_TEXTS, follow_up_of, understand

STATION = "深夜的太空站里，最后一名宇航员听见了敲门声"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"这段话属于什么类型：{STATION}", STATION),
        (f"这段话属于什么类型:{STATION}", STATION),
        ("给这篇影评打标签：全程无尿点，打戏拳拳到肉", "全程无尿点，打戏拳拳到肉"),
        ("“听完只想单曲循环一整个冬天” 正面负面？", "听完只想单曲循环一整个冬天"),
        ("情感分析 这家剧院座椅太硬，但演员是真的好", "这家剧院座椅太硬，但演员是真的好"),
        ("麻烦给归个类：她一睁眼，发现自己回到了高考前一天", "她一睁眼，发现自己回到了高考前一天"),
        (
            "《暴雨将至》老城一夜被淹，七个陌生人困在电梯里 你说这算灾难片还是惊悚片，算什么",
            "《暴雨将至》老城一夜被淹，七个陌生人困在电梯里",
        ),
        (f"帮我分个类\n{STATION}", STATION),
        ("tag一下这段synopsis：a retired thief comes back", "a retired thief comes back"),
    ],
)
def test_the_text_is_found_in_the_request(message: str, text: str) -> None:
    assert understand(message).texts == (text,)


@pytest.mark.parametrize(
    "message", ["打标签", "分个类", "帮我分类一下这段文字", "我有一段影评，你能给我打几个标签吗", "什么类型"]
)
def test_a_request_without_a_text(message: str) -> None:
    assert understand(message).texts == ()


@pytest.mark.parametrize(
    ("message", "wants"),
    [
        (f"这段话属于什么类型：{STATION}", ("channel", "genre", "tags")),
        ("给这篇影评打标签：好看", ("channel", "polarity", "tags")),
        ("是好评还是差评：也就值个爆米花钱", ("polarity",)),
        ("抽关键词：皮影戏传人拒绝百万收购", ("tags",)),
        ("这个故事是什么题材：断剑、雪夜客栈", ("genre", "tags")),
        ("这个标题该归哪个频道：国足客场逼平对手", ("channel", "tags")),
    ],
)
def test_what_is_asked_about_it(message: str, wants: tuple[str, ...]) -> None:
    assert understand(message).wants == wants


@pytest.mark.parametrize(
    ("message", "follow_up"),
    [
        ("为什么", "why"),
        ("为啥是这一类？", "why"),
        ("依据是什么", "why"),
        ("怎么看出来的", "why"),
        ("还有别的可能吗", "others"),
        ("还有其他可能吗？", "others"),
        ("换成英文标签", "english"),
        ("用英文", "english"),
        ("换回中文", "chinese"),
        ("算了", "cancel"),
        ("今天天气怎么样", ""),
        ("为什么说这部电影是神作，它的结尾明明烂透了，观众都走光了", ""),
        ("这段话属于什么类型：为什么", ""),
    ],
)
def test_questions_about_the_last_answer(message: str, follow_up: str) -> None:
    assert follow_up_of(message) == follow_up


def test_when_a_text_was_asked_for_whatever_comes_is_one() -> None:
    assert understand("小猫学会了开冰箱", waiting=True).texts == ("小猫学会了开冰箱",)
    assert understand("推荐一部好看的电影吧，谢谢", waiting=True).texts == ("推荐一部好看的电影吧，谢谢",)
    assert understand("打标签", waiting=True).texts == ()


def test_several_texts_one_a_line() -> None:
    assert understand("给下面几条分类：\n国足逼平对手\n新专辑上线\n\n· 股价跌停").texts == (
        "国足逼平对手",
        "新专辑上线",
        "· 股价跌停",
    )


def test_more_lines_than_are_taken_are_counted() -> None:
    request = understand("分类：\n" + "\n".join(f"这是第{n}条标题" for n in range(MOST_TEXTS + 5)))
    assert (len(request.texts), request.dropped) == (MOST_TEXTS, 5)


def test_paragraphs_of_one_long_text_stay_together() -> None:
    article = ("很长的一段文字，" * 40).strip() + "\n" + "第二段。"
    assert len(understand(f"分类：{article}").texts) == 1


def test_a_pasted_table_gives_its_column_of_texts() -> None:
    assert understand('分类：\nid,标题\n1,国足逼平对手\n2,"新专辑,上线"').texts == ("国足逼平对手", "新专辑,上线")


@pytest.mark.parametrize("message", ["", " ", "\n", "：", "分类：", "分类：\n\n", "“”", "\u202e", "," * 50, "a" * 2000])
def test_nothing_breaks_it(message: str) -> None:
    understand(message)
    understand(message, waiting=True)
