"""Thumbs with comments, and pictures and sounds that the visitor sends."""

from __future__ import annotations

import base64
import io

import soundfile
from PIL import Image
from playwright.sync_api import FilePayload, Request, expect

from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue, sample_wav


def picture() -> bytes:
    """A small PNG."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (178, 58, 42)).save(data, "PNG")
    return data.getvalue()


def file(name: str, mime: str, data: bytes) -> FilePayload:
    """A file that the visitor chooses."""
    return {"name": name, "mimeType": mime, "buffer": data}


def feedback_bodies(widget: Widget) -> list[object]:
    """Collects what is sent to the feedback API from now on."""
    bodies: list[object] = []

    def collect(request: Request) -> None:
        if request.url.endswith("/feedback"):
            bodies.append(request.post_data_json)

    widget.page.on("request", collect)
    return bodies


def test_thumbs_are_sent_and_kept(widget: Widget) -> None:
    bodies = feedback_bodies(widget)
    reply = widget.ask("好不好")
    up, down = reply.get_by_role("button", name="有帮助", exact=True), reply.get_by_role("button", name="没有帮助")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(reply.locator(".notice")).to_have_text("谢谢反馈")
    down.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    reply.get_by_label("哪里可以更好").fill("答非所问")
    reply.get_by_role("button", name="提交").click()
    expect(reply.locator(".comment")).to_have_count(0)
    expect(reply.locator(".notice")).to_have_text("谢谢反馈")
    assert bodies == [{"value": 1}, {"value": -1}, {"value": -1, "comment": "答非所问"}]
    widget.page.reload()
    expect(widget.replies.last.get_by_role("button", name="没有帮助")).to_have_attribute("aria-pressed", "true")


def test_a_vote_that_does_not_arrive_is_not_shown(widget: Widget) -> None:
    reply = widget.ask("好不好")
    widget.page.route("**/feedback", lambda route: route.abort())
    up = reply.get_by_role("button", name="有帮助", exact=True)
    up.click()
    expect(widget.host.locator(".status")).to_contain_text("反馈没有送达")
    expect(up).to_have_attribute("aria-pressed", "false")


def test_a_picture_and_a_sound_are_uploaded_and_sent(widget: Widget, echo: EchoDialogue) -> None:
    widget.host.locator("wenyu-composer input[type=file]").set_input_files(
        [
            file("画.png", "image/png", picture()),
            file("曲.wav", "audio/wav", sample_wav()),
        ]
    )
    chips = widget.host.locator("wenyu-composer .attachment")
    expect(chips).to_have_count(2)
    expect(chips.locator("canvas")).to_have_count(1)
    expect(chips.locator("progress")).to_have_count(0)
    widget.say("看看这幅画")
    expect(widget.replies.last.locator(".bubble")).to_have_text("收到 2 个附件。")
    assert [file["kind"] for file in echo.requests[-1]["attachments"]] == ["image", "audio"]
    expect(widget.mine.locator("canvas.sent-picture")).to_have_count(1)
    expect(chips).to_have_count(0)
    widget.page.reload()
    sent = widget.mine.locator("img.sent-picture")
    assert sent.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    expect(widget.mine.locator(".file")).to_have_count(1)


RECORDED = """async () => {
    const context = new AudioContext(), tone = context.createOscillator(), out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    const recorder = new MediaRecorder(out.stream, { mimeType: "audio/webm" }), parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    setTimeout(() => recorder.stop(), 700);
    await stopped;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
}"""


def test_what_a_browser_recorded_arrives_as_a_sound_that_the_server_takes(widget: Widget, echo: EchoDialogue) -> None:
    recording = bytes(widget.page.evaluate(RECORDED))
    assert recording.startswith(b"\x1aE\xdf\xa3"), "WebM"
    for mime in ("audio/webm", "video/webm"):
        files = widget.host.locator("wenyu-composer input[type=file]")
        files.set_input_files(file("哼唱.webm", mime, recording))
        chips = widget.host.locator("wenyu-composer .attachment")
        expect(chips.locator("progress")).to_have_count(0)
        expect(widget.host.locator("wenyu-composer .attachment.problem")).to_have_count(0)
        widget.say("按我哼的接着写")
        expect(widget.replies.last.locator(".bubble")).to_have_text("收到 1 个附件。")
        attachment = echo.requests[-1]["attachments"][0]
        assert (attachment["kind"], attachment["mime"]) == ("audio", "audio/wav")
        with soundfile.SoundFile(attachment["path"]) as sound:
            assert (sound.samplerate, sound.channels) == (16_000, 1)
            assert 0.3 < sound.frames / sound.samplerate < 2
        expect(chips).to_have_count(0)


def test_an_attachment_can_be_removed_and_sent_without_text(widget: Widget) -> None:
    files = widget.host.locator("wenyu-composer input[type=file]")
    files.set_input_files([file(f"{i}.png", "image/png", picture()) for i in (1, 2)])
    chips = widget.host.locator("wenyu-composer .attachment")
    expect(chips).to_have_count(2)
    widget.host.get_by_role("button", name="移除 1.png").click()
    expect(chips).to_have_count(1)
    expect(widget.send_button).to_be_enabled()
    widget.input.press("Enter")
    expect(widget.replies.last.locator(".bubble")).to_have_text("收到 1 个附件。")


def test_wrong_files_are_refused_with_a_sentence(widget: Widget) -> None:
    files = widget.host.locator("wenyu-composer input[type=file]")
    files.set_input_files(file("a.exe", "application/x-msdownload", b"MZ"))
    expect(widget.host.locator("wenyu-composer .over")).to_have_text("只能发送图片或声音文件。")
    files.set_input_files(file("假的.png", "image/png", b"not a picture"))
    expect(widget.host.locator("wenyu-composer .attachment.problem")).to_contain_text("只能上传图片")
    expect(widget.send_button).to_be_disabled()


def test_files_are_dropped_and_pasted(widget: Widget) -> None:
    data = base64.b64encode(picture()).decode()
    make = (
        "const transfer = new DataTransfer(); transfer.items.add(new File([Uint8Array.from(atob(data), "
        "c => c.charCodeAt(0))], 'x.png', {type: 'image/png'}));"
    )
    widget.panel.evaluate(
        f"(panel, data) => {{ {make} for (const type of ['dragover', 'drop']) panel.dispatchEvent("
        "new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true})) }",
        data,
    )
    chips = widget.host.locator("wenyu-composer .attachment")
    expect(chips).to_have_count(1)
    expect(widget.host.locator(".drop")).to_have_count(0)
    widget.input.evaluate(
        f"(field, data) => {{ {make} field.dispatchEvent(new ClipboardEvent('paste', "
        "{clipboardData: transfer, bubbles: true, cancelable: true})) }",
        data,
    )
    expect(chips).to_have_count(2)
    expect(chips.locator("progress")).to_have_count(0)
    widget.input.press("Enter")
    expect(widget.replies.last.locator(".bubble")).to_have_text("收到 2 个附件。")
