"""A conversation: sending, receiving, input methods, history, buttons."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import GatewayProcess, NewPage
from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue


def test_a_question_is_answered(widget: Widget) -> None:
    reply = widget.ask("年卡多少钱")
    expect(reply.locator(".bubble")).to_have_text("您说的是：年卡多少钱")
    expect(reply.locator("time")).to_have_text(widget.clock())
    assert widget.texts(widget.mine) == ["年卡多少钱"]
    expect(widget.input).to_have_value("")
    expect(widget.input).to_be_focused()


def test_enter_that_ends_a_composition_does_not_send(widget: Widget) -> None:
    widget.input.focus()
    session = widget.page.context.new_cdp_session(widget.page)
    session.send("Input.imeSetComposition", {"text": "dianying", "selectionStart": 8, "selectionEnd": 8})
    # An input method consumes this Enter: Chromium marks it as composing, Safari gives it the key code 229.
    for init in ("{isComposing: true, keyCode: 13}", "{keyCode: 229}"):
        prevented = widget.input.evaluate(
            "(field, init) => { const event = new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, composed: "
            "true, cancelable: true, ...eval('(' + init + ')')}); return !field.dispatchEvent(event) }",
            init,
        )
        assert not prevented
    expect(widget.mine).to_have_count(0)
    session.send("Input.insertText", {"text": "电影"})
    expect(widget.input).to_have_value("电影")
    expect(widget.mine).to_have_count(0)
    widget.input.press("Enter")
    expect(widget.replies).to_have_count(1)
    assert widget.texts(widget.mine) == ["电影"]


def test_shift_and_enter_breaks_the_line(widget: Widget) -> None:
    widget.input.fill("第一行")
    widget.input.press("Shift+Enter")
    widget.input.press_sequentially("第二行")
    height = widget.input.bounding_box()
    assert height is not None
    assert height["height"] > 50
    widget.input.press("Enter")
    expect(widget.replies).to_have_count(1)
    assert widget.texts(widget.mine) == ["第一行\n第二行"]
    assert widget.texts(widget.replies)[0].endswith("第一行\n第二行")


def test_blank_messages_are_not_sent(widget: Widget) -> None:
    widget.say("   \n ")
    expect(widget.send_button).to_be_disabled()
    expect(widget.mine).to_have_count(0)


def test_the_history_and_the_draft_are_there_after_a_reload(widget: Widget) -> None:
    for text in ("一", "二", "三"):
        widget.ask(text)
    widget.input.fill("没写完的")
    before = widget.texts(widget.mine), widget.texts(widget.replies)
    sessions = widget.session_requests()
    widget.page.reload()
    expect(widget.replies).to_have_count(3)
    assert (widget.texts(widget.mine), widget.texts(widget.replies)) == before
    expect(widget.input).to_have_value("没写完的")
    assert sessions == []


def test_two_tabs_show_one_conversation(widget: Widget) -> None:
    widget.ask("一")
    second = Widget(widget.page.context.new_page(), widget.url)
    second.visit()
    second.open()
    expect(second.replies).to_have_count(1)
    second.ask("二")
    expect(widget.replies).to_have_count(2)
    assert widget.texts(widget.mine) == ["一", "二"]
    second.host.get_by_role("button", name="开始新对话").click()
    second.host.get_by_role("button", name="清空并开始").click()
    expect(widget.mine).to_have_count(0)
    second.ask("三")
    expect(widget.replies).to_have_count(1)
    widget.ask("四")
    expect(second.replies).to_have_count(2)
    assert second.texts(second.mine) == widget.texts(widget.mine) == ["三", "四"]
    second.page.close()


def test_suggestions_and_buttons_speak_for_the_visitor(widget: Widget) -> None:
    suggestions = widget.host.locator(".suggestions button")
    expect(suggestions).to_have_count(4)
    first = suggestions.first.inner_text()
    suggestions.first.click()
    expect(widget.replies).to_have_count(1)
    expect(suggestions).to_have_count(0)
    widget.ask("按钮")
    widget.replies.last.get_by_role("button", name="怎么退款").click()
    expect(widget.replies).to_have_count(3)
    assert widget.texts(widget.mine) == [first, "按钮", "怎么退款"]


def test_the_typing_indicator_shows_while_the_assistant_thinks(widget: Widget, echo: EchoDialogue) -> None:
    echo.behaviour, echo.delay_s = "slow", 1.0
    widget.say("想一想")
    expect(widget.host.locator(".typing")).to_contain_text("正在输入")
    expect(widget.replies).to_have_count(1)
    expect(widget.host.locator(".typing")).not_to_contain_text("正在输入")


def test_the_counter_appears_near_the_limit(widget: Widget) -> None:
    counter = widget.host.locator("wenyu-composer .counter")
    widget.input.fill("字" * 1700)
    expect(counter).to_have_count(0)
    widget.input.fill("字" * 1990)
    expect(counter).to_have_text("还可以输入 10 个字")
    widget.input.fill("𠮷" * 2001)
    expect(counter).to_have_text("超出 1 个字")
    expect(widget.send_button).to_be_disabled()
    widget.input.press("Enter")
    expect(widget.mine).to_have_count(0)


def test_a_refusal_of_the_server_is_shown_in_chinese(widget: Widget) -> None:
    widget.host.evaluate("chat => chat.ask('坏字符 \\0')")
    problem = widget.mine.locator(".delivery.problem")
    expect(problem).to_contain_text("无法识别的字符")
    problem.get_by_role("button", name="删除").click()
    expect(widget.mine).to_have_count(0)
    widget.ask("还能说话")


def test_a_new_conversation_forgets_the_old_one(widget: Widget) -> None:
    widget.ask("旧话题")
    old = widget.stored("session")["token"]
    widget.host.get_by_role("button", name="开始新对话").click()
    expect(widget.host.get_by_role("alertdialog")).to_be_visible()
    widget.host.get_by_role("button", name="取消").click()
    expect(widget.replies).to_have_count(1)
    widget.host.get_by_role("button", name="开始新对话").click()
    widget.host.get_by_role("button", name="清空并开始").click()
    expect(widget.mine).to_have_count(0)
    expect(widget.host.locator(".suggestions button")).to_have_count(4)
    widget.ask("新话题")
    assert widget.stored("session")["token"] != old
    widget.page.reload()
    expect(widget.replies).to_have_count(1)
    assert widget.texts(widget.mine) == ["新话题"]


def test_replies_are_counted_while_the_panel_is_closed(widget: Widget, echo: EchoDialogue) -> None:
    echo.behaviour, echo.delay_s = "slow", 1.0
    widget.say("想一想")
    expect(widget.host.locator(".typing i")).to_have_count(3)
    widget.page.keyboard.press("Escape")
    widget.expect_closed()
    expect(widget.host.locator(".badge")).to_have_text("1")
    expect(widget.launcher).to_have_accessible_name("打开文娱助手，1 条新消息")
    widget.open()
    expect(widget.host.locator(".badge")).to_have_count(0)


def test_reading_further_up_is_not_disturbed(widget: Widget) -> None:
    for text in ("长文一", "长文二", "三"):
        widget.ask(text)
    widget.log.evaluate("log => log.scrollTo(0, 50)")
    widget.log.evaluate("log => log.scrollTo(0, 0)")
    expect(widget.host.locator(".latest")).to_be_visible()
    widget.input.fill("四")
    widget.host.evaluate("chat => chat.conversation.say('四')")
    expect(widget.replies).to_have_count(4)
    assert widget.log.evaluate("log => log.scrollTop") == 0
    expect(widget.host.locator(".latest")).to_contain_text("1 条新消息")
    widget.host.locator(".latest").click()
    expect(widget.replies.last).to_be_in_viewport()


def test_the_demo_site_hands_its_questions_over(new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = Widget(new_page(), gateway.url)
    widget.visit("/")
    widget.page.get_by_role("button", name="电影票怎么退？").click()
    expect(widget.replies).to_have_count(1)
    assert widget.texts(widget.mine) == ["电影票怎么退？"]


def test_no_session_is_made_before_the_visitor_speaks(new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = Widget(new_page(), gateway.url)
    sessions = widget.session_requests()
    widget.visit()
    widget.open()
    widget.page.wait_for_timeout(300)
    assert sessions == []
    widget.ask("你好")
    assert len(sessions) == 1
