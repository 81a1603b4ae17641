"""From probabilities to an intent."""

# ruff: noqa: PT009 - pytest is not installed where these run

import unittest

import numpy as np

from bot.dialogue.nlu.intent_classifier import UNSURE, decide

INTENTS = ["faq", "out_of_scope", "greet", "thanks", "recommend"]
ROUTES = [["faq", "out_of_scope"], ["greet", "thanks"]]


def decided(*probabilities: float) -> "tuple[str, float]":
    return decide(INTENTS, np.array(probabilities), ROUTES, 0.45)


class Deciding(unittest.TestCase):
    def test_intents_of_a_route_count_together(self) -> None:
        name, sure = decided(0.1, 0.1, 0.3, 0.25, 0.25)
        self.assertEqual((name, round(sure, 6)), ("greet", 0.55))

    def test_a_skill_needs_certainty(self) -> None:
        self.assertEqual(decided(0.2, 0.1, 0.15, 0.11, 0.44)[0], UNSURE)
        self.assertEqual(decided(0.1, 0.1, 0.1, 0.1, 0.6)[0], "recommend")

    def test_small_talk_needs_certainty(self) -> None:
        self.assertEqual(decided(0.2, 0.0, 0.21, 0.21, 0.38)[0], UNSURE)

    def test_the_first_route_needs_none(self) -> None:
        self.assertEqual(decided(0.21, 0.2, 0.19, 0.2, 0.2)[0], "faq")
