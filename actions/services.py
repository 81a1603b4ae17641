"""What the skills work with: the index and the models, loaded once when the action server starts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from bot.settings import Settings
from knowledge.answer import FaqService
from knowledge.encoder import Encoder, load_encoder
from knowledge.store import files_state

if TYPE_CHECKING:
    from actions.appraise_service import AppraiseService
    from actions.classify_service import ClassifyService
    from actions.compose_service import ComposeService
    from actions.recommend_service import RecommendService

CHITCHAT_DIR = Path(__file__).resolve().parent.parent / "knowledge" / "chitchat"
T = TypeVar("T")
_NEVER = object()


class Deferred(Generic[T]):
    """A service that is loaded at its first use, once, whichever thread asks first, and again when its files change."""

    def __init__(self, load: Callable[[], T], state: Callable[[], object] = lambda: None) -> None:
        """Nothing is loaded yet.

        Args:
            load: makes the service; an error of it reaches whoever asked, and the next one tries again.
            state: a cheap look at the files that the service is made of; equal as long as they are.
        """
        self._load = load
        self._state = state
        self._lock = threading.Lock()
        self._loaded: list[T] = []
        self._tried: object = _NEVER

    @property
    def loaded(self) -> bool:
        """Whether the service answers at once."""
        return bool(self._loaded)

    def get(self) -> T:
        """The service; blocks while it is loading for the first time, so call it from a worker thread."""
        with self._lock:
            if not self._loaded:
                self._tried = self._state()
                self._loaded = [self._load()]
            return self._loaded[0]

    def refresh(self) -> bool:
        """Load the service, or load it again when its files have changed; the old one serves meanwhile.

        Files that could not be loaded are not tried again before they change. Returns whether something was loaded.
        """
        state = self._state()
        if state == self._tried:
            return False
        if not self._loaded:
            self.get()
        else:
            self._tried = state
            self._loaded = [self._load()]
        return True


@dataclass(frozen=True)
class Services:
    """Shared, thread-safe services. The FAQ is there at once; models that take seconds to load are deferred."""

    faq: FaqService
    chitchat: FaqService
    recommender: Deferred[RecommendService]
    classifier: Deferred[ClassifyService]
    composer: Deferred[ComposeService]
    appraiser: Deferred[AppraiseService]

    def deferred(self) -> dict[str, Deferred[object]]:
        """The deferred services by name, for loading them ahead of the first question for them."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Deferred)}

    def loading(self) -> list[str]:
        """Names of the services that are still on their way, as in the first seconds after the start."""
        return [name for name, service in self.deferred().items() if not service.loaded]


def open_services(settings: Settings) -> Services:
    """Load the FAQ; takes seconds the first time, because it is encoded then.

    Raises:
        WenyuError: when the encoder is not built or the FAQ is not readable.
    """
    encoder: Encoder = load_encoder(settings.encoder, settings.var_dir / "encoder")
    index_dir = settings.var_dir / "index"

    imported = settings.var_dir / "recommender"

    def recommender() -> RecommendService:
        from actions.recommend_service import RecommendService

        return RecommendService.open(commercial_use=settings.commercial_use, imported=imported)

    def recommender_files() -> object:
        return files_state(sorted(imported.glob("[!.]*/weights/manifest.json")))

    own_music = settings.var_dir / "music" / "weights"

    def composer() -> ComposeService:
        # What draws and sounds takes seconds to import, so it is loaded ahead together with the weights.
        import actions.compose_conversation  # noqa: F401
        from actions.compose_service import ComposeService

        media = settings.var_dir / "media"
        return ComposeService.open(commercial_use=settings.commercial_use, media_dir=media, own=own_music)

    own_labels = settings.var_dir / "classifier"

    def classifier() -> ClassifyService:
        from actions.classify_service import ClassifyService

        return ClassifyService.open(commercial_use=settings.commercial_use, encoder=encoder, own=own_labels)

    def classifier_files() -> object:
        return files_state(
            [p for p in (own_labels / "labels.yml", own_labels / "own" / "manifest.json") if p.is_file()]
        )

    own_scores, gallery = settings.var_dir / "appraisal" / "weights", settings.var_dir / "gallery"

    def appraiser() -> AppraiseService:
        import actions.appraise_conversation  # noqa: F401 - loaded ahead, as above
        from actions.appraise_service import AppraiseService

        return AppraiseService.open(
            commercial_use=settings.commercial_use,
            backbone=settings.effective_vision_dir,
            own=own_scores,
            gallery=gallery,
            media_dir=settings.var_dir / "media",
        )

    def appraiser_files() -> object:
        return files_state([p for p in (own_scores / "manifest.json", gallery / "works.json") if p.is_file()])

    return Services(
        faq=FaqService.open(settings.faq_dir, index_dir / "faq", encoder),
        chitchat=FaqService.open(CHITCHAT_DIR, index_dir / "chitchat", encoder),
        recommender=Deferred(recommender, recommender_files),
        classifier=Deferred(classifier, classifier_files),
        composer=Deferred(composer, lambda: files_state(sorted(own_music.glob("manifest.json")))),
        appraiser=Deferred(appraiser, appraiser_files),
    )
