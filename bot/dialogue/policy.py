"""Policies around Rasa's own: no turn ends without an answer, and none goes on after it."""

from typing import Any, Dict, List, Optional

from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

CONFIDENCE = 0.2
"""Below any rule (1.0) and any story that memoization knows."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class LastResortPolicy(Policy):
    """Where no rule and no story applies: after a user message run ``action``, after any other action listen.

    Rasa's own fallback predicts its action again and again unless that action reverts the user's message.
    """

    @staticmethod
    def supported_data() -> SupportedData:
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"priority": 1, "action": "action_faq"}

    def train(self, training_trackers: List[Any], domain: Domain, **kwargs: Any) -> Resource:
        """Nothing is learned; the resource is written so that the trained archive can be loaded."""
        with self._model_storage.write_to(self._resource):
            return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """The fixed action for the state."""
        after_user = tracker.latest_action_name in (None, ACTION_LISTEN_NAME)
        probabilities = self._default_predictions(domain)
        name = self.config["action"] if after_user else ACTION_LISTEN_NAME
        probabilities[domain.index_for_action(name)] = CONFIDENCE
        return self._prediction(probabilities)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> "LastResortPolicy":
        return cls(config, model_storage, resource, execution_context)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class FirstActionMemoizationPolicy(MemoizationPolicy):
    """Memoization for the first action of a turn only.

    What forms and rules do is hidden from memoization, so after a form was left it takes the answer that was just
    given for an older one and would answer the older question again.
    """

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Memoization's prediction after a user message, none after an action."""
        if tracker.latest_action_name not in (None, ACTION_LISTEN_NAME):
            return self._prediction(self._default_predictions(domain))
        return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
