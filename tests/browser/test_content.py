"""What replies can hold is shown, and nothing that they hold can run."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue

PAYLOADS = [
    "<img src=x onerror=window.__ran=1>",
    "<script>window.__ran=1</script>",
    "<svg onload=window.__ran=1>",
    '"><iframe srcdoc="<script>parent.__ran=1</script>">',
    "${window.__ran=1} {{constructor.constructor('window.__ran=1')()}}",
    "[链接](javascript:window.__ran=1)",
    "javascript:window.__ran=1",
    "<!--<lit-part>--> <?> </div></template>",
]


def answer(echo: EchoDialogue, **fields: Any) -> None:
    """What the dialogue answers from now on."""
    reply = {"text": "好", "capability": "faq", "band": "answer", "confidence": 0.9}
    echo.answers = [{"custom": reply | fields}]


def test_cards_with_pictures_reasons_and_buttons(widget: Widget) -> None:
    cards = widget.ask("卡片").locator(".card")
    expect(cards).to_have_count(3)
    expect(cards.first.locator(".card-title")).to_have_text("影片1")
    expect(cards.first).to_contain_text("2001 · 剧情")
    expect(cards.first).to_contain_text("因为您喜欢《城南旧事》")
    picture = cards.first.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(cards.nth(1).locator("img")).to_have_count(0)
    cards.nth(1).get_by_role("button", name="类似的").click()
    expect(widget.replies).to_have_count(2)
    assert widget.texts(widget.mine)[-1] == "再来点像影片2的"


def test_pictures_scores_and_the_mark_of_generated_content(widget: Widget) -> None:
    reply = widget.ask("图片和谱")
    expect(reply.locator("figure img")).to_have_count(2)
    for picture in reply.locator("figure img").all():
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(reply.locator("figcaption").last).to_have_text("乐谱")
    expect(reply.locator(".ai")).to_have_text("AI 生成")
    expect(widget.ask("普通").locator(".ai")).to_have_count(0)


def test_sound_is_played_and_midi_offered(widget: Widget) -> None:
    reply = widget.ask("声音")
    player = reply.locator("wenyu-audio")
    expect(player.locator(".time")).to_have_text("0:00 / 0:00")
    player.evaluate("player => { player.audio.loop = true }")
    player.get_by_role("button", name="播放 一段声音").click()
    expect(player.get_by_role("button", name="暂停 一段声音")).to_be_visible()
    player.get_by_role("button", name="暂停 一段声音").click()
    expect(player.get_by_role("button", name="播放 一段声音")).to_be_visible()
    midi = reply.locator("a.file")
    expect(midi).to_have_attribute("href", f"{widget.url}/media/echo-tune.mid")


def test_only_web_addresses_become_links(widget: Widget, echo: EchoDialogue) -> None:
    answer(echo, text="见 https://example.com/a(b)。\n或javascript:alert(1)、https://x:y@evil.example/")
    reply = widget.ask("链接")
    links = reply.locator(".bubble a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.com/a(b)")
    expect(links).to_have_attribute("target", "_blank")
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert "\n或" in reply.locator(".bubble").inner_text()


def test_nothing_hostile_runs(widget: Widget, echo: EchoDialogue) -> None:
    for payload in PAYLOADS:
        answer(
            echo,
            text=payload,
            cards=[
                {
                    "title": payload,
                    "subtitle": payload,
                    "reason": payload,
                    "image": address,
                    "buttons": [{"title": payload[:100], "payload": payload}],
                }
                for address in (payload, "javascript:window.__ran=1", "data:image/svg+xml,<svg onload=alert(1)>")
            ],
            buttons=[{"title": payload[:100], "payload": payload}],
            media=[{"kind": "audio", "url": "/media/missing.wav", "mime": payload, "label": payload}],
        )
        reply = widget.ask(payload)
        expect(reply.locator(".bubble")).to_have_text(payload)
        expect(reply.locator(".card-title").first).to_have_text(payload)
        expect(reply.locator("iframe, script, .bubble img, .bubble svg")).to_have_count(0)
        before = widget.replies.count()
        reply.locator(":scope > .choices button").click()
        expect(widget.replies).to_have_count(before + 1)
    for image in widget.replies.locator(".card img").all():
        assert (image.get_attribute("src") or "").startswith(f"{widget.url}/")
    widget.page.reload()
    expect(widget.replies).to_have_count(2 * len(PAYLOADS))
    assert widget.page.evaluate("window.__ran") is None


def test_a_broken_picture_leaves_the_letter(widget: Widget, echo: EchoDialogue) -> None:
    answer(echo, cards=[{"title": "《夜航》", "image": "/media/missing.png"}])
    card = widget.ask("卡").locator(".card")
    expect(card.locator("img")).to_be_hidden()
    expect(card.locator(".cover span")).to_have_text("夜")


def test_a_reply_is_copied(widget: Widget) -> None:
    widget.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reply = widget.ask("复制我")
    reply.get_by_role("button", name="复制").click()
    expect(reply.locator(".notice")).to_have_text("已复制")
    assert widget.page.evaluate("navigator.clipboard.readText()") == "您说的是：复制我"
