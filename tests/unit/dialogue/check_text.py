"""Text before features: normalisation, the part that asks, tokens."""

# ruff: noqa: PT009 - pytest is not installed where these run

import unittest

from bot.dialogue.nlu.text import ELLIPSIS, HEAD_CHARS, TAIL_CHARS, normalise, request_part, simplify, tokens


class Normalising(unittest.TestCase):
    def test_width_case_space_and_script(self) -> None:
        self.assertEqual(normalise("　ＶＩＰ　 會員\n怎麼買？"), "vip 会员 怎么买?")

    def test_simplified_text_is_left_alone(self) -> None:
        self.assertEqual(simplify("怎么取消自动续费"), "怎么取消自动续费")

    def test_the_length_never_changes(self) -> None:
        text = "請推薦臺灣的電影，頭髮發現"
        self.assertEqual(len(simplify(text)), len(text))


class TheRequest(unittest.TestCase):
    def test_a_short_text_stays_whole(self) -> None:
        text = "字" * (HEAD_CHARS + TAIL_CHARS)
        self.assertEqual(request_part(text), text)

    def test_pasted_text_after_a_colon_is_cut(self) -> None:
        part = request_part("帮我分类:" + "雨" * 500)
        self.assertEqual(part, "帮我分类:" + ELLIPSIS + "雨" * TAIL_CHARS)

    def test_a_request_at_the_end_is_kept(self) -> None:
        part = request_part("雨" * 500 + "这是什么类型")
        self.assertTrue(part.endswith("这是什么类型"))
        self.assertEqual(len(part), HEAD_CHARS + 1 + TAIL_CHARS)

    def test_a_late_colon_is_not_a_heading(self) -> None:
        self.assertTrue(request_part("雨" * 40 + ":" + "风" * 40).startswith("雨" * HEAD_CHARS + ELLIPSIS))


class Tokens(unittest.TestCase):
    def test_characters_words_and_numbers(self) -> None:
        found = tokens("来段lo-fi，85.5bpm 的")
        self.assertEqual([t for t, _ in found], ["来", "段", "lo", "-", "fi", "，", "85.5", "bpm", "的"])
        for token, start in found:
            self.assertEqual("来段lo-fi，85.5bpm 的"[start : start + len(token)], token)

    def test_nothing_in_nothing(self) -> None:
        self.assertEqual(tokens(" \n"), [])
