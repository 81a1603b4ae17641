"""Decides what a message wants, and admits when it does not know."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.dialogue.env import read_env
from bot.dialogue.nlu.intent_model import IntentModel
from bot.dialogue.nlu.lists import WordLists, lists_of
from bot.dialogue.nlu.static_vectors import StaticVectors

UNSURE = "nlu_fallback"
PICTURE_INTENT = "appraise"
TUNE_INTENT = "compose"
RANKED = 3


def decide(
    intents: Sequence[str], probabilities: np.ndarray, routes: Sequence[Sequence[str]], threshold: float
) -> Tuple[str, float]:
    """The intent and how sure it is.

    Args:
        routes: intents that lead to the same action; their probabilities count together. An intent without a route is
            one of its own. The first route needs no certainty: it leads to the FAQ, which can say that it does not
            know.
        threshold: a route other than the first has to be as likely as this; otherwise the answer is :data:`UNSURE`.
    """
    route_of = {name: number for number, names in enumerate(routes) for name in names}
    sums: Dict[Any, float] = {}
    for name, p in zip(intents, probabilities, strict=True):
        key = route_of.get(name, name)
        sums[key] = sums.get(key, 0.0) + float(p)
    best = max(sums, key=lambda key: sums[key])
    if best != 0 and sums[best] < threshold:
        return UNSURE, 1.0 - sums[best]
    members = [n for n, name in enumerate(intents) if route_of.get(name, name) == best]
    return intents[max(members, key=lambda n: probabilities[n])], sums[best]


def intent_of_file(attachment: Dict[str, str]) -> Optional[str]:
    """What a file without a word, or with an unclear one, is sent for: a picture to be appraised, a tune, written or
    hummed, to go on."""
    if attachment.get("kind") == "image":
        return PICTURE_INTENT
    return TUNE_INTENT if attachment.get("kind") == "audio" else None


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, RasaIntentClassifier):
    """Logistic regression on lexical features and static sentence vectors.

    A message that is only a picture, or a picture with words that no skill is sure of, is for appraisal.
    """

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"threshold": 0.5, "routes": []}

    def __init__(self, config: Dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, storage, resource
        self._vectors = StaticVectors(read_env().var_dir / "encoder" / "static")
        self._model = IntentModel(self._vectors, WordLists({}))

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "IntentClassifier":
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> "IntentClassifier":
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._model.load(folder)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on every example that has a text and an intent."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT) and e.get(INTENT)]
        self._model = IntentModel(self._vectors, lists_of(training_data.lookup_tables))
        self._model.fit([e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Set ``intent`` and ``intent_ranking``."""
        for message in messages:
            text = message.get(TEXT) or ""
            attachments = (message.get(METADATA) or {}).get("attachments", ())
            by_file = next((i for i in map(intent_of_file, attachments) if i), None)
            intents, probabilities = self._model.intents, self._model.probabilities(text)
            name, confidence = decide(intents, probabilities, self._config["routes"], self._config["threshold"])
            if by_file and (not text or name == UNSURE):
                name, confidence = by_file, 1.0
            order = np.argsort(-probabilities)[:RANKED]
            ranking = [{"name": intents[i], "confidence": float(probabilities[i])} for i in order]
            message.set("intent", {"name": name, "confidence": confidence}, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages
