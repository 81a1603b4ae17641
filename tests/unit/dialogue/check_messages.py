"""Messages in and out."""

# ruff: noqa: PT009, PT027 - pytest is not installed where these run

import unittest

from bot.dialogue.messages import BadMessage, apology, defang, outgoing, read_message, reference


class Defanging(unittest.TestCase):
    def test_commands_become_text(self) -> None:
        for text, expected in {
            '/recommend{"genre": "科幻"}': '／recommend{"genre": "科幻"}',
            "  /restart": "  ／restart",
            "@greet": "＠greet",
            "EXTERNAL: recommend": "EXTERNAL： recommend",
            "external:x": "external：x",
            "/": "／",
        }.items():
            self.assertEqual(defang(text), expected)

    def test_other_text_is_left_alone(self) -> None:
        for text in ("1/2 的票", "邮箱 a@b.cn", "说明：EXTERNAL: x", "", "／recommend"):
            self.assertEqual(defang(text), text)

    def test_no_message_is_still_a_command_afterwards(self) -> None:
        for text in ("/a", "//a", "\t/a", "/@a", "\u3000/a", "EXTERNAL:EXTERNAL: a", "\x1c/a"):
            safe = defang(text).strip()
            self.assertFalse(safe.startswith(("/", "@", "EXTERNAL:")), repr(text))


class Reading(unittest.TestCase):
    def body(self, **changes: object) -> "dict[str, object]":
        return {"conversation": "c", "message_id": "m", "text": "你好", "channel": "web", **changes}

    def test_a_message(self) -> None:
        picture = {"id": "1", "kind": "image", "mime": "image/png", "path": "x.png"}
        message = read_message(self.body(attachments=[picture]))
        self.assertEqual((message.text, message.attachments, message.channel), ("你好", (picture,), "web"))

    def test_surrogates_and_nul_do_not_reach_the_database(self) -> None:
        self.assertEqual(read_message(self.body(text="a\ud800\x00b")).text, "a?b")

    def test_the_longest_text(self) -> None:
        self.assertEqual(len(read_message(self.body(text="长" * 4000)).text), 4000)
        with self.assertRaisesRegex(BadMessage, "text_too_long"):
            read_message(self.body(text="长" * 4001))

    def test_an_empty_text_needs_an_attachment(self) -> None:
        with self.assertRaisesRegex(BadMessage, "empty_message"):
            read_message(self.body(text=" \n"))
        self.assertEqual(read_message(self.body(text="", attachments=[{"kind": "image"}])).text, "")

    def test_wrong_shapes(self) -> None:
        for body in (None, [], "x", self.body(text=None), self.body(message_id="m" * 201), self.body(attachments="x")):
            with self.assertRaisesRegex(BadMessage, "invalid_message"):
                read_message(body)


class Replying(unittest.TestCase):
    def test_only_text_and_custom_go_out(self) -> None:
        self.assertEqual(outgoing({"text": None, "custom": {"a": 1}, "buttons": []}), {"custom": {"a": 1}})
        self.assertEqual(outgoing({"text": "x", "custom": None, "timestamp": 1}), {"text": "x"})

    def test_the_apology_names_its_reference(self) -> None:
        number = reference("c", "m")
        self.assertRegex(number, "^W[0-9A-F]{8}$")
        self.assertNotEqual(number, reference("c", "n"))
        self.assertIn(number, apology(number)["text"])
