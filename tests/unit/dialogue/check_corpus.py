"""Training examples from content."""

# ruff: noqa: PT009, PT027 - pytest is not installed where these run

import random
import tempfile
import unittest
from pathlib import Path

import yaml

from bot.dialogue.corpus import as_typed, chosen, generate, questions_of
from bot.dialogue.env import BadSetting, read_env, sync_url

CATEGORY = {
    "category": "a",
    "title": "甲",
    "entries": [{"id": f"a.{n}", "questions": [f"问{n}", f"怎么问{n}", f"为何问{n}", f"[问]{n}"]} for n in range(50)],
}


class Corpus(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("faq", "nlu", "out"):
            (self.root / name).mkdir()
        (self.root / "faq" / "a.yml").write_text(yaml.safe_dump(CATEGORY, allow_unicode=True), encoding="utf-8")

    def test_a_file_that_cannot_be_read_is_named_and_left_out(self) -> None:
        (self.root / "faq" / "b.yml").write_text("entries: [", encoding="utf-8")
        entries, unread = questions_of(self.root / "faq")
        self.assertEqual((len(entries), unread), (50, ["b.yml"]))

    def test_every_canonical_question_is_there_until_the_limit(self) -> None:
        entries, _ = questions_of(self.root / "faq")
        texts = chosen(entries, 1000, random.Random(1))
        self.assertTrue({f"问{n}" for n in range(50)} <= set(texts))
        self.assertEqual(len(chosen(entries, 30, random.Random(1))), 30)

    def test_generated_examples_are_the_same_every_time_and_follow_an_edit(self) -> None:
        def run() -> "dict[str, str]":
            sources = {"faq": self.root / "faq", "chitchat": self.root / "no"}
            generate(self.root / "nlu", sources, self.root / "development.yml", self.root / "out")
            return {p.name: p.read_text(encoding="utf-8") for p in (self.root / "out").iterdir()}

        first = run()
        self.assertEqual(set(first), {"faq_questions.yml", "nonsense.yml"})
        self.assertEqual(run(), first)
        self.assertNotIn("[", first["faq_questions.yml"])
        (self.root / "faq" / "a.yml").unlink()
        self.assertEqual(set(run()), {"nonsense.yml"})

    def test_the_development_set_teaches_both_sides(self) -> None:
        content = {"paraphrases": {"a": ["扣了我钱", "咋退"], "b": ["咋退"]}, "unanswerable": ["今晚演什么"]}
        file = self.root / "development.yml"
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        self.assertEqual(as_typed(file), {"faq": ["咋退", "扣了我钱"], "out_of_scope": ["今晚演什么"]})
        generate(self.root / "nlu", {}, file, self.root / "out")
        names = {p.name for p in (self.root / "out").iterdir()}
        self.assertEqual(names, {"faq_typed.yml", "out_of_scope_typed.yml", "nonsense.yml"})


class Environment(unittest.TestCase):
    def test_database_urls(self) -> None:
        self.assertEqual(sync_url("postgresql+asyncpg://u@h/d"), "postgresql+psycopg2://u@h/d")
        self.assertEqual(sync_url("sqlite+aiosqlite:////tmp/x.db"), "sqlite:////tmp/x.db")

    def test_a_number_that_is_none(self) -> None:
        with self.assertRaisesRegex(BadSetting, "WENYU_DIALOGUE_PORT"):
            read_env({"WENYU_DIALOGUE_PORT": "五千"})
