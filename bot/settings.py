"""Every setting of Wenyu, typed, in one table.

Settings come from environment variables with the prefix ``WENYU_`` or from a ``.env`` file in the project
folder. ``docs/设置.md`` and ``.env.example`` are generated from the descriptions here (``wenyu doctor
--write-docs``), so a description is written for the operator, in Chinese.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """All settings, validated and frozen. Unknown ``WENYU_`` variables are ignored; wrong values raise."""

    model_config = SettingsConfigDict(env_prefix="WENYU_", env_file=PROJECT_DIR / ".env", extra="ignore", frozen=True)

    host: str = Field(
        "127.0.0.1", description="网关监听的地址；要让别的机器访问时改成 0.0.0.0，并放在 HTTPS 反向代理之后"
    )
    port: int = Field(8080, ge=1, le=65535, description="网关端口，唯一对外的端口")
    public_url: str = Field("", description="对外的网址，如 https://chat.example.com；留空则按 host 和 port 推出")
    dialogue_port: int = Field(5005, ge=1, le=65535, description="对话进程的端口，只在本机回环地址上")
    dialogue_processes: int = Field(
        1,
        ge=1,
        le=16,
        description="对话进程的个数；多于 1 时从 WENYU_DIALOGUE_PORT 起占用相连的端口，建议配 PostgreSQL",
    )
    actions_port: int = Field(5055, ge=1, le=65535, description="动作进程的端口，只在本机回环地址上")

    var_dir: Path = Field(PROJECT_DIR / "var", description="运行时数据的文件夹：数据库、编码器、索引、上传、日志")
    database_url: str = Field("", description="数据库网址；留空用 var 下的 SQLite，也可以是 postgresql+asyncpg://…")
    faq_dir: Path = Field(PROJECT_DIR / "knowledge" / "faq", description="FAQ 文件夹，每个分类一个 YAML")
    encoder: str = Field(
        "",
        description="句向量编码器：留空用内置的；也可以填本地目录或模型库里的名字，如 BAAI/bge-small-zh-v1.5",
    )
    vision_dir: Path | None = Field(
        None, description="看图的网络所在的目录（model.onnx 和 build.json）；留空用 var 下内置的"
    )

    secret_key: str = Field(
        "", description="签发会话令牌的密钥，至少 32 个字符；留空则首次启动时生成并存入 var/secret.key"
    )
    internal_token: str = Field("", description="进程之间的口令；留空则由密钥推出")
    rest_api_key: str = Field("", description="/webhooks/rest/webhook 的 API 密钥；留空则关闭这个接口")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="允许嵌入聊天窗的网站，逗号分隔，如 https://www.example.com；同源不必写"
    )

    max_text_chars: int = Field(2000, ge=100, le=4000, description="一条消息最多的字符数，超过的礼貌拒绝")
    max_body_bytes: int = Field(64 * 1024, ge=4096, description="JSON 请求体的上限（字节）")
    upload_max_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="一个上传文件的上限（字节）")
    rate_limit_per_minute: int = Field(60, ge=1, description="每个会话每分钟最多的消息数")
    new_sessions_per_minute: int = Field(60, ge=1, description="每个网络地址每分钟最多新建的会话数")
    trust_proxy: bool = Field(False, description="网关在反向代理之后时设为 true，按 X-Forwarded-For 识别访客地址")
    session_days: int = Field(30, ge=1, le=365, description="会话令牌的有效天数")

    skill_timeout_s: float = Field(2.5, gt=0, description="一项技能的时限（秒）")
    action_timeout_s: float = Field(3.0, gt=0, description="动作进程的时限（秒），要大于技能的时限")
    turn_deadline_s: float = Field(4.0, gt=0, description="一轮对话的时限（秒），要大于动作的时限")

    speech: bool = Field(True, description="语音输入和朗读；false 则接口和网页的话筒都礼貌拒绝")
    speech_dir: Path | None = Field(None, description="语音模型所在的目录；留空用 var 下内置的")
    speech_max_s: int = Field(60, ge=5, le=300, description="一段录音最长的秒数，超过的礼貌拒绝")
    speech_threads: int = Field(2, ge=1, le=32, description="语音进程的计算线程数")
    speech_memory_mb: int = Field(1500, ge=500, description="一个语音进程最多用的内存（MB）；识别和朗读各一个进程")
    speech_idle_s: float = Field(600, gt=0, description="语音进程空闲多少秒后退出；第一次使用时才启动")
    keep_recordings: bool = Field(False, description="是否把访客的录音存到 var/recordings；默认识别后立即丢弃")
    asr_url: str = Field(
        "",
        description="语音识别改用的 OpenAI 兼容服务，如 http://127.0.0.1:8000/v1（speaches、FunASR 等）；留空用内置的",
    )
    asr_api_key: str = Field("", description="语音识别服务的密钥")
    asr_model: str = Field("whisper-1", description="语音识别服务的模型名")
    tts_url: str = Field("", description="朗读改用的 OpenAI 兼容服务，如 http://127.0.0.1:8880/v1；留空用内置的")
    tts_api_key: str = Field("", description="朗读服务的密钥")
    tts_model: str = Field("tts-1", description="朗读服务的模型名")
    tts_voice: str = Field(
        "zf_xiaoxiao",
        description="朗读的嗓音：内置的有 zf_xiaoxiao、zf_xiaobei、zf_xiaoni、zf_xiaoyi（女），zm_yunjian、zm_yunxi、zm_yunxia、zm_yunyang（男）",
    )

    channels: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="接入的消息平台，逗号分隔：wecom、wechat、feishu、dingtalk、telegram、slack；见 docs/渠道/"
    )
    wecom_corp_id: str = Field("", description="企业微信：企业 ID")
    wecom_agent_id: str = Field("", description="企业微信：应用的 AgentId")
    wecom_secret: str = Field("", description="企业微信：应用的 Secret")
    wecom_token: str = Field("", description="企业微信：接收消息的 Token")
    wecom_aes_key: str = Field("", description="企业微信：接收消息的 EncodingAESKey，43 个字符")
    wecom_api_url: str = Field("https://qyapi.weixin.qq.com", description="企业微信：接口地址，私有部署时修改")
    wechat_app_id: str = Field("", description="公众号：AppID")
    wechat_secret: str = Field("", description="公众号：AppSecret")
    wechat_token: str = Field("", description="公众号：服务器配置的 Token")
    wechat_aes_key: str = Field("", description="公众号：EncodingAESKey，43 个字符；留空为明文模式")
    wechat_customer_service: bool = Field(
        True, description="公众号：有没有客服消息接口的权限；未认证的订阅号设为 false，只在 5 秒内被动回复"
    )
    wechat_api_url: str = Field("https://api.weixin.qq.com", description="公众号：接口地址")
    feishu_app_id: str = Field("", description="飞书：App ID")
    feishu_app_secret: str = Field("", description="飞书：App Secret")
    feishu_encrypt_key: str = Field("", description="飞书：事件与回调的 Encrypt Key")
    feishu_verification_token: str = Field("", description="飞书：事件与回调的 Verification Token")
    feishu_api_url: str = Field(
        "https://open.feishu.cn", description="飞书：接口地址；Lark 用 https://open.larksuite.com"
    )
    dingtalk_client_id: str = Field("", description="钉钉：Client ID（原 AppKey），也是机器人编码")
    dingtalk_client_secret: str = Field("", description="钉钉：Client Secret（原 AppSecret）")
    dingtalk_mode: str = Field(
        "stream", pattern="^(stream|webhook)$", description="钉钉：接收方式，stream（不需要公网地址）或 webhook"
    )
    dingtalk_api_url: str = Field("https://api.dingtalk.com", description="钉钉：接口地址")
    dingtalk_media_url: str = Field("https://oapi.dingtalk.com", description="钉钉：上传文件的接口地址")
    telegram_bot_token: str = Field("", description="Telegram：机器人的 token")
    telegram_secret_token: str = Field("", description="Telegram：setWebhook 时的 secret_token，至少 16 个字符")
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="Telegram：接口地址，自建的 Bot API 服务也可以"
    )
    slack_signing_secret: str = Field("", description="Slack：签名密钥（Signing Secret）")
    slack_bot_token: str = Field("", description="Slack：机器人令牌（Bot User OAuth Token），xoxb- 开头")
    slack_api_url: str = Field("https://slack.com", description="Slack：接口地址")

    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="日志级别")
    commercial_use: bool = Field(False, description="商业使用时设为 true：关闭用非商业条款数据训练的部分")
    torch_index_url: str = Field(
        "https://download.pytorch.org/whl/cpu",
        description="安装 torch 时，若默认来源会带来 CUDA 版，就改从这个来源取 CPU 版；可以指向内网镜像",
    )

    @field_validator("vision_dir", "speech_dir", mode="before")
    @classmethod
    def _no_folder(cls, value: object) -> object:
        return value or None

    @field_validator("cors_origins", "channels", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @property
    def effective_database_url(self) -> str:
        """The SQLAlchemy URL in use, with an async driver."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir / 'wenyu.db'}"

    @property
    def dialogue_ports(self) -> tuple[int, ...]:
        """The port of each dialogue process."""
        return tuple(range(self.dialogue_port, self.dialogue_port + self.dialogue_processes))

    @property
    def effective_vision_dir(self) -> Path:
        """Where the visual backbone lies."""
        return self.vision_dir or self.var_dir / "vision"

    @property
    def effective_speech_dir(self) -> Path:
        """Where the speech models lie."""
        return self.speech_dir or self.var_dir / "speech"

    @property
    def effective_public_url(self) -> str:
        """Where people reach the gateway, without a trailing slash."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - it is compared, not bound
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
