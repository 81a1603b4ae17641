"""The real action server over a FAQ of three entries, so that a conversation says the same on every machine.

Run as ``python -m tests.conversations.small_faq_server``.
"""

from __future__ import annotations

import actions.server
from actions.appraise_service import AppraiseService
from actions.classify_service import ClassifyService
from actions.compose_service import ComposeService
from actions.recommend_service import RecommendService
from actions.services import Deferred, Services
from bot.settings import Settings
from knowledge.answer import Answer, Candidate
from knowledge.encoder import load_encoder
from knowledge.store import Entry


def _entry(name: str, question: str, answer: str) -> Entry:
    return Entry(name, "test", (question,), answer, (), "tests", "2025-01-01")


ENTRIES = {
    "续费": _entry("renewal", "怎么取消自动续费", "在“我的-会员”里关闭自动续费。"),
    "退": _entry("refund", "电影票可以退吗", "开场前两小时可以退。"),
    "预约": _entry("booking", "展览需要预约吗", "热门展览需要预约。"),
}


class SmallFaq:
    """Knows an entry by one word; 会员 alone is not clear enough; everything else is refused."""

    entries = tuple(ENTRIES.values())

    def answer(self, query: str, *, context: str | None = None) -> Answer:
        """The first entry whose word is in the query."""
        for word, entry in ENTRIES.items():
            if word in query:
                return Answer("answer", 0.9, entry, (Candidate(entry.id, entry.questions[0], 0.9),), ())
        if "会员" in query:
            candidates = tuple(Candidate(e.id, e.questions[0], 0.3) for e in self.entries)
            return Answer("suggest", 0.4, None, candidates, ())
        return Answer("refuse", 0.1, None, (), ())

    def refresh(self) -> bool:
        """Nothing ever changes."""
        return False


def open_services(settings: Settings) -> Services:
    """Stands in for :func:`actions.services.open_services`."""
    return Services(
        faq=SmallFaq(),  # type: ignore[arg-type]
        chitchat=SmallFaq(),  # type: ignore[arg-type]
        recommender=Deferred(lambda: RecommendService({})),
        composer=Deferred(lambda: ComposeService.open(commercial_use=False, media_dir=settings.var_dir / "media")),
        classifier=Deferred(
            lambda: ClassifyService.open(
                commercial_use=False,
                encoder=load_encoder("", settings.var_dir / "encoder"),
                own=settings.var_dir / "classifier",
            )
        ),
        appraiser=Deferred(
            lambda: AppraiseService.open(
                commercial_use=False,
                backbone=settings.effective_vision_dir,
                own=settings.var_dir / "appraisal",
                gallery=settings.var_dir / "gallery",
                media_dir=settings.var_dir / "media",
            )
        ),
    )


if __name__ == "__main__":
    setattr(actions.server, "open_services", open_services)  # noqa: B010 - mypy: not exported there
    actions.server.main()
