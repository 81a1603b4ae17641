"""The settings of the dialogue process, read from the environment.

The names and defaults are those of the settings table of the application; this process runs on another Python and
cannot import it, and needs only these few.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

PROJECT_DIR = Path(__file__).resolve().parent.parent.parent
ARCHIVE = PROJECT_DIR / "models" / "dialogue" / "wenyu.tar.gz"
"""The only trained archive that is ever loaded."""


class BadSetting(ValueError):
    """A variable has a value that cannot be used; the message says so in Chinese."""


@dataclass(frozen=True)
class Env:
    """Settings in use.

    Attributes:
        port, actions_port: on the loopback address.
        token: shared by the processes; a request without it is refused.
        action_timeout_s: how long all actions of one turn may take together.
        turn_deadline_s: how long a turn in progress may go on when the process is asked to stop.
    """

    port: int
    actions_port: int
    var_dir: Path
    faq_dir: Path
    database_url: str
    token: str
    action_timeout_s: float
    turn_deadline_s: float
    log_level: str


def read_env(environ: Mapping[str, str] = os.environ) -> Env:
    """Read the variables ``WENYU_*``.

    Raises:
        BadSetting: when a number is not a number.
    """

    def number(name: str, default: float) -> float:
        text = environ.get(name) or str(default)
        try:
            return float(text)
        except ValueError:
            raise BadSetting(f"环境变量 {name} 应当是数字，现在是“{text}”。") from None

    var_dir = Path(environ.get("WENYU_VAR_DIR") or PROJECT_DIR / "var").resolve()
    return Env(
        port=int(number("WENYU_DIALOGUE_PORT", 5005)),
        actions_port=int(number("WENYU_ACTIONS_PORT", 5055)),
        var_dir=var_dir,
        faq_dir=Path(environ.get("WENYU_FAQ_DIR") or PROJECT_DIR / "knowledge" / "faq").resolve(),
        database_url=sync_url(environ.get("WENYU_DATABASE_URL") or f"sqlite:///{var_dir / 'wenyu.db'}"),
        token=environ.get("WENYU_INTERNAL_TOKEN", ""),
        action_timeout_s=number("WENYU_ACTION_TIMEOUT_S", 3.0),
        turn_deadline_s=number("WENYU_TURN_DEADLINE_S", 4.0),
        log_level=(environ.get("WENYU_LOG_LEVEL") or "INFO").upper(),
    )


def sync_url(url: str) -> str:
    """The same database through a synchronous driver, which is what SQLAlchemy 1.4 uses here."""
    for asynchronous, synchronous in (("+asyncpg", "+psycopg2"), ("+aiosqlite", "")):
        url = url.replace(asynchronous, synchronous, 1)
    return url
