"""Takes the pictures of the documentation from a running assistant.

    python -m tests.browser.screenshots --url http://127.0.0.1:8080 怎么取消自动续费？ 推荐几部轻松的电影

Writes home.png and home-dark.png (the demo site), chat.png and chat-dark.png (the panel on a desktop) and phone.png and
phone-dark.png to docs/images. Every conversation asks all the questions and shows its end.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from bot.settings import PROJECT_DIR
from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGS
from tests.browser.widget import Widget

QUESTIONS = ["怎么取消自动续费？", "推荐几部轻松的电影", "写一段古风旋律"]
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}


def save(page: Page, path: Path) -> None:
    """The page as a PNG of at most 256 colours: its flat art needs no more, and the repository stays small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}  {picture.width}×{picture.height}  {path.stat().st_size // 1024} KiB")


def take(browser: Browser, url: str, questions: list[str], folder: Path, *, phone: bool, dark: bool) -> None:
    """One visitor: the demo site first, then the conversation."""
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP,
        device_scale_factor=2,
        is_mobile=phone,
        has_touch=phone,
        color_scheme="dark" if dark else "light",
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    widget = Widget(context.new_page(), url)
    widget.visit("/")
    widget.page.wait_for_load_state("networkidle")
    suffix = "-dark" if dark else ""
    if not phone:
        save(widget.page, folder / f"home{suffix}.png")
    widget.open()
    for count, question in enumerate(questions, start=1):
        widget.say(question)
        expect(widget.replies).to_have_count(count, timeout=20_000)
    for picture in widget.host.locator(".message img").all():
        picture.evaluate("image => { image.loading = 'eager'; return image.decode().catch(() => 0) }")
    widget.input.blur()
    widget.page.wait_for_timeout(300)
    save(widget.page, folder / f"{'phone' if phone else 'chat'}{suffix}.png")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="给文档拍截图")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="正在运行的助手的网址")
    parser.add_argument("--out", type=Path, default=PROJECT_DIR / "docs" / "images", help="存到哪个文件夹")
    parser.add_argument("questions", nargs="*", default=QUESTIONS, help="要问的问题")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        for phone in (False, True):
            for dark in (False, True):
                take(browser, arguments.url.rstrip("/"), arguments.questions, arguments.out, phone=phone, dark=dark)
        browser.close()


if __name__ == "__main__":
    main()
