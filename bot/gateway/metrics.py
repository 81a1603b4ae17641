"""What Prometheus reads at /metrics. No label holds anything a visitor can choose freely."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 10)


class Metrics:
    """The gateway's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "wenyu_http_requests", "HTTP requests.", ["method", "route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "wenyu_http_request_seconds",
            "Time to answer an HTTP request.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.turns = Counter(
            "wenyu_turns",
            "Turns by channel, capability and outcome.",
            ["channel", "capability", "outcome"],
            registry=self.registry,
        )
        self.turn_seconds = Histogram(
            "wenyu_turn_seconds",
            "Time from accepting a message to its stored reply.",
            ["channel"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.pending = Gauge("wenyu_pending_messages", "Messages that wait or run.", registry=self.registry)
        self.sockets = Gauge("wenyu_web_sockets", "Open WebSockets.", registry=self.registry)
        self.uploads = Counter("wenyu_uploads", "Stored uploads.", ["kind"], registry=self.registry)
        self.feedback = Counter("wenyu_feedback", "Thumbs up and down.", ["value"], registry=self.registry)
        self.refused = Counter("wenyu_refused", "Refused requests by error code.", ["code"], registry=self.registry)
        self.platform_calls = Counter(
            "wenyu_platform_calls",
            "Calls of messaging platforms by what became of them.",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "wenyu_deliveries",
            "Replies sent to messaging platforms by outcome: sent, retry or failed.",
            ["channel", "outcome"],
            registry=self.registry,
        )

    def turn(self, channel: str, capability: str, outcome: str, seconds: float) -> None:
        """Count one finished turn."""
        self.turns.labels(channel, capability, outcome).inc()
        self.turn_seconds.labels(channel).observe(seconds)

    def render(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)
