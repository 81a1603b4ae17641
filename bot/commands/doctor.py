"""`wenyu doctor`: what is installed, trained, stale or missing, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import PydanticUndefined
from sqlalchemy.exc import SQLAlchemyError

from bot import bootstrap
from bot.commands.channels import failure_lines, undelivered
from bot.gateway.db.migrate import is_current
from bot.gateway.platforms.registry import ChannelConfigError, configured
from bot.settings import PROJECT_DIR, Settings
from knowledge.answer import calibration_file
from knowledge.bands import read_calibration
from knowledge.encoder import load_encoder
from knowledge.store import load_faq
from models.errors import DataError, WenyuError
from models.speech.build import is_built

OK, STALE, MISSING = "正常", "过期", "缺少"
SETUP = "运行 make run（或 make setup），只会补做需要的部分"


@dataclass(frozen=True)
class Finding:
    """One line of the report: ``state`` is 正常, 过期 or 缺少; ``advice`` is empty when all is well."""

    name: str
    state: str
    detail: str = ""
    advice: str = ""


def check_setup() -> Iterable[Finding]:
    """The set-up steps, by the stamps that they leave."""
    for name, title, fingerprint, result, _ in bootstrap.steps("setup"):
        if fingerprint is None:
            continue
        stamp = bootstrap.STAMPS / name
        if not result.exists():
            yield Finding(title, MISSING, "", SETUP)
        elif not stamp.exists() or stamp.read_text() != fingerprint:
            yield Finding(title, STALE, "安装之后，它所依赖的文件改过", SETUP)
        else:
            yield Finding(title, OK)


def check_dialogue() -> Finding:
    """The trained Rasa archive, against the data that it was trained on."""
    python = bootstrap.DIALOGUE / "bin" / "python"
    if not python.exists():
        return Finding("对话模型", MISSING, "对话环境没有安装", SETUP)
    result = subprocess.run(
        [python, "-m", "bot.dialogue.train", "--check"], cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    archive = PROJECT_DIR / "models" / "dialogue" / "wenyu.tar.gz"
    if result.returncode == 0:
        return Finding("对话模型", OK, archive.name)
    state = STALE if archive.exists() else MISSING
    return Finding("对话模型", state, "语料、领域或配置在训练之后改过" if archive.exists() else "", SETUP)


def check_faq(settings: Settings) -> Finding:
    """The FAQ content: readable, and how much of it."""
    try:
        entries = load_faq(settings.faq_dir)
    except DataError as error:
        return Finding("FAQ 内容", MISSING, f"{len(error.problems)} 处错误", "运行 wenyu faq lint 查看每一处")
    questions = sum(len(entry.questions) for entry in entries)
    return Finding("FAQ 内容", OK, f"{len(entries)} 条，{questions} 个问法")


def check_calibration(settings: Settings) -> Finding:
    """The thresholds of the three bands belong to the encoder in use."""
    advice = "运行 wenyu faq calibrate"
    try:
        fitted = read_calibration(calibration_file(settings.var_dir / "index" / "faq")).encoder
        encoder = load_encoder(settings.encoder, settings.var_dir / "encoder").fingerprint
    except WenyuError as error:
        return Finding("FAQ 校准", MISSING, error.user_message, error.hint or advice)
    if fitted != encoder:
        return Finding("FAQ 校准", STALE, "阈值是用另一个编码器拟合的", advice)
    return Finding("FAQ 校准", OK)


def check_database(settings: Settings) -> Finding:
    """Schema version of the database."""
    try:
        current = asyncio.run(is_current(settings.effective_database_url))
    except Exception as error:  # noqa: BLE001 - any driver's error means the same here
        return Finding("数据库", MISSING, type(error).__name__, "检查 WENYU_DATABASE_URL，然后运行 wenyu migrate")
    return Finding("数据库", OK) if current else Finding("数据库", STALE, "表结构不是当前版本", "运行 wenyu migrate")


def check_running(settings: Settings) -> Finding:
    """Whether the assistant answers right now."""
    url = f"http://127.0.0.1:{settings.port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=3) as response:
            return Finding("运行状态", OK if response.status == 200 else STALE, settings.effective_public_url)
    except urllib.error.HTTPError as error:
        parts = json.loads(error.read() or b"{}")
        down = "、".join(k for k, v in parts.get("checks", {}).items() if not v)
        return Finding("运行状态", STALE, f"没有就绪：{down}", f"看日志 {settings.var_dir}/log/wenyu.jsonl")
    except OSError:
        return Finding("运行状态", MISSING, "没有在运行", "运行 make run")


def check_channels(settings: Settings) -> Iterable[Finding]:
    """The messaging platforms that are switched on: their settings, and replies that did not arrive."""
    if not settings.channels:
        return
    try:
        adapters = configured(settings)
    except ChannelConfigError as error:
        yield Finding("消息平台", MISSING, error.user_message, error.hint)
        return
    try:
        failures = asyncio.run(undelivered(settings))
    except SQLAlchemyError:
        return
    for adapter in adapters:
        lines = failure_lines([row for row in failures if row[0] == adapter.name])
        advice = f"运行 wenyu doctor --channel {adapter.name}" if lines else ""
        yield Finding(adapter.title, STALE if lines else OK, "；".join(lines), advice)


def check_speech(settings: Settings) -> Finding:
    """Speech: off, by other servers, or by the models on this machine."""
    if not settings.speech:
        return Finding("语音", OK, "已关闭")
    remote = [name for name, url in (("识别", settings.asr_url), ("朗读", settings.tts_url)) if url]
    if len(remote) == 2 or is_built(settings.effective_speech_dir):
        kept = "，录音会保存到 var/recordings" if settings.keep_recordings else ""
        return Finding("语音", OK, (f"{'、'.join(remote)}用外部服务" if remote else "内置") + kept)
    return Finding("语音", MISSING, "模型没有构建", SETUP)


def check_appraisal(settings: Settings) -> Finding:
    """What the appraisal of pictures runs on: the backbone, which weights, and how many works the gallery has."""
    from models.appraisal.gallery import Gallery
    from models.appraisal.model import WEIGHTS, Learned
    from models.vision.backbone import read_build

    build = read_build(settings.effective_vision_dir)
    if build is None:
        return Finding("画作鉴赏", MISSING, "看图的网络没有构建", SETUP)
    own = settings.var_dir / "appraisal" / "weights"
    is_own = (own / "manifest.json").is_file()
    folder = own if is_own else WEIGHTS
    gallery = len(Gallery.open(settings.var_dir / "gallery", build["fingerprint"]).works)
    try:
        Learned.load(folder, commercial_use=settings.commercial_use)
    except WenyuError as error:
        if error.code == "non_commercial_data":
            return Finding("画作鉴赏", OK, f"总分按 WENYU_COMMERCIAL_USE 停用；画廊 {gallery} 幅")
        return Finding("画作鉴赏", STALE, error.user_message, error.hint or f"重新训练，或删去 {folder}")
    scores = "自己的分数" if is_own else "随库的分数"
    return Finding("画作鉴赏", OK, f"{scores}；画廊 {gallery} 幅")


def check_terms(settings: Settings) -> Finding:
    """Default models whose training data has non-commercial terms, from their manifests."""
    restricted = []
    for manifest in sorted((PROJECT_DIR / "models").glob("*/**/manifest.json")):
        terms = json.loads(manifest.read_text(encoding="utf-8")).get("commercial_use")
        if terms is False:
            restricted.append(manifest.parent.relative_to(PROJECT_DIR).as_posix())
    if not restricted:
        return Finding("商用条款", OK, "没有用非商业条款的数据训练的模型")
    listing = "、".join(restricted)
    if settings.commercial_use:
        return Finding("商用条款", OK, f"已按 WENYU_COMMERCIAL_USE 关闭：{listing}")
    return Finding("商用条款", OK, f"仅限非商业使用：{listing}", "商业使用请设 WENYU_COMMERCIAL_USE=true")


def run(settings: Settings) -> int:
    """Print the report; 0 when nothing needs attention (not running is fine), else 1."""
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        check_setup,
        lambda: [check_dialogue()],
        lambda: [check_faq(settings)],
        lambda: [check_calibration(settings)],
        lambda: [check_database(settings)],
        lambda: check_channels(settings),
        lambda: [check_speech(settings)],
        lambda: [check_appraisal(settings)],
        lambda: [check_terms(settings)],
        lambda: [check_running(settings)],
    )
    bad = 0
    for check in checks:
        for finding in check():
            mark = {OK: "✓", STALE: "!", MISSING: "✗"}[finding.state]
            print(f"{mark} {finding.name}：{finding.state}" + (f"（{finding.detail}）" if finding.detail else ""))
            if finding.advice:
                print(f"    → {finding.advice}")
            bad += finding.state != OK and finding.name != "运行状态"
    return 1 if bad else 0


def _default_text(value: object) -> str:
    if value is PydanticUndefined or value in ("", ()):
        return ""
    if isinstance(value, Path):
        return value.relative_to(PROJECT_DIR).as_posix() if value.is_relative_to(PROJECT_DIR) else str(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_documents() -> dict[Path, str]:
    """The generated documents, by path: docs/设置.md and .env.example."""
    rows, example = [], ["# 复制为 .env 并按需修改；全部说明见 docs/设置.md", ""]
    for name, field in Settings.model_fields.items():
        variable, default = f"WENYU_{name.upper()}", _default_text(field.default)
        rows.append(f"| `{variable}` | {f'`{default}`' if default else '（空）'} | {field.description} |")
        example += [f"# {field.description}", f"# {variable}={default}", ""]
    table = "\n".join(["| 变量 | 默认值 | 说明 |", "|---|---|---|", *rows])
    text = (
        "# 设置\n\n设置来自环境变量，或项目文件夹里的 `.env`。本页由 `wenyu doctor --write-docs` 从 "
        f"`bot/settings.py` 生成，请不要手改。\n\n{table}\n"
    )
    return {PROJECT_DIR / "docs" / "设置.md": text, PROJECT_DIR / ".env.example": "\n".join(example)}


def write_docs() -> None:
    """Write the generated documents."""
    for path, text in settings_documents().items():
        path.write_text(text, encoding="utf-8")
        print(f"已写入 {path.relative_to(PROJECT_DIR)}")
