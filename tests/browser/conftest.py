"""A real Chromium, the real gateway in a process of its own, and the echo dialogue behind it.

Everything listens on free loopback ports. A test fails when its page reports a script error or a violation of the
content security policy. Fixtures live as long as this package: while the synchronous Playwright runs, no asynchronous
test can.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from bot.gateway.db.migrate import upgrade
from bot.settings import PROJECT_DIR
from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue, write_media

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that Playwright serves itself counts as a public one, which may not talk to the loopback address.
    "--disable-features=LocalNetworkAccessChecks",
    "--autoplay-policy=no-user-gesture-required",
]
DIST = PROJECT_DIR / "bot" / "web" / "dist"
INTERNAL_TOKEN = "i" * 40
START_TIMEOUT_S = 40.0
# What a page may complain about: a server that a test has switched off, and answers that a test provokes.
EXPECTED_COMPLAINTS = ("Failed to load resource", "WebSocket connection to")

PLAIN_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>空白页</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<main><h1>一个网站</h1><p>正文</p></main><script src="/wenyu.js" async></script></html>"""
STRICT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'"

NewPage = Callable[..., Page]


def serve_plain_page(route: Route) -> None:
    """A page with nothing but the widget, under a policy that allows not even inline styles."""
    route.fulfill(body=PLAIN_PAGE, content_type="text/html", headers={"Content-Security-Policy": STRICT_POLICY})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EchoThread:
    """The echo dialogue on its own event loop in a thread, so that the synchronous tests can change its answers."""

    def __init__(self) -> None:
        self.server = EchoDialogue(INTERNAL_TOKEN)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class GatewayProcess:
    """``python -m bot.gateway.server`` on a fixed port; can be killed and started again on the same database."""

    def __init__(self, var_dir: Path, dialogue_port: int, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = var_dir / "gateway.log"
        self._process: subprocess.Popen[bytes] | None = None
        values = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PUBLIC_URL": "",
            "DIALOGUE_PORT": str(dialogue_port),
            "VAR_DIR": str(var_dir),
            "DATABASE_URL": "",
            "SECRET_KEY": "s" * 40,
            "INTERNAL_TOKEN": INTERNAL_TOKEN,
            "RATE_LIMIT_PER_MINUTE": "100000",
            "NEW_SESSIONS_PER_MINUTE": "100000",
        }
        self._environment = os.environ | {f"WENYU_{name}": value for name, value in (values | settings).items()}

    def start(self) -> None:
        """Start and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.gateway.server"],
                cwd=PROJECT_DIR,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/livez", timeout=2):
                    return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"the gateway did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL: what a crash looks like."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None


@pytest.fixture(scope="package")
def built() -> Path:
    """The folder of the built site."""
    if not (DIST / "wenyu.js").is_file() or not (DIST / "index.html").is_file():
        pytest.fail("网页还没有构建：请先在 bot/web 里运行 npm ci && npm run build。")
    return DIST


@pytest.fixture(scope="package")
def echo_thread() -> Iterator[EchoThread]:
    thread = EchoThread()
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def echo(echo_thread: EchoThread) -> Iterator[EchoDialogue]:
    """The dialogue behind the gateway; its changes end with the test."""
    yield echo_thread.server
    echo_thread.server.behaviour = "ok"
    echo_thread.server.delay_s = 30.0
    echo_thread.server.faults_left = None
    echo_thread.server.answers = None


@pytest.fixture(scope="package")
def foreign_port() -> int:
    """Port of a web site that embeds the widget and that the gateway allows."""
    return free_port()


def new_gateway(var_dir: Path, dialogue_port: int, **settings: str) -> GatewayProcess:
    """A gateway with an empty database of its own, not started."""
    write_media(var_dir / "media")
    # In a thread: the synchronous Playwright keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(upgrade(f"sqlite+aiosqlite:///{var_dir / 'wenyu.db'}"))).result()
    return GatewayProcess(var_dir, dialogue_port, **settings)


@pytest.fixture(scope="package")
def gateway(
    built: Path, echo_thread: EchoThread, foreign_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """One gateway for all tests; visitors do not see each other."""
    process = new_gateway(
        tmp_path_factory.mktemp("gateway"),
        echo_thread.server.port,
        CORS_ORIGINS=f"http://127.0.0.1:{foreign_port}",
    )
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("没有找到 Chromium。")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens pages of new visitors: ``new_page(phone=True, dark=True)``. Their complaints fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(*, phone: bool = False, dark: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 860},
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
            **options,
        )
        context.set_default_timeout(10_000)
        context.route("**/plain", serve_plain_page)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and not message.text.startswith(EXPECTED_COMPLAINTS)
                else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def widget(new_page: NewPage, gateway: GatewayProcess) -> Widget:
    """The widget on a plain page, opened by a new visitor."""
    widget = Widget(new_page(), gateway.url)
    widget.visit()
    widget.open()
    return widget
