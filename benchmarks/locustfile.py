"""What one person does for :mod:`benchmarks.load`: opens a conversation, asks, reads the answer, thinks, asks again."""

from __future__ import annotations

import random
import uuid

from locust import HttpUser, between, task

from bot.settings import get_settings
from knowledge.store import load_faq

QUESTIONS = [question for entry in load_faq(get_settings().faq_dir) for question in entry.questions[1:4]]
TURNS_A_CONVERSATION = 10


class Person(HttpUser):
    """Asks questions that the FAQ answers, with two to eight seconds between an answer and the next question."""

    wait_time = between(2, 8)

    def on_start(self) -> None:
        """Begin without a conversation."""
        self._turns = 0
        self._headers: dict[str, str] = {}

    @task
    def ask(self) -> None:
        """One turn; an apology, a refusal or an answer that comes later counts as an error."""
        if self._turns % TURNS_A_CONVERSATION == 0:
            session = self.client.post("/api/v1/sessions", name="session").json()
            self._headers = {"Authorization": f"Bearer {session['token']}"}
        self._turns += 1
        body = {"client_message_id": uuid.uuid4().hex, "text": random.choice(QUESTIONS)}
        with self.client.post(
            "/api/v1/messages", json=body, headers=self._headers, name="turn", catch_response=True
        ) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")
            elif any("reference" in reply["data"] for reply in response.json()["messages"]):
                response.failure("an apology")
