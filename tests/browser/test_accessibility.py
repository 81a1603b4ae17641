"""axe-core finds nothing serious, and everything works with the keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.settings import PROJECT_DIR
from tests.browser.conftest import GatewayProcess, NewPage
from tests.browser.widget import Widget

AXE = PROJECT_DIR / "bot" / "web" / "node_modules" / "axe-core" / "axe.min.js"


def serious_violations(page: Page) -> list[dict[str, Any]]:
    """The rules of axe-core that are broken with impact serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        """async () => (await axe.run()).violations
        .filter(violation => ['serious', 'critical'].includes(violation.impact))
        .map(({id, nodes}) => ({id, nodes: nodes.map(node => node.target.flat().join(' ') + ' ' + node.failureSummary)}))"""
    )
    return found


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(new_page: NewPage, gateway: GatewayProcess, *, phone: bool, dark: bool) -> None:
    page = new_page(phone=phone, dark=dark, bypass_csp=True, reduced_motion="reduce")
    widget = Widget(page, gateway.url)
    widget.visit("/")
    assert serious_violations(page) == []
    widget.open()
    assert serious_violations(page) == []
    widget.ask("卡片")
    widget.ask("按钮")
    reply = widget.ask("图片 声音 谱")
    reply.get_by_role("button", name="没有帮助").click()
    expect(reply.locator(".comment")).to_be_visible()
    widget.host.get_by_role("button", name="开始新对话").click()
    widget.input.fill("字" * 1999)
    assert serious_violations(page) == []


def test_a_conversation_with_the_keyboard_alone(new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    widget = Widget(page, gateway.url)
    widget.visit()
    page.keyboard.press("Tab")
    expect(widget.launcher).to_be_focused()
    page.keyboard.press("Enter")
    expect(widget.input).to_be_focused()
    page.keyboard.type("按钮")
    page.keyboard.press("Enter")
    expect(widget.replies).to_have_count(1)
    expect(widget.input).to_be_focused()
    choice = widget.replies.first.get_by_role("button", name="会员多少钱")
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if choice.evaluate("button => button.matches(':focus')"):
            break
    assert choice.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(widget.replies).to_have_count(2)
    page.keyboard.press("Escape")
    widget.expect_closed()
    expect(widget.launcher).to_be_focused()


def test_escape_closes_one_thing_at_a_time(widget: Widget) -> None:
    widget.host.get_by_role("button", name="开始新对话").click()
    expect(widget.host.get_by_role("button", name="清空并开始")).to_be_focused()
    widget.page.keyboard.press("Escape")
    expect(widget.host.get_by_role("alertdialog")).to_have_count(0)
    widget.expect_open()
    widget.page.keyboard.press("Escape")
    widget.expect_closed()


def test_roles_and_names(widget: Widget) -> None:
    expect(widget.host.get_by_role("dialog", name="文娱助手")).to_be_visible()
    expect(widget.log).to_have_attribute("aria-live", "polite")
    expect(widget.log).to_have_attribute("aria-busy", "false")
    expect(widget.launcher).to_have_attribute("aria-expanded", "true")
    expect(widget.input).to_have_accessible_name("输入消息")
    expect(widget.panel).not_to_have_attribute("aria-modal", "true")


def test_a_phone_shows_the_panel_on_the_whole_screen_and_keeps_the_focus(
    new_page: NewPage, gateway: GatewayProcess
) -> None:
    page = new_page(phone=True, reduced_motion="reduce")
    widget = Widget(page, gateway.url)
    widget.visit()
    widget.open()
    assert widget.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(widget.panel).to_have_attribute("aria-modal", "true")
    expect(widget.launcher).to_be_hidden()
    # No keyboard is thrown up over the conversation.
    expect(widget.input).not_to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "wenyu-chat"
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.localName") == "wenyu-chat"
    page.set_viewport_size({"width": 390, "height": 420})  # What the keyboard leaves.
    expect(widget.input).to_be_in_viewport(ratio=1)
    widget.host.get_by_role("button", name="收起对话").click()
    expect(widget.launcher).to_be_visible()


def test_motion_is_reduced_on_request(new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = Widget(new_page(reduced_motion="reduce"), gateway.url)
    widget.visit()
    widget.open()
    assert widget.panel.evaluate("panel => getComputedStyle(panel).animationName") == "none"
