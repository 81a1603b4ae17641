"""What is peculiar to one platform."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select

from bot.gateway import operator
from bot.gateway.db.models import Delivery, PlatformMessage
from bot.gateway.platforms.adapter import KIND_NOT_UNDERSTOOD
from bot.gateway.platforms.service import conversation_name
from tests.channels.conftest import Link, MakeLink
from tests.channels.dingtalk import CLIENT_ID, DingTalkPlatform
from tests.channels.feishu import FeishuPlatform
from tests.channels.simulator import BUSY, LOST, SignedCall
from tests.channels.slack import SlackPlatform
from tests.channels.telegram import TelegramPlatform
from tests.channels.weixin import TOKEN, WeChatPlatform, WeComPlatform, sha1_sorted
from tests.support.echo_dialogue import BUTTONS, eventually


@pytest.fixture
async def wecom(make_link: MakeLink) -> Link:
    link = await make_link(WeComPlatform)
    await link.start()
    return link


async def test_wecom_answers_the_check_of_its_console(wecom: Link) -> None:
    assert isinstance(wecom.platform, WeComPlatform)
    assert await wecom.deliver(wecom.platform.echo("4242")) == b"4242"
    call = wecom.platform.echo()
    assert (
        await wecom.push(call.with_value("query", "echostr", call.value("query", "echostr")[:-4] + "AAAA"))
    ).status == 401


async def test_wecom_shows_many_choices_as_numbers(wecom: Link) -> None:
    wecom.dialogue.answers = [
        {
            "custom": {
                "text": "请选：",
                "capability": "faq",
                "buttons": [{"title": f"选项{n}", "payload": f"我要{n}"} for n in range(1, 9)],
            }
        }
    ]
    await wecom.deliver(wecom.platform.message("列出来"))
    assert (await wecom.got())[0].endswith("→ 回复 8：选项8")
    await wecom.deliver(wecom.platform.message("(8)"))
    await wecom.dialogue.asked(2)
    assert wecom.dialogue.requests[1]["text"] == "我要8"


async def test_wecom_menus_and_other_events(wecom: Link) -> None:
    assert isinstance(wecom.platform, WeComPlatform)
    for event in ("enter_agent", "LOCATION", "unsubscribe"):
        await wecom.deliver(wecom.platform.menu("", event))
    await wecom.deliver(wecom.platform.menu("会员多少钱", "click"))
    assert await wecom.got() == ["您说的是：会员多少钱"]
    await wecom.deliver(wecom.platform.seal(wecom.platform.xml("person", "location", "<Scale>1</Scale>")))
    assert (await wecom.got(2))[1] == KIND_NOT_UNDERSTOOD


async def test_a_choice_of_another_conversation_is_not_taken(wecom: Link) -> None:
    await wecom.deliver(wecom.platform.message("按钮"))
    sent = await wecom.got_sent("buttons")
    await wecom.deliver(wecom.platform.press(sent, 0, user="stranger"))
    await eventually(lambda: bool(wecom.platform.texts("stranger")))
    assert "失效" in wecom.platform.texts("stranger")[0]


async def test_a_conversation_is_exported_and_forgotten_with_its_address(wecom: Link) -> None:
    await wecom.deliver(wecom.platform.message("你好"))
    await wecom.settled()
    assert wecom.running is not None
    settings = wecom.running.settings
    url = settings.effective_database_url
    conversation = conversation_name("wecom", "person")
    exported = await operator.export_conversation(url, conversation)
    assert exported["addresses"] == [{"user": "person"}]
    assert [delivery["state"] for delivery in exported["deliveries"]] == ["sent"]
    await operator.forget(url, conversation, settings.var_dir)
    for table in (PlatformMessage, Delivery):
        count = await wecom.running.gateway.database.read(
            lambda c, t=table: c.scalar(select(func.count()).select_from(t))
        )
        assert count == 0


# WeChat.


async def test_wechat_carries_a_quick_answer_in_the_acknowledgement(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start()
    for _ in range(3):
        await link.deliver(link.platform.message("你好"))
    assert [sent.kind for sent in link.platform.sent].count("carried") >= 1
    assert await link.got(3) == ["您说的是：你好"] * 3


async def test_wechat_carries_it_again_when_the_acknowledgement_was_lost_with_the_gateway(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start(wechat_customer_service=False)
    first = await link.deliver(link.platform.message("你好", id="99"))
    await link.restart(wechat_customer_service=False)
    again = await link.deliver(link.platform.message("你好", id="99"), again=True)
    assert link.platform.passive(again) == link.platform.passive(first) == "您说的是：你好"
    assert len(link.dialogue.requests) == 1


async def test_wechat_sends_a_late_answer_by_the_interface(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start()
    link.dialogue.behaviour = "hold"
    assert await link.deliver(link.platform.message("怎么退款")) == b"success"
    link.dialogue.release()
    await link.got()
    assert [sent.kind for sent in link.platform.sent] == ["text"]


async def test_wechat_in_plain_mode(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start(wechat_aes_key="")
    assert isinstance(link.platform, WeChatPlatform)
    call = link.platform.plain(link.platform.xml("person", "text", "<Content>你好</Content>"))
    await link.deliver(call)
    assert await link.got() == ["您说的是：你好"]
    forged = link.platform.plain(link.platform.xml("person", "text", "<Content>假的</Content>"))
    # The signature does not cover the body here: the same one with another body is refused at once.
    swapped = SignedCall(call.method, call.query, call.headers, forged.body)
    assert (await link.push(swapped)).status == 401
    await link.deliver(call, again=True)
    assert len(link.dialogue.requests) == 1


async def test_wechat_in_safe_mode_takes_no_plain_message(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start()
    assert isinstance(link.platform, WeChatPlatform)
    call = link.platform.plain(link.platform.xml("person", "text", "<Content>你好</Content>"))
    assert (await link.push(call)).status == 401


async def test_wechat_answers_the_check_of_its_console(make_link: MakeLink) -> None:
    link = await make_link(WeChatPlatform)
    await link.start()
    timestamp = str(int(time.time()))
    query = (
        ("signature", sha1_sorted(TOKEN, timestamp, "n")),
        ("timestamp", timestamp),
        ("nonce", "n"),
        ("echostr", "1234567890"),
    )
    assert await (await link.push(SignedCall("GET", query, (), b""))).read() == b"1234567890"


async def test_wechat_without_the_interface_answers_in_the_acknowledgement_only(
    make_link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await make_link(WeChatPlatform)
    await link.start(wechat_customer_service=False)
    assert link.running is not None
    await link.deliver(link.platform.message("按钮"))
    assert link.texts()[-1].endswith(f"→ 回复 2：{BUTTONS[1]['title']}")
    await link.deliver(link.platform.message("2"))
    assert link.texts()[-1] == f"您说的是：{BUTTONS[1]['payload']}"
    await link.deliver(link.platform.message("长文"))
    while "还有下文" in link.texts()[-1]:
        await link.deliver(link.platform.message("继续"))
    pieces = [text.partition("\n\n（还有下文")[0] for text in link.texts()[2:]]
    assert len(pieces) > 1
    assert "".join(pieces) == "这是很长的一段话。" * 120
    link.running.gateway.platforms.adapters["wechat"].passive_wait_s = 0.05
    link.dialogue.behaviour = "hold"
    await link.deliver(link.platform.message("怎么退款"))
    assert "继续" in link.texts()[-1]
    link.dialogue.release()
    await asyncio.sleep(0.3)
    await link.deliver(link.platform.message("继续"))
    assert link.texts()[-1] == "您说的是：怎么退款"
    assert all(sent.kind == "carried" for sent in link.platform.sent)


# Feishu.


async def test_feishu_answers_the_check_of_its_console(make_link: MakeLink) -> None:
    link = await make_link(FeishuPlatform)
    await link.start()
    assert isinstance(link.platform, FeishuPlatform)
    assert json.loads(await link.deliver(link.platform.challenge())) == {"challenge": "ajls384kdjx98XX"}
    assert (await link.push(link.platform.challenge("wrong"))).status == 401
    # An event without a signature is not let in by that door.
    event = link.platform.message("你好")
    for _, name in FeishuPlatform.signed:
        event = event.without("headers", name)
    assert (await link.push(event)).status == 401


async def test_feishu_groups_answer_only_when_spoken_to(make_link: MakeLink) -> None:
    link = await make_link(FeishuPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, FeishuPlatform)
    group: dict[str, Any] = {"chat_type": "group", "chat_id": "oc_group"}
    silent = platform.received("person", "text", {"text": "大家好"}, **group)
    await link.deliver(platform.event("im.message.receive_v1", silent))
    mentions = [{"key": "@_user_1", "name": "文娱助手"}]
    spoken = platform.received("person", "text", {"text": "@_user_1 怎么退款"}, **group, mentions=mentions)
    await link.deliver(platform.event("im.message.receive_v1", spoken))
    await eventually(lambda: platform.texts("group") == ["您说的是：怎么退款"])
    assert len(link.dialogue.requests) == 1


async def test_feishu_gets_no_message_twice_when_its_answer_is_lost(make_link: MakeLink) -> None:
    link = await make_link(FeishuPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, FeishuPlatform)
    platform.faults.append(LOST)
    await link.deliver(platform.message("你好"))
    assert await link.settled() == [("sent", "", 1)]
    assert link.texts() == ["您说的是：你好"]


# DingTalk.


class DingTalkStream(DingTalkPlatform):
    """A robot in stream mode."""

    mode = "stream"


async def test_dingtalk_by_stream(make_link: MakeLink) -> None:
    link = await make_link(DingTalkStream)
    await link.start()
    platform = link.platform
    assert isinstance(platform, DingTalkStream)
    await eventually(lambda: platform.socket is not None)
    body = platform.body("person", "text", text={"content": "怎么退款"})
    answer = await platform.push_stream(body)
    assert answer is not None
    assert answer["code"] == 200
    assert await link.got() == ["您说的是：怎么退款"]
    # The same message again: acknowledged, and nothing more.
    assert await platform.push_stream(body) is not None
    ping = await platform.frame("SYSTEM", "ping", {"opaque": "xyz"})
    assert ping is not None
    assert json.loads(ping["data"]) == {"opaque": "xyz"}
    assert len(link.dialogue.requests) == 1
    # There is no door beside it.
    assert (await link.push(platform.message("你好"))).status == 404


async def test_dingtalk_connects_again(make_link: MakeLink) -> None:
    link = await make_link(DingTalkStream)
    await link.start()
    platform = link.platform
    assert isinstance(platform, DingTalkStream)
    await eventually(lambda: platform.connections == 1)
    await platform.frame("SYSTEM", "disconnect", {"reason": "connection is expired"})
    await eventually(lambda: platform.connections == 2)
    assert platform.socket is not None
    await platform.socket.send_str("not a frame")
    assert await platform.push_stream(platform.body("person", "text", text={"content": "你好"})) is not None
    assert await link.got() == ["您说的是：你好"]


async def test_dingtalk_is_not_acknowledged_what_was_not_stored(
    make_link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await make_link(DingTalkStream)
    await link.start()
    platform = link.platform
    assert isinstance(platform, DingTalkStream)
    await eventually(lambda: platform.socket is not None)
    monkeypatch.setattr("bot.gateway.worker.MAX_PENDING", 0)
    body = platform.body("person", "text", text={"content": "你好"})
    assert await platform.push_stream(body, wait_s=0.5) is None
    monkeypatch.undo()
    assert await platform.push_stream(body) is not None
    assert await link.got() == ["您说的是：你好"]


async def test_dingtalk_takes_its_own_recognition_of_a_voice_message(make_link: MakeLink) -> None:
    link = await make_link(DingTalkPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, DingTalkPlatform)
    content = {"downloadCode": "x", "recognition": "怎么退款"}
    await link.deliver(platform.sign(platform.body("person", "audio", content=content)))
    assert await link.got() == ["您说的是：怎么退款"]


async def test_dingtalk_messages_of_one_moment_share_a_signature(
    make_link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await make_link(DingTalkPlatform)
    await link.start()
    first = link.platform.message("甲")
    second, late = (replace(first, body=link.platform.message(text).body) for text in ("乙", "丙"))
    await link.deliver(first)
    await link.deliver(second)
    assert sorted(await link.got(2)) == ["您说的是：乙", "您说的是：甲"]
    assert (await link.push(second)).status == 401
    now = time.time
    monkeypatch.setattr("bot.gateway.platforms.hooks.time.time", lambda: now() + 2.5)
    assert (await link.push(late)).status == 401


async def test_dingtalk_groups_and_rich_text(make_link: MakeLink) -> None:
    link = await make_link(DingTalkPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, DingTalkPlatform)
    parts = [{"text": "看看"}, {"type": "picture", "downloadCode": "picture"}]
    body = platform.body(
        "person", "richText", content={"richText": parts}, conversationId="cidgroup", conversationType="2"
    )
    await link.deliver(platform.sign(body))
    await eventually(lambda: platform.texts("group") == ["收到 1 个附件。"])
    assert link.dialogue.requests[0]["text"] == "看看"
    assert platform.sent[0].raw["openConversationId"] == "cidgroup"
    await link.deliver(platform.message("按钮"))
    sent = await link.got_sent("buttons")
    assert [unquote(value) for _, value in sent.options] == [button["payload"] for button in BUTTONS]
    assert sent.raw["robotCode"] == CLIENT_ID


# Telegram.


async def test_telegram_acknowledges_a_pressed_button_and_ignores_other_bots(make_link: MakeLink) -> None:
    link = await make_link(TelegramPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, TelegramPlatform)
    await link.deliver(platform.message("按钮"))
    answer = json.loads(await link.deliver(platform.press(await link.got_sent("buttons"), 0)))
    assert answer == {"method": "answerCallbackQuery", "callback_query_id": "42"}
    incoming = platform.incoming("person", text="我是机器人")
    incoming["from"]["is_bot"] = True
    await link.deliver(platform.update(message=incoming))
    await link.deliver(platform.update(edited_message={}))
    await link.got(2)
    assert len(link.dialogue.requests) == 2


# Slack.


async def test_slack_answers_the_check_of_its_console(make_link: MakeLink) -> None:
    link = await make_link(SlackPlatform)
    await link.start()
    assert isinstance(link.platform, SlackPlatform)
    call = link.platform.seal(b'{"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV"}')
    assert json.loads(await link.deliver(call)) == {"challenge": "3eZbrw1aBm2rZgRNFdxV"}


async def test_slack_mentions_are_answered_in_their_thread(make_link: MakeLink) -> None:
    link = await make_link(SlackPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, SlackPlatform)
    event = platform.incoming(
        "person", text="<@U0BOT> 怎么&lt;退款&gt; <https://a.b|a.b>", channel="C1", channel_type="channel"
    )
    await link.deliver(platform.event(event))
    await link.deliver(platform.event(event | {"type": "app_mention"}))
    await eventually(lambda: len(platform.sent) == 1)
    assert link.dialogue.requests[0]["text"] == "怎么<退款> https://a.b"
    assert platform.sent[0].raw["thread_ts"] == event["ts"]
    assert "&lt;退款&gt;" in platform.sent[0].text
    await link.deliver(platform.event(platform.incoming("person", text="回声", bot_id="B1")))
    assert len(link.dialogue.requests) == 1


async def test_slack_sends_its_token_to_slack_alone(make_link: MakeLink) -> None:
    link = await make_link(SlackPlatform)
    await link.start()
    platform = link.platform
    assert isinstance(platform, SlackPlatform)
    file = {"mimetype": "image/png", "url_private_download": "http://127.0.0.1:9/steal"}
    await link.deliver(platform.event(platform.incoming("person", text="", subtype="file_share", files=[file])))
    assert "没有取到" in (await link.got())[0]


async def test_a_platform_that_asks_to_wait_is_waited_for(make_link: MakeLink) -> None:
    link = await make_link(TelegramPlatform)
    await link.start()
    link.platform.faults.append(BUSY)
    await link.deliver(link.platform.message("你好"))
    await link.got()
    assert await link.settled() == [("sent", "", 1)]
