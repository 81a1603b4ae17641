"""Marks what a skill needs to know: genre, mood, instrument, key and the like."""

from typing import Any, Dict, List, Set

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.dialogue.nlu.entity_model import EntityModel
from bot.dialogue.nlu.lists import WordLists, lists_of

FIELD, LISTS, INTENTS = "entities.crf", "lists.json", "intents.txt"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class EntityExtractor(GraphComponent, EntityExtractorMixin):
    """Runs the entity model on messages whose intent has entities in the training data."""

    def __init__(self, storage: ModelStorage, resource: Resource) -> None:
        self._storage, self._resource = storage, resource
        self._model = EntityModel(WordLists({}), [])
        self._intents: Set[str] = set()

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "EntityExtractor":
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> "EntityExtractor":
        component = cls(model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._model = EntityModel.described((folder / LISTS).read_text(encoding="utf-8"))
            component._model.open((folder / FIELD).read_bytes())
            component._intents = set((folder / INTENTS).read_text(encoding="utf-8").split())
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the examples of every intent that has an entity somewhere."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        self._intents = {e.get(INTENT) for e in examples if e.get(ENTITIES)}
        used = [e for e in examples if e.get(INTENT) in self._intents]
        patterns = [(p["name"], p["pattern"]) for p in training_data.regex_features]
        self._model = EntityModel(lists_of(training_data.lookup_tables), patterns)
        spans = [[(s["start"], s["end"], s["entity"]) for s in e.get(ENTITIES) or ()] for e in used]
        with self._storage.write_to(self._resource) as folder:
            self._model.fit([e.get(TEXT) for e in used], [e.get(INTENT) for e in used], spans, folder / FIELD)
            (folder / LISTS).write_text(self._model.description(), encoding="utf-8")
            (folder / INTENTS).write_text("\n".join(sorted(self._intents)), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Set ``entities``."""
        for message in messages:
            text, intent = message.get(TEXT) or "", (message.get(INTENT) or {}).get("name")
            if not text or intent not in self._intents:
                continue
            found = [
                {
                    "entity": name,
                    "start": start,
                    "end": end,
                    "value": text[start:end],
                    "confidence_entity": round(sure, 4),
                    "extractor": self.name,
                }
                for start, end, name, sure in self._model.entities(text, intent)
            ]
            message.set(ENTITIES, found, add_to_output=True)
        return messages
