"""The log of the dialogue process: a JSON object a line on standard output, in the shape of the other processes.

A line holds codes, counts, times and reference numbers, never what a person wrote, nor a secret. Rasa and its
libraries log through the standard library; of their exceptions only the type and the place are kept, because the
text of an exception may quote a message.
"""

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any

import structlog

OWN = "wenyu.dialogue"
_FIELDS = "wenyu_fields"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        own = record.name == OWN
        line = {
            "process": "dialogue",
            "event": record.getMessage() if own else "library",
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat().replace("+00:00", "Z"),
            **getattr(record, _FIELDS, {}),
        }
        if not own:
            line["logger"] = record.name
            line["place"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["error_place"] = place_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def place_of(error: BaseException) -> str:
    """File and line where an exception was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""


def configure_logging(level: str) -> None:
    """Send everything to standard output as JSON lines; libraries only from WARNING on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OWN).setLevel(level)
    # Rasa's structured log quotes messages at DEBUG, and unconfigured it prints everything.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    for name in ("rasa", "aiohttp", "apscheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log(level: int, event: str, **fields: Any) -> None:
    """Write one line; ``event`` is snake_case, ``fields`` are codes, counts and times."""
    logging.getLogger(OWN).log(level, event, extra={_FIELDS: fields})
