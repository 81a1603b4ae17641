"""What the skills work with: the index and the models, loaded once when the action server starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actions.recommend_service import RecommendService
from bot.settings import Settings
from knowledge.answer import FaqService
from knowledge.encoder import Encoder, load_encoder

CHITCHAT_DIR = Path(__file__).resolve().parent.parent / "knowledge" / "chitchat"


@dataclass(frozen=True)
class Services:
    """Shared, thread-safe services."""

    faq: FaqService
    chitchat: FaqService
    recommender: RecommendService


def open_services(settings: Settings) -> Services:
    """Load everything; takes seconds the first time, because the FAQ is encoded then.

    Raises:
        WenyuError: when the encoder is not built or the FAQ is not readable.
    """
    encoder: Encoder = load_encoder(settings.encoder, settings.var_dir / "encoder")
    index_dir = settings.var_dir / "index"
    return Services(
        faq=FaqService.open(settings.faq_dir, index_dir / "faq", encoder),
        chitchat=FaqService.open(CHITCHAT_DIR, index_dir / "chitchat", encoder),
        recommender=RecommendService.open(
            commercial_use=settings.commercial_use, imported=settings.var_dir / "recommender"
        ),
    )
