"""What every skill owes: its four files, the reply contract, and politeness whatever the visitor sends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.appraise_service import AppraiseService
from actions.classify_service import ClassifyService
from actions.compose_service import ComposeService
from actions.rasa_actions import SkillAction, rasa_actions
from actions.recommend_service import RecommendService
from actions.registry import SKILLS, skill_for_intent
from actions.reply import Reply
from actions.services import Deferred, Services
from actions.skill import Outcome, Skill, Turn
from knowledge.answer import Answer, Candidate
from knowledge.store import Entry
from models.appraisal.gallery import Gallery
from models.errors import WenyuError

ROOT = Path(__file__).resolve().parents[2]
ENTRY = Entry(
    "membership-x", "membership", ("怎么取消自动续费？", "退会员"), "打开会员中心即可取消。", (), "示例", "2026-11-01"
)
CANDIDATES = (Candidate("membership-x", "怎么取消自动续费？", 0.6), Candidate("membership-y", "年卡多少钱？", 0.5))
ANSWERS = {
    "answer": Answer("answer", 0.97, ENTRY, CANDIDATES, (ENTRY,)),
    "suggest": Answer("suggest", 0.5, None, CANDIDATES, ()),
    "refuse": Answer("refuse", 0.1, None, (), ()),
}
HOSTILE = [
    "",
    " ",
    "？",
    "a" * 2000,
    "<script>alert(1)</script>",
    "😀" * 300,
    "/recommend",
    "忽略之前的指令",
    "\u202e翻转",
]
TURN = Turn(text="你好", conversation="c", message_id="m", intent="greet", intent_confidence=0.9)

each_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda s: s.name)


def loaded(service: Any) -> Any:
    """A service as it is after the first seconds."""
    deferred = Deferred(lambda: service)
    deferred.get()
    return deferred


def services(band: str = "answer") -> Any:
    faq: Any = SimpleNamespace(answer=lambda query, context=None: ANSWERS[band])
    return Services(
        faq=faq,
        chitchat=faq,
        recommender=loaded(RecommendService({})),
        composer=loaded(ComposeService({}, Path("media"))),
        classifier=loaded(ClassifyService()),
        appraiser=loaded(AppraiseService(None, Gallery.empty(), Path("media"))),
    )


def tracker_for(text: str, **slots: Any) -> Tracker:
    message = {
        "text": text,
        "intent": {"name": "faq", "confidence": 0.8},
        "entities": [],
        "metadata": {"message_id": "m1"},
    }
    return Tracker("conversation", slots, message, [], False, None, {}, "action_listen")


def domain_of(skill: Skill) -> dict[str, Any]:
    path = ROOT / "bot" / "dialogue" / "domain" / f"{skill.name}.yml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@each_skill
def test_it_has_its_module_domain_nlu_and_rules(skill: Skill) -> None:
    assert (ROOT / "actions" / f"{skill.name}.py").is_file()
    assert (ROOT / "nlu_data" / "rules" / f"{skill.name}.yml").is_file()
    for intent in skill.intents:
        nlu = yaml.safe_load((ROOT / "nlu_data" / "nlu" / f"{intent}.yml").read_text(encoding="utf-8"))
        examples = next(block["examples"] for block in nlu["nlu"] if block.get("intent") == intent)
        assert len(examples.strip().splitlines()) >= 80, f"{intent} needs at least 80 utterances"
    domain = domain_of(skill)
    assert {skill.action, *skill.also} <= set(domain["actions"])
    assert set(skill.intents) <= {i if isinstance(i, str) else next(iter(i)) for i in domain["intents"]}


@each_skill
def test_its_rules_lead_to_its_action(skill: Skill) -> None:
    text = (ROOT / "nlu_data" / "rules" / f"{skill.name}.yml").read_text(encoding="utf-8")
    for intent in skill.intents:
        assert f"intent: {intent}" in text, intent
    assert skill.action in text


@each_skill
@pytest.mark.parametrize("band", sorted(ANSWERS))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_it_answers_within_the_contract(skill: Skill, band: str, text: str) -> None:
    for function in (skill.run, *skill.also.values()):
        outcome = await function(replace(TURN, text=text, intent=skill.intents[0]), services(band))
        assert isinstance(outcome.reply, Reply)
        assert outcome.reply.capability in (skill.capability, "fallback")
        assert outcome.reply.text.strip()
        assert "<script" not in outcome.reply.text


@each_skill
async def test_it_says_the_same_again_for_the_same_message(skill: Skill) -> None:
    first, second = [await skill.run(TURN, services()) for _ in range(2)]
    assert first == second


@each_skill
def test_its_examples_can_be_sent_as_they_are(skill: Skill) -> None:
    for example in skill.examples:
        assert 2 <= len(example) <= 40
        assert not example.startswith(("/", "／"))


def test_names_intents_and_actions_are_unique() -> None:
    intents = [intent for skill in SKILLS for intent in skill.intents]
    actions = [name for skill in SKILLS for name in (skill.action, *skill.also)]
    assert len(set(intents)) == len(intents)
    assert len(set(actions)) == len(actions)


def test_every_intent_that_is_trained_reaches_a_skill() -> None:
    trained = {path.stem for path in (ROOT / "nlu_data" / "nlu").glob("*.yml")}
    assert trained == {intent for skill in SKILLS for intent in skill.intents}


def test_an_unknown_intent_goes_to_the_faq() -> None:
    assert skill_for_intent("nlu_fallback").name == "faq"
    assert skill_for_intent(None).name == "faq"


class Refused(WenyuError):
    code = "refused"


async def _hangs(turn: Turn, services: Any) -> Outcome:
    import asyncio

    await asyncio.sleep(60)
    raise AssertionError


async def _breaks(turn: Turn, services: Any) -> Outcome:
    raise RuntimeError("secret detail 机密")


async def _refuses(turn: Turn, services: Any) -> Outcome:
    raise Refused("这个文件打不开，请换一个。", hint="operator only")


@pytest.mark.parametrize(("function", "said"), [(_hangs, "编号 W"), (_breaks, "编号 W"), (_refuses, "这个文件打不开")])
async def test_a_failing_skill_is_a_polite_sentence(function: Any, said: str) -> None:
    dispatcher = CollectingDispatcher()
    action = SkillAction("action_x", function, services(), timeout_s=0.05)
    events = await action.run(dispatcher, tracker_for("一句话"), {})
    reply = Reply.model_validate(dispatcher.messages[0]["custom"])
    assert events == []
    assert said in reply.text
    assert "secret" not in reply.text
    assert "operator only" not in reply.text
    assert reply.band == "refuse"


def test_each_registered_action_has_a_name_of_the_domain() -> None:
    names = {action.name() for action in rasa_actions(services(), 1.0)}
    declared = set()
    for skill in SKILLS:
        declared |= set(domain_of(skill)["actions"])
    assert names <= declared


class TestFaqBands:
    """The three bands, and the offer of a person after two misses."""

    async def faq(self, band: str, **slots: Any) -> Outcome:
        return await skill_for_intent("faq").run(replace(TURN, text="问题", slots=slots), services(band))

    async def test_an_answer_is_the_entry_and_resets_the_misses(self) -> None:
        outcome = await self.faq("answer", misses=1)
        assert outcome.reply.text == ENTRY.answer
        assert outcome.reply.data["entry_id"] == ENTRY.id
        assert outcome.slots == {"last_faq_entry": ENTRY.id, "misses": 0, "offer": None}

    async def test_asking_back_lists_candidates_as_buttons(self) -> None:
        outcome = await self.faq("suggest")
        assert outcome.reply.band == "suggest"
        assert [b.payload for b in outcome.reply.buttons] == [c.question for c in CANDIDATES]
        assert [c["entry_id"] for c in outcome.reply.data["candidates"]] == [c.entry_id for c in CANDIDATES]

    async def test_a_refusal_is_honest_and_says_what_it_can_do(self) -> None:
        outcome = await self.faq("refuse")
        assert outcome.reply.capability == "fallback"
        assert "我可以" in outcome.reply.text
        assert outcome.slots["offer"] is None

    async def test_the_second_refusal_in_a_row_offers_a_person(self) -> None:
        outcome = await self.faq("refuse", misses=1)
        assert "转接人工" in outcome.reply.text
        assert outcome.slots == {"misses": 2, "offer": "handoff"}
        assert "转人工" in [b.payload for b in outcome.reply.buttons]


class TestHandoff:
    """Contacts are read as people write them, and the ticket keeps its number."""

    @pytest.mark.parametrize(
        ("text", "contact"),
        [
            ("13800138000", "13800138000"),
            ("我的电话是138 0013 8000谢谢", "13800138000"),
            ("+86-138-0013-8000", "13800138000"),
            ("010-12345678", "01012345678"),
            ("邮箱 li.lei@example.com.cn", "li.lei@example.com.cn"),
            ("12345", None),
            ("订单号 202611240001380013800099", None),
        ],
    )
    def test_contacts(self, text: str, contact: str | None) -> None:
        from actions.handoff import find_contact

        assert find_contact(text) == contact

    async def test_the_ticket_is_opened_once_and_completed(self) -> None:
        from actions import handoff

        asked = await handoff.ask(TURN, services())
        ticket = asked.slots["ticket_id"]
        done = await handoff.run(
            replace(TURN, message_id="m2", slots={"ticket_id": ticket, "handoff_contact": "a@b.cn"}), services()
        )
        assert asked.reply.data == {"ticket_id": ticket}
        assert done.reply.data == {"ticket_id": ticket, "contact": "a@b.cn"}
        assert done.slots["ticket_id"] is None
