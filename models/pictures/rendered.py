"""Makes pictures of the kinds that need no collection: screenshots, pages of documents, and posters, in a browser.

python -m models.pictures.rendered FOLDER --pages HTML-FOLDER --pictures PICTURE-FOLDER

Screenshots are of real pages (HTML files under ``--pages``, any manuals will do) at the sizes of phones and desktops.
Documents are pages of running text as a printer or a scanner gives them. Posters set a title over a picture of
``--pictures``. Needs Playwright with Chromium, as the browser tests do.
"""

from __future__ import annotations

import argparse
import random
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from models.classifier.plots import plots

SIZES = ((390, 844), (412, 915), (768, 1024), (1280, 720), (1440, 900), (1920, 1080))
FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC")
INKS = ("#fff", "#ffe9b0", "#f6d365", "#e8f0ff", "#ffd9d9", "#111")


def screenshots(page: Page, pages: list[Path], folder: Path, rng: random.Random, n: int) -> None:
    """Real pages, scrolled to a random place."""
    for number, path in enumerate(rng.sample(pages, min(n, len(pages)))):
        width, height = rng.choice(SIZES)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=rng.choice(["light", "dark"]))
        page.goto(path.resolve().as_uri(), wait_until="domcontentloaded")
        page.evaluate("f => scrollTo(0, f * Math.max(0, document.body.scrollHeight - innerHeight))", rng.random())
        page.screenshot(path=folder / f"screenshot-{number:03}.png")


def documents(page: Page, texts: list[str], folder: Path, rng: random.Random, n: int) -> None:
    """Pages of text with a heading, sometimes two columns, a table or a stamp, a little askew and off-white."""
    page.set_viewport_size({"width": 794, "height": 1123})
    for number in range(n):
        body = "".join(f"<p>{'。'.join(rng.sample(texts, rng.randint(2, 6)))}。</p>" for _ in range(rng.randint(3, 14)))
        rows = "".join(
            f"<tr>{''.join(f'<td>{rng.choice([rng.choice(texts)[:6], rng.randint(1, 9999)])}</td>' for _ in range(4))}</tr>"
            for _ in range(rng.randint(4, 14))
        )
        table = f"<table border=1 cellspacing=0 width=100%>{rows}</table>" if rng.random() < 0.4 else ""
        stamp = (
            "<div style='position:absolute;right:90px;bottom:120px;width:120px;height:120px;border:5px solid #c22;"
            "border-radius:50%;opacity:.7'></div>"
            if rng.random() < 0.3
            else ""
        )
        grey = rng.randint(225, 255)
        style = (
            f"font:{rng.randint(13, 20)}px/{rng.choice([1.5, 1.8, 2.0])} '{rng.choice(FONTS)}';"
            f"padding:{rng.randint(50, 100)}px;columns:{rng.choice([1, 1, 2])};"
            f"transform:rotate({rng.uniform(-1.5, 1.5):.2f}deg)"
        )
        page.set_content(
            f"<body style='margin:0;background:rgb({grey},{grey},{grey - rng.randint(0, 12)})'><div style=\"{style}\">"
            f"<h2 align=center>{rng.choice(texts)[:14]}</h2>{body}{table}</div>{stamp}"
        )
        page.screenshot(path=folder / f"document-{number:03}.png")


def posters(page: Page, pictures: list[Path], texts: list[str], folder: Path, rng: random.Random, n: int) -> None:
    """A picture over the whole sheet, a large title, small print, now and then a band of colour."""
    for number in range(n):
        width, height = rng.choice(((600, 840), (600, 900), (720, 1080), (900, 600)))
        page.set_viewport_size({"width": width, "height": height})
        picture, ink = rng.choice(pictures).resolve().as_uri(), rng.choice(INKS)
        title = rng.choice(texts)[: rng.randint(2, 7)]
        vertical = "writing-mode:vertical-rl;" if rng.random() < 0.35 else ""
        place = rng.choice(["top:6%;left:8%", "bottom:22%;left:8%", "top:40%;left:10%", "top:8%;right:8%"])
        band = f"<div style='position:absolute;bottom:0;width:100%;height:{rng.randint(8, 30)}%;background:rgba(0,0,0,.6)'></div>"
        html = (
            f"<body style='margin:0;overflow:hidden'><img src='{picture}' style='width:100%;height:100vh;object-fit:cover;"
            f"filter:saturate({rng.uniform(0.5, 1.4):.2f}) brightness({rng.uniform(0.6, 1.0):.2f})'>"
            f'{band if rng.random() < 0.6 else ""}<div style="position:absolute;{place};{vertical}color:{ink};'
            f"font:900 {rng.randint(52, 120)}px/1.1 '{rng.choice(FONTS)}';text-shadow:0 2px 8px #0008\">{title}</div>"
            f'<div style="position:absolute;bottom:4%;left:8%;width:84%;color:{ink};font:{rng.randint(13, 20)}px/1.6 '
            f"'{FONTS[1]}';text-align:center\">{rng.choice(texts)}<br>{rng.randint(1, 12)}月{rng.randint(1, 28)}日</div>"
        )
        (folder / "poster.html").write_text(html, encoding="utf-8")
        page.goto((folder / "poster.html").resolve().as_uri(), wait_until="load")
        page.screenshot(path=folder / f"poster-{number:03}.png")
    (folder / "poster.html").unlink(missing_ok=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="画出截图、文档和海报，给图片种类的训练用")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("-n", type=int, default=100, help="每种几张")
    options = parser.parse_args()
    rng = random.Random(0)
    texts = [plot.text for plot in plots()]
    for kind in ("截图", "文档", "海报"):
        (options.folder / kind).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        documents(page, texts, options.folder / "文档", rng, options.n)
        pages = sorted(options.pages.rglob("*.html"))
        screenshots(page, pages, options.folder / "截图", rng, options.n)
        found = sorted(p for s in ("*.jpg", "*.png") for p in options.pictures.rglob(s))
        posters(page, found, texts, options.folder / "海报", rng, options.n)
        browser.close()


if __name__ == "__main__":
    main()
