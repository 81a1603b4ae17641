"""No message is lost and none is doubled, whatever happens to the connection, the server or the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import EchoThread, GatewayProcess, NewPage, new_gateway
from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue

BLOCK_SOCKETS = "window.WebSocket = class { constructor() { throw new Error('blocked') } }"


@pytest.fixture
def mortal_gateway(
    built: object, echo_thread: EchoThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway that the test may kill."""
    process = new_gateway(tmp_path_factory.mktemp("mortal"), echo_thread.server.port)
    process.start()
    yield process
    process.stop()


def answer_later(route: Route) -> None:
    """The message arrives, but its answer does not come with the response."""
    if route.request.method != "POST":
        route.continue_()
        return
    route.fetch()
    route.fulfill(status=202, json={"status": "accepted"})


def turns_run(echo: EchoDialogue, texts: list[str]) -> int:
    """How many turns the dialogue really ran for these texts; a repeat that it answers from memory counts not."""
    asked = {(request["conversation"], request["message_id"]) for request in echo.requests if request["text"] in texts}
    return sum(echo.ran[conversation].count(message) for conversation, message in asked)


def test_a_killed_gateway_loses_and_doubles_nothing(
    mortal_gateway: GatewayProcess, new_page: NewPage, echo: EchoDialogue
) -> None:
    widget = Widget(new_page(), mortal_gateway.url)
    widget.visit()
    widget.open()
    widget.ask("停机之前")
    echo.behaviour, echo.delay_s = "slow", 3.0
    widget.say("停机之时")
    expect(widget.host.locator(".typing i")).to_have_count(3)
    mortal_gateway.kill()
    echo.behaviour = "ok"
    expect(widget.host.locator(".offline")).to_be_visible()
    widget.say("停机期间一")
    widget.say("停机期间二")
    expect(widget.mine.locator(".delivery").first).to_contain_text("自动重试")
    assert len(widget.page.evaluate("Object.keys(localStorage).filter(key => key.includes(':unsent:'))")) == 3
    mortal_gateway.start()
    expect(widget.replies).to_have_count(4, timeout=40_000)
    widget.expect_all_sent()
    texts = ["停机之前", "停机之时", "停机期间一", "停机期间二"]
    assert widget.texts(widget.mine) == texts
    assert [text.removeprefix("您说的是：") for text in widget.texts(widget.replies)] == texts
    expect(widget.host.locator(".offline")).to_have_count(0, timeout=35_000)
    widget.page.reload()
    expect(widget.replies).to_have_count(4)
    assert widget.texts(widget.mine) == texts
    widget.page.wait_for_timeout(300)
    expect(widget.mine).to_have_count(4)
    assert turns_run(echo, texts) == 4


def test_a_lost_response_does_not_double_the_message(widget: Widget, echo: EchoDialogue) -> None:
    widget.ask("开场")
    losses = 2

    def lose(route: Route) -> None:
        nonlocal losses
        if losses == 0 or route.request.method != "POST":
            route.continue_()
            return
        losses -= 1
        route.fetch()  # The server receives it; its answer gets lost on the way.
        route.abort("connectionreset")

    widget.page.route("**/api/v1/messages", lose)
    widget.say("只算一次")
    expect(widget.replies).to_have_count(2)
    widget.expect_all_sent()
    widget.page.wait_for_timeout(500)
    assert widget.texts(widget.mine) == ["开场", "只算一次"]
    expect(widget.replies).to_have_count(2)
    assert turns_run(echo, ["只算一次"]) == 1


def test_unsent_messages_survive_a_reload(widget: Widget) -> None:
    widget.ask("在线")
    widget.page.route("**/api/v1/messages", lambda route: route.abort("internetdisconnected"))
    widget.say("离线时写的")
    expect(widget.mine.last.locator(".delivery")).to_contain_text("自动重试")
    widget.page.reload()
    expect(widget.mine.last).to_contain_text("离线时写的")
    widget.page.unroute("**/api/v1/messages")
    expect(widget.replies).to_have_count(2)
    widget.expect_all_sent()
    assert widget.texts(widget.mine) == ["在线", "离线时写的"]


def test_without_websocket_it_polls(new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    page.add_init_script(BLOCK_SOCKETS)
    widget = Widget(page, gateway.url)
    widget.visit()
    widget.open()
    widget.ask("一")
    # The server took the message and the answer comes later: polling has to bring it, and what other windows say.
    page.route("**/api/v1/messages", answer_later)
    widget.ask("二")
    page.request.post(
        f"{gateway.url}/api/v1/messages",
        headers={"Authorization": f"Bearer {widget.stored('session')['token']}"},
        data={"client_message_id": "another-window", "text": "三"},
    )
    page.evaluate("window.dispatchEvent(new Event('online'))")  # Asks at once instead of in a few seconds.
    expect(widget.replies).to_have_count(3, timeout=12_000)
    assert widget.texts(widget.mine) == ["一", "二", "三"]


def test_an_expired_token_is_replaced_silently(widget: Widget) -> None:
    widget.ask("旧会话")
    key = f"wenyu:{widget.url}/:session"
    widget.page.evaluate("key => localStorage.setItem(key, JSON.stringify({token: 'a.b.c', expires: 0}))", key)
    widget.page.reload()
    expect(widget.host.locator(".suggestions button")).to_have_count(4)
    widget.ask("新会话")
    expect(widget.host.locator(".problem")).to_have_count(0)
    assert widget.texts(widget.mine) == ["新会话"]
    # The token may also run out while the page is open.
    widget.page.evaluate("key => localStorage.setItem(key, JSON.stringify({token: 'x.y.z', expires: 0}))", key)
    widget.ask("又一个")
    widget.expect_all_sent()


def test_a_busy_server_is_asked_again_when_it_says_or_the_visitor_wants(widget: Widget) -> None:
    widget.ask("一")
    refusals = 1

    def refuse(route: Route) -> None:
        nonlocal refusals
        if refusals == 0:
            route.continue_()
            return
        refusals -= 1
        route.fulfill(status=429, headers={"Retry-After": "60"}, json={"error": {"code": "x", "message": "请稍等。"}})

    widget.page.route("**/api/v1/messages", refuse)
    widget.say("二")
    expect(widget.mine.last.locator(".delivery")).to_contain_text("自动重试")
    widget.mine.last.get_by_role("button", name="重试").click()
    expect(widget.replies).to_have_count(2)
    widget.expect_all_sent()
