"""The chat widget as a visitor uses it: what the browser tests do and look at."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect


class Widget:
    """The widget on ``page``, whose gateway is at ``url``."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.host = page.locator("wenyu-chat")
        self.launcher = self.host.locator(".launcher")
        self.panel = self.host.locator(".panel")
        self.log = self.host.get_by_role("log")
        self.input = self.host.locator("wenyu-composer textarea")
        self.send_button = self.host.locator("wenyu-composer .send")
        self.mine = self.host.locator(".message.user")
        self.replies = self.host.locator(".message.bot:not(.greeting)")

    def visit(self, path: str = "/plain") -> None:
        """Open a page and wait for the widget."""
        self.page.goto(self.url + path)
        expect(self.launcher).to_be_visible()

    def open(self) -> None:
        """Open the panel."""
        self.launcher.click()
        expect(self.input).to_be_visible()

    def say(self, text: str) -> None:
        """Type a message and press Enter."""
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> Locator:
        """Say something and wait until it is answered; the new reply."""
        before = self.replies.count()
        self.say(text)
        expect(self.replies).to_have_count(before + 1)
        return self.replies.nth(before)

    def texts(self, messages: Locator) -> list[str]:
        """What the bubbles of these messages say."""
        return [text.strip() for text in messages.locator(".bubble").all_inner_texts()]

    def stored(self, name: str) -> Any:
        """A value that the widget keeps in the visitor's browser."""
        value = self.page.evaluate("key => localStorage.getItem(key)", f"wenyu:{self.url}/:{name}")
        return None if value is None else json.loads(value)

    def session_requests(self) -> list[str]:
        """Collects the addresses of requests for new sessions from now on."""
        seen: list[str] = []
        self.page.on("request", lambda request: seen.append(request.url) if "/sessions" in request.url else None)
        return seen

    def expect_all_sent(self) -> None:
        """Wait until nothing is on its way and nothing failed."""
        expect(self.mine.locator(".delivery")).to_have_count(0, timeout=40_000)

    def expect_open(self) -> None:
        expect(self.launcher).to_have_attribute("aria-expanded", "true")

    def expect_closed(self) -> None:
        expect(self.panel).to_have_count(0)

    def clock(self) -> re.Pattern[str]:
        """How a time of day looks."""
        return re.compile(r"\b\d\d:\d\d\b")
