"""One script tag on a foreign page: isolated from its styles and scripts, allowed by its policy, set by attributes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import GatewayProcess, NewPage
from tests.browser.widget import Widget

HOSTILE_CSS = """
* { all: revert !important; color: lime !important; font: 40px cursive !important; background: magenta !important;
    position: static !important; display: inline !important; letter-spacing: 9px !important; direction: rtl !important; }
html { font-size: 4px !important } button, textarea, div, section { display: none !important; }
wenyu-chat { display: none !important; opacity: 0 !important; visibility: hidden !important; transform: scale(0) !important;
    --accent: lime; --paper: lime; }
body { overflow: hidden; filter: none; }
"""
HOSTILE_JS = """
Array.prototype.map2 = () => { throw 1 };
document.addEventListener('keydown', event => { window.__keys = (window.__keys || '') + event.key });
"""


class ForeignSite:
    """A web site with one page; ``tag`` is its script tag."""

    def __init__(self, port: int, gateway: GatewayProcess) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.tag = ""
        self.css = ""
        host = f"127.0.0.1:{gateway.port}"
        # Trusted types: not even one string may be turned into HTML outside of Lit's own policy.
        self.policy = (
            f"default-src 'none'; style-src 'self'; script-src 'self' http://{host}; img-src http://{host}; "
            f"connect-src http://{host} ws://{host}; media-src http://{host}; require-trusted-types-for 'script'"
        )
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                files = {
                    "/": ("text/html", site.html()),
                    "/style.css": ("text/css", site.css),
                    "/script.js": ("text/javascript", HOSTILE_JS),
                }
                kind, text = files.get(self.path, ("text/plain", ""))
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Security-Policy", site.policy)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def html(self) -> str:
        return (
            "<!doctype html><html lang='zh-CN'><title>别的网站</title><link rel='stylesheet' href='/style.css'>"
            f"<body><h1>别的网站</h1><p>正文</p><script src='/script.js'></script>{self.tag}</body></html>"
        )


@pytest.fixture
def foreign(gateway: GatewayProcess, foreign_port: int) -> Iterator[ForeignSite]:
    site = ForeignSite(foreign_port, gateway)
    site.thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    site.thread.join(5)


def visit(foreign: ForeignSite, page: Page, gateway: GatewayProcess, attributes: str = "") -> Widget:
    foreign.tag = f"<script src='{gateway.url}/wenyu.js' async {attributes}></script>"
    page.goto(foreign.url)
    return Widget(page, gateway.url)


def test_a_foreign_page_with_a_strict_policy(foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    widget = visit(foreign, page, gateway)
    widget.open()
    widget.ask("你好")
    reply = widget.ask("图片 声音")
    assert reply.locator("figure img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    page.reload()
    expect(widget.replies).to_have_count(2)


def test_hostile_styles_do_not_reach_in(foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    foreign.css = HOSTILE_CSS
    widget = visit(foreign, page, gateway)
    expect(widget.launcher).to_be_in_viewport(ratio=1)
    widget.open()
    widget.ask("你好")
    widget.host.get_by_role("button", name="收起对话").first.wait_for()
    styles = widget.input.evaluate(
        "field => { const {color, fontSize, letterSpacing, direction, display} = getComputedStyle(field);"
        " return [color, fontSize, letterSpacing, direction, display] }"
    )
    assert styles == ["rgb(35, 32, 28)", "15px", "normal", "ltr", "block"]
    assert widget.send_button.evaluate("button => getComputedStyle(button).backgroundColor") != "rgb(0, 255, 0)"
    box = widget.panel.bounding_box()
    assert box is not None
    assert (box["width"], round(box["x"] + box["width"])) == (404, 1280 - 24)
    # And the widget does not reach out.
    assert page.evaluate("document.adoptedStyleSheets.length + document.querySelectorAll('style').length") == 0


def test_the_english_interface(foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = visit(foreign, new_page(), gateway, 'data-lang="en"')
    expect(widget.launcher).to_have_accessible_name("Open Wenyu Assistant")
    widget.open()
    expect(widget.input).to_have_attribute("placeholder", "Type a message")
    expect(widget.host.locator(".greeting")).to_contain_text("Hello")
    expect(widget.host.locator(".root")).to_have_attribute("lang", "en")
    expect(widget.ask("图片").locator(".ai")).to_have_text("AI-generated")


def test_attributes_set_title_greeting_colour_place_and_theme(
    foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess
) -> None:
    attributes = (
        'data-title="<b>小方</b>" data-greeting="欢迎<img src=x onerror=alert(1)>" data-color="#ffd400" '
        'data-position="left" data-theme="dark" data-open'
    )
    widget = visit(foreign, new_page(), gateway, attributes)
    expect(widget.input).to_be_visible()
    expect(widget.host.locator("#title")).to_have_text("<b>小方</b>")
    expect(widget.host.locator(".greeting")).to_contain_text("欢迎<img src=x onerror=alert(1)>")
    expect(widget.launcher).to_have_css("background-color", "rgb(255, 212, 0)")
    expect(widget.launcher).to_have_css("color", "rgb(28, 26, 23)")
    expect(widget.panel).to_have_css("left", "24px")
    expect(widget.panel).to_have_css("background-color", "rgb(29, 27, 24)")
    # What the visitor closed stays closed on the next page.
    widget.launcher.click()
    widget.expect_closed()
    widget.page.reload()
    expect(widget.launcher).to_be_visible()
    widget.expect_closed()


def test_loading_twice_makes_one_widget(foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    widget = visit(foreign, page, gateway, f"></script><script src='{gateway.url}/wenyu.js?again'")
    expect(widget.launcher).to_be_visible()
    page.wait_for_timeout(200)
    expect(widget.host).to_have_count(1)


def test_it_works_where_storage_is_forbidden(foreign: ForeignSite, new_page: NewPage, gateway: GatewayProcess) -> None:
    page = new_page()
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, {get() { throw new DOMException('denied', 'SecurityError') }})"
    )
    widget = visit(foreign, page, gateway)
    widget.open()
    widget.ask("一")
    widget.ask("二")
    assert widget.texts(widget.mine) == ["一", "二"]
