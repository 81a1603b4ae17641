"""Hands the conversation to a person: a ticket with the transcript, and a way to reach the visitor.

The dialogue runs it as the form ``handoff_form`` with one slot, ``handoff_contact``: ``action_ask_handoff_contact``
opens the ticket and asks, ``validate_handoff_form`` reads the contact, ``action_handoff`` completes the ticket.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from actions.reply import Button, Reply
from actions.services import Services
from actions.skill import ANSWERED, Outcome, Turn

PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8})(?!\d)")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
DECLINED = re.compile(r"跳过|不留|不用|不想|不方便|不需要|算了|没有|就在这|随便")
SKIP = "skip"


def find_contact(text: str) -> str | None:
    """The first e-mail address or Chinese telephone number in ``text``, without spaces and hyphens; else None."""
    if match := EMAIL.search(text):
        return match.group()
    if match := PHONE.search(text):
        return re.sub(r"[- ]", "", match.group(1))
    return None


def read_contact(turn: Turn) -> str | None:
    """What the visitor answered to the question for a contact.

    Returns:
        the contact; :data:`SKIP` when the visitor declined; None when the message is about something else, so
        that the form is left and the message gets its own answer.
    """
    contact = find_contact(turn.text)
    if contact:
        return contact
    if turn.intent == "deny" or (len(turn.text) <= 12 and DECLINED.search(turn.text)):
        return SKIP
    return None


def new_ticket_id(turn: Turn) -> str:
    """``T``, the date and eight characters that depend on the message alone: a replay names the same ticket."""
    digest = hashlib.sha256(f"{turn.conversation}\0{turn.message_id}".encode()).hexdigest()[:8].upper()
    return f"T{datetime.now(UTC):%Y%m%d}{digest}"


async def ask(turn: Turn, services: Services) -> Outcome:
    """Open a ticket and ask for a contact. Slots: ``ticket_id``."""
    ticket = new_ticket_id(turn)
    text = (
        f"好的，已为您登记人工工单 {ticket}，客服会看到刚才的对话，并在这里回复您。"
        "\n方便的话留一个手机号或邮箱，联系起来更快；不想留就说“跳过”。"
    )
    buttons = (Button(title="跳过", payload="跳过"),)
    reply = Reply(text=text, capability="handoff", buttons=buttons, data={"ticket_id": ticket})
    return Outcome(reply, {"ticket_id": ticket, **ANSWERED})


async def run(turn: Turn, services: Services) -> Outcome:
    """Complete the ticket when the form is done. Slots: forgets ``ticket_id`` and ``handoff_contact``."""
    ticket = str(turn.slots.get("ticket_id") or new_ticket_id(turn))
    contact = turn.slots.get("handoff_contact")
    done: dict[str, object] = {"ticket_id": None, "handoff_contact": None, **ANSWERED}
    if contact and contact != SKIP:
        text = f"联系方式已记在工单 {ticket} 里，客服会尽快联系您。等待的时候，其它问题也可以继续问我。"
        reply = Reply(text=text, capability="handoff", data={"ticket_id": ticket, "contact": str(contact)})
    else:
        text = f"好的，不留联系方式也可以，工单 {ticket} 已经登记，请留意这里的回复。其它问题可以继续问我。"
        reply = Reply(text=text, capability="handoff", data={"ticket_id": ticket})
    return Outcome(reply, done)
