"""Lexical features and static vectors."""

# ruff: noqa: PT009, PT027 - pytest is not installed where these run

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

from bot.dialogue.nlu.features import lexical_features, syllable
from bot.dialogue.nlu.intent_model import IntentModel
from bot.dialogue.nlu.lists import WordLists
from bot.dialogue.nlu.static_vectors import MissingVectors, StaticVectors

NO_LISTS = WordLists({})


class Features(unittest.TestCase):
    def test_homophones_share_sounds(self) -> None:
        self.assertEqual(lexical_features("会员", NO_LISTS)["sound"], lexical_features("慧园", NO_LISTS)["sound"])
        self.assertNotEqual(lexical_features("会员", NO_LISTS)["char"], lexical_features("慧园", NO_LISTS)["char"])

    def test_sounds_that_are_confused_are_one(self) -> None:
        self.assertEqual(syllable("张"), syllable("赞"))
        self.assertEqual(syllable("是"), syllable("四"))
        self.assertEqual(syllable("vip"), "vip")

    def test_an_empty_text_has_features(self) -> None:
        found = lexical_features("", NO_LISTS)
        self.assertTrue(found["char"] and found["shape"])

    def test_words_of_one_list_share_kinds(self) -> None:
        lists = WordLists({"instrument": ["古筝", "小提琴", "提琴", "鼓"]})
        self.assertEqual(lists.generalised("用小提琴来"), ["用", "<instrument>", "来"])
        self.assertEqual(lexical_features("用小提琴来", lists)["kind"], lexical_features("用古筝来", lists)["kind"])
        self.assertEqual(lists.generalised("鼓励"), ["鼓", "励"])


def table(folder: Path, tokens: "list[str]", vectors: np.ndarray) -> Path:
    (folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")
    np.save(folder / "vectors.npy", vectors.astype(np.float32))
    return folder


class Vectors(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def enterContext(self, manager):  # Python 3.11 has it
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def test_a_word_counts_once_and_an_unknown_word_by_its_characters(self) -> None:
        vectors = StaticVectors(table(self.folder, ["电影", "音", "乐"], np.eye(3)))
        np.testing.assert_allclose(vectors.vector("电影"), [1, 0, 0], atol=1e-6)
        np.testing.assert_allclose(vectors.vector("音乐"), [0, 2**-0.5, 2**-0.5], atol=1e-6)

    def test_unknown_text_is_zero(self) -> None:
        self.assertFalse(StaticVectors(table(self.folder, ["电影"], np.eye(1))).vector("qq").any())

    def test_a_missing_table_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(MissingVectors, "make run"):
            StaticVectors(self.folder / "nothing")

    def test_a_table_that_does_not_fit_is_refused(self) -> None:
        with self.assertRaisesRegex(MissingVectors, "不完整"):
            StaticVectors(table(self.folder, ["电影", "音乐"], np.eye(3)))


class Model(unittest.TestCase):
    def test_it_learns_and_comes_back_from_disk_the_same(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            vectors = StaticVectors(table(folder, ["电影", "曲子"], np.eye(2)))
            model = IntentModel(vectors, NO_LISTS, minimum_count=1)
            texts = ["推荐电影", "看什么电影", "写首曲子", "作曲子"]
            model.fit(texts, ["recommend", "recommend", "compose", "compose"])
            model.save(folder)
            again = IntentModel(vectors, NO_LISTS)
            again.load(folder)
            for text in (*texts, "", "x" * 5000, "推荐一首曲子"):
                expected = model.probabilities(text)
                self.assertAlmostEqual(float(expected.sum()), 1.0, places=5)
                np.testing.assert_allclose(again.probabilities(text), expected, atol=1e-5)
            self.assertEqual(model.intents[int(model.probabilities("推荐个电影").argmax())], "recommend")
            self.assertEqual({p.name for p in folder.iterdir() if p.suffix in (".pkl", ".joblib")}, set())


if __name__ == "__main__":
    unittest.main()
