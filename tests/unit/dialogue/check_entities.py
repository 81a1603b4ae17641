"""Entities: spans, lists as features, and bounds."""

# ruff: noqa: PT009, PT027 - pytest is not installed where these run

import tempfile
import unittest
from pathlib import Path

from bot.dialogue.nlu.entity_model import EntityModel
from bot.dialogue.nlu.lists import WordLists
from bot.dialogue.nlu.names import may_be_name

TEXTS = ["推荐科幻电影", "来点喜剧", "想看恐怖片", "写首悲伤的曲子", "来段欢快的"]
INTENTS = ["recommend"] * 3 + ["compose"] * 2
SPANS = [[(2, 4, "genre")], [(2, 4, "genre")], [(2, 4, "genre")], [(2, 4, "mood")], [(2, 4, "mood")]]


class Entities(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.model = EntityModel(WordLists({"genre": ["科幻", "喜剧", "恐怖", "武侠"]}), [("title", "《[^》]+》")])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "entities.crf"
            cls.model.fit(TEXTS, INTENTS, SPANS, path)
            cls.field = path.read_bytes()

    def test_a_listed_word_that_was_never_trained_is_found(self) -> None:
        self.assertEqual([e[:3] for e in self.model.entities("推荐武侠电影", "recommend")], [(2, 4, "genre")])

    def test_it_comes_back_from_its_description_the_same(self) -> None:
        again = EntityModel.described(self.model.description())
        again.open(self.field)
        for text, intent in zip(TEXTS, INTENTS, strict=True):
            self.assertEqual(again.entities(text, intent), self.model.entities(text, intent))

    def test_strange_texts(self) -> None:
        for text in ("", " ", "。", "长" * 4000, "👍🏽", "abc 123"):
            for start, end, _, sure in self.model.entities(text, "recommend"):
                self.assertTrue(0 <= start < end <= 200)
                self.assertTrue(0 <= sure <= 1)

    def test_an_untrained_model_says_so(self) -> None:
        with self.assertRaises(RuntimeError):
            EntityModel(WordLists({}), []).entities("x", "recommend")


class Names(unittest.TestCase):
    def test_known_names_and_surnames(self) -> None:
        for word in ("周星驰", "姜文", "王家卫"):
            self.assertTrue(may_be_name(word), word)
        for word in ("电影", "高兴", "推荐", "王", "x"):
            self.assertFalse(may_be_name(word), word)
