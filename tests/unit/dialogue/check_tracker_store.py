"""The bounded tracker."""

# ruff: noqa: PT009, PT027 - pytest is not installed where these run

import asyncio
import tempfile
import threading
import unittest
from pathlib import Path

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.env import PROJECT_DIR
from bot.dialogue.messages import said_after
from bot.dialogue.tracker_store import TURNS_BEFORE_TRIMMING, TURNS_KEPT, BoundedTrackerStore, StoredMeanwhile, trimmed


def domain() -> Domain:
    return Domain.load(str(PROJECT_DIR / "bot" / "dialogue" / "domain"))


def turn(n: int) -> "list[Event]":
    return [
        UserUttered(f"问题{n}", {"name": "faq"}, message_id=f"m{n}"),
        ActionExecuted("action_faq"),
        BotUttered(data={"custom": {"text": f"回答{n}"}}),
        ActionExecuted("action_listen"),
    ]


class Trimming(unittest.TestCase):
    def setUp(self) -> None:
        self.domain = domain()

    def events(self, turns: int) -> "list[Event]":
        found: list[Event] = [ActionExecuted("action_listen")]
        for n in range(turns):
            found += turn(n)
        return found

    def test_a_short_conversation_stays_whole(self) -> None:
        events = self.events(TURNS_BEFORE_TRIMMING)
        self.assertIs(trimmed(events, self.domain, "c"), events)

    def test_a_long_one_is_bounded(self) -> None:
        kept = trimmed(self.events(500), self.domain, "c")
        users = [e.message_id for e in kept if isinstance(e, UserUttered)]
        self.assertEqual(users, [f"m{n}" for n in range(500 - TURNS_KEPT, 500)])

    def test_slots_and_the_form_survive(self) -> None:
        events = self.events(2)
        events += [SlotSet("last_faq_entry", "a.b"), SlotSet("offer", "handoff"), SlotSet("misses", 2)]
        events += [SlotSet("ticket_id", "T1"), ActiveLoop("handoff_form"), SlotSet("requested_slot", "handoff_contact")]
        for n in range(TURNS_BEFORE_TRIMMING + 1):
            events += turn(100 + n)
        kept = trimmed(events, self.domain, "c")
        self.assertLess(len(kept), len(events))
        before = DialogueStateTracker.from_events("c", events, slots=self.domain.slots)
        after = DialogueStateTracker.from_events("c", kept, slots=self.domain.slots)
        self.assertEqual(after.current_slot_values(), before.current_slot_values())
        self.assertEqual(after.active_loop_name, "handoff_form")
        self.assertEqual(after.latest_action_name, "action_listen")
        self.assertEqual(after.latest_message.text, before.latest_message.text)

    def test_trimming_again_and_again_keeps_the_state(self) -> None:
        events: list[Event] = [ActionExecuted("action_listen"), SlotSet("last_faq_entry", "a.b")]
        for n in range(100):
            events = trimmed([*events, *turn(n)], self.domain, "c")
        tracker = DialogueStateTracker.from_events("c", events, slots=self.domain.slots)
        self.assertEqual(tracker.get_slot("last_faq_entry"), "a.b")
        self.assertLess(len(events), 60)


class Storing(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = BoundedTrackerStore(domain(), f"sqlite:///{Path(folder.name) / 'wenyu.db'}")
        self.addCleanup(self.store.close)

    def test_there_and_back(self) -> None:
        tracker = DialogueStateTracker.from_events("c", turn(1), slots=self.store.domain.slots)
        tracker.update(SlotSet("misses", 1))

        async def round_trip() -> "tuple[object, DialogueStateTracker]":
            nothing = await self.store.retrieve("other")
            await self.store.save(tracker)
            await self.store.save(tracker)
            found = await self.store.retrieve("c")
            assert found
            return nothing, found

        nothing, found = asyncio.run(round_trip())
        self.assertIsNone(nothing)
        self.assertEqual(found.get_slot("misses"), 1)
        self.assertEqual(said_after(list(found.events), 0), [{"custom": {"text": "回答1"}}])

    def test_of_two_turns_on_the_same_state_one_is_stored(self) -> None:
        async def two_processes(known: bool) -> "list[str]":
            name = "known" if known else "new"
            if known:
                await self.store.save(DialogueStateTracker.from_events(name, turn(1), slots=self.store.domain.slots))
            read = [await self.store.retrieve(name) for _ in range(2)]
            trackers = [one or DialogueStateTracker(name, self.store.domain.slots) for one in read]
            for number, tracker in enumerate(trackers, 2):
                for event in turn(number):
                    tracker.update(event)
            await self.store.save(trackers[0])
            with self.assertRaises(StoredMeanwhile):
                await self.store.save(trackers[1])
            found = await self.store.retrieve(name)
            assert found
            return [e.message_id for e in found.events if isinstance(e, UserUttered)]

        self.assertEqual(asyncio.run(two_processes(known=False)), ["m2"])
        self.assertEqual(asyncio.run(two_processes(known=True)), ["m1", "m2"])

    def test_a_locked_database_does_not_hold_up_the_event_loop(self) -> None:
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with self.store._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                held.set()
                release.wait(5)
                connection.exec_driver_sql("ROLLBACK")

        thread = threading.Thread(target=hold)
        thread.start()
        self.addCleanup(thread.join)
        held.wait(5)

        async def save_and_tick() -> int:
            tracker = DialogueStateTracker.from_events("c", turn(1), slots=self.store.domain.slots)
            saving = asyncio.create_task(self.store.save(tracker))
            ticks = 0
            while not saving.done():
                await asyncio.sleep(0.01)
                ticks += 1
                if ticks == 20:
                    release.set()
            await saving
            return ticks

        self.assertGreaterEqual(asyncio.run(save_and_tick()), 20)
