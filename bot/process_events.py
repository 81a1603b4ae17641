"""supervisord's event listener: writes exits and restarts of the processes into the merged log."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from supervisor import childutils

EVENTS = {
    "PROCESS_STATE_EXITED": "process_exited",
    "PROCESS_STATE_BACKOFF": "process_restarting",
    "PROCESS_STATE_FATAL": "process_given_up",
}


def main() -> None:
    """Read events on standard input for ever; log on standard error, because standard output is the protocol's."""
    while True:
        headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        details = childutils.get_headers(payload)
        expected = details.get("expected") == "1"
        line = {
            "process": details.get("processname"),
            "event": EVENTS.get(headers["eventname"], headers["eventname"]),
            "level": "info" if expected else "error",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
