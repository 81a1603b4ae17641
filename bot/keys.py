"""The keys that sign session tokens and let the processes trust each other."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from models.errors import WenyuError


class KeyConfigError(WenyuError):
    """A key is missing or too short; the process refuses to start."""

    code = "bad_key"
    status = 500


@dataclass(frozen=True)
class Keys:
    """``session`` (at least 32 characters) signs session tokens; ``internal`` is shared by the processes."""

    session: str
    internal: str

    def __repr__(self) -> str:
        return "Keys(…)"


def _stored_key(path: Path) -> str:
    """The key in ``path``, made on first use with mode 0600; two processes starting at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def load_keys(settings: Settings) -> Keys:
    """The keys in use.

    Raises:
        KeyConfigError: when a configured key is shorter than 32 characters.
    """
    session = settings.secret_key or _stored_key(settings.var_dir / "secret.key")
    if len(session) < 32:
        raise KeyConfigError(
            "会话密钥太短，服务不能启动。",
            hint="把 WENYU_SECRET_KEY 设为至少 32 个随机字符，或者留空让程序生成。",
        )
    derived = hmac.new(session.encode(), b"wenyu-internal", hashlib.sha256).hexdigest()
    return Keys(session=session, internal=settings.internal_token or derived)
