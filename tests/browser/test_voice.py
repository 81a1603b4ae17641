"""Speaking and listening in the widget: a browser whose microphone plays a file, a gateway with the real models."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from bot.settings import PROJECT_DIR
from models.speech.build import is_built
from models.speech.synthesiser import RATE, Synthesiser
from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGS, EchoThread, GatewayProcess, NewPage, new_gateway
from tests.browser.widget import Widget
from tests.support.echo_dialogue import EchoDialogue

FOLDER = PROJECT_DIR / "var" / "speech"
QUESTION = "怎么取消自动续费"
SLOW_MS = 120_000


def microphone_file(path: Path, text: str) -> Path:
    """A WAV file for Chromium's fake microphone: speech, then silence long enough to stop in."""
    samples = Synthesiser(FOLDER, 2).speak(text)
    padded = np.concatenate([np.zeros(RATE), samples, np.zeros(12 * RATE)])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((padded * 32767).astype(np.int16).tobytes())
    return path


@pytest.fixture(scope="module")
def speaking_gateway(
    built: Path, echo_thread: EchoThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway that hears and speaks."""
    if not is_built(FOLDER):
        pytest.fail("语音模型还没有构建：请先运行 make setup。")
    folder = tmp_path_factory.mktemp("speaking")
    process = new_gateway(folder, echo_thread.server.port, SPEECH_DIR=str(FOLDER), TURN_DEADLINE_S="10")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def talking(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A phone-sized visitor whose microphone says the question."""
    sound = microphone_file(tmp_path / "question.wav", QUESTION)
    flags = [
        *CHROMIUM_ARGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
    ]
    own = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    context = own.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN")
    context.set_default_timeout(20_000)
    yield context
    own.close()


@pytest.mark.timeout(300)
def test_dictate_correct_send_and_hear(
    talking: BrowserContext, speaking_gateway: GatewayProcess, echo: EchoDialogue
) -> None:
    page = talking.new_page()
    widget = Widget(page, speaking_gateway.url)
    widget.visit("/")
    widget.open()
    microphone = widget.host.locator("wenyu-composer .mic")
    microphone.click()
    expect(widget.host.get_by_text("正在听")).to_be_visible(timeout=20_000)
    # The interim text stands in the field before the end of the sentence.
    expect(widget.input).not_to_have_value("", timeout=SLOW_MS)
    microphone.click()
    expect(microphone).to_have_attribute("aria-pressed", "false")
    expect(microphone).to_be_enabled(timeout=SLOW_MS)
    heard = widget.input.input_value()
    assert "取消" in heard or "续" in heard, heard
    assert widget.mine.count() == 0
    widget.input.fill(QUESTION)
    widget.input.press("Enter")
    expect(widget.replies).to_have_count(1, timeout=20_000)
    assert QUESTION in widget.texts(widget.replies)[0]

    read = widget.replies.first.locator(".read")
    with page.expect_response(lambda response: "speech/audio" in response.url, timeout=SLOW_MS) as answered:
        read.click()
    assert answered.value.status == 200
    assert answered.value.headers["content-type"] == "audio/mpeg"
    expect(read).to_have_attribute("aria-label", "停止朗读")
    read.click()
    expect(read).to_have_attribute("aria-label", "朗读")


def test_without_permission_a_sentence_says_what_to_do(new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = Widget(new_page(permissions=[]), gateway.url)
    widget.visit()
    widget.open()
    microphone = widget.host.locator("wenyu-composer .mic")
    microphone.focus()
    microphone.press("Enter")
    expect(widget.host.get_by_role("alert")).to_contain_text("麦克风")
    expect(microphone).to_have_attribute("aria-pressed", "false")
    widget.ask("还能打字")


def test_settings_are_off_by_default_and_remembered(new_page: NewPage, gateway: GatewayProcess) -> None:
    widget = Widget(new_page(permissions=[]), gateway.url)
    widget.visit()
    widget.open()
    widget.host.locator("wenyu-composer .mic").click()
    widget.host.get_by_role("button", name="语音设置").click()
    for name in ("免提（说完自动发送）", "朗读回答"):
        box = widget.host.get_by_role("checkbox", name=name)
        expect(box).not_to_be_checked()
        box.check()
    widget.host.get_by_role("combobox", name="语速").select_option("1.25")
    assert widget.stored("voice") == {"handsFree": True, "aloud": True, "speed": 1.25, "browser": False}
