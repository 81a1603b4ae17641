"""The messaging platforms inside the gateway: from a verified call to a stored message, and around its turn."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection, insert, select, update

from actions.reply import Reply
from bot.gateway import text as texts
from bot.gateway.db.engine import Database
from bot.gateway.db.models import INBOX, OUTBOX, PLATFORM_MESSAGES
from bot.gateway.errors import RequestError
from bot.gateway.inbox import Draft, Message
from bot.gateway.limits import RateLimiter
from bot.gateway.metrics import Metrics
from bot.gateway.outbox import Entry
from bot.gateway.platforms import deliveries
from bot.gateway.platforms.adapter import Adapter, Arrival, FilePart, TextPart
from bot.gateway.platforms.api import PlatformApi, PlatformError, TokenStore
from bot.gateway.platforms.dispatcher import Dispatcher
from bot.gateway.platforms.registry import configured
from bot.gateway.platforms.render import chosen, chosen_number, numbered, options_of, parts_of, reference
from bot.gateway.sessions import DAY_S, open_conversation
from bot.gateway.speech.recognition import Recognition
from bot.gateway.upload_store import UploadStore
from bot.settings import Settings

log = structlog.get_logger(__name__)
FILE_NOT_FETCHED = "抱歉，刚才的文件没有取到，请再发一次。"
VOICE_NOT_FETCHED = "抱歉，刚才的语音没有取到，请再说一次，或者打字告诉我。"
MORE = "\n\n（还有下文，回复“继续”查看）"
CHOICE_GONE = "这个按钮已经失效了，请直接打字告诉我。"
DOWNLOAD_PAUSES_S = (0.0, 0.5, 1.5)
DOWNLOAD_TIMEOUT_S = 15.0
# Replies that the choice of a number may refer to.
LOOK_BACK = 5
# An answer that an acknowledgement can carry is not sent by the API before the acknowledgement had its chance.
PASSIVE_HEAD_START_S = 0.5


class Takes(Protocol):
    """What stores a message and queues its turn: :meth:`bot.gateway.worker.Worker.accept`."""

    async def __call__(self, draft: Draft, prepare: Any = None, complete: Any = None) -> Message:
        """Store."""


def system_reply(sentence: str) -> Reply:
    """A sentence of the gateway's own."""
    return Reply(text=sentence, capability="system")


def conversation_name(channel: str, chat: str) -> str:
    """The conversation of a chat; a hash, because the platforms' names are of any form."""
    return f"{channel}-" + hashlib.sha256(f"{channel}\0{chat}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def message_name(arrival: Arrival) -> str:
    """The message id of the inbox: at most 128 plain characters."""
    return hashlib.sha256(arrival.id.encode("utf-8", "surrogatepass")).hexdigest()


def _choices(connection: Connection, conversation: str) -> list[Any]:
    rows = connection.execute(
        select(OUTBOX.c.message, OUTBOX.c.reply)
        .where(OUTBOX.c.conversation == conversation)
        .order_by(OUTBOX.c.position.desc())
        .limit(LOOK_BACK)
    ).all()
    found = (options_of(row.reply) for row in rows if row.message == rows[0].message)
    return next((options for options in found if options), [])


def resolve(connection: Connection, conversation: str, arrival: Arrival) -> Arrival:
    """What a pressed button or an answered number stands for, as text."""
    if arrival.choice:
        named = reference(arrival.choice)
        entry = named and connection.scalar(
            select(OUTBOX.c.reply).where(OUTBOX.c.id == named[0], OUTBOX.c.conversation == conversation)
        )
        options = options_of(entry) if entry else []
        if named and 0 < named[1] <= len(options):
            option = options[named[1] - 1]
            return replace(arrival, text=option.payload, original=option.title)
        return replace(arrival, text="", original="", notice=CHOICE_GONE)
    answered = chosen(_choices(connection, conversation), arrival.text.strip())
    if answered is None:
        return arrival
    return replace(arrival, text=answered.payload, original=arrival.original or arrival.text)


class Platforms:
    """The adapters of the configured platforms.

    Raises:
        ChannelConfigError: a platform is not set up completely.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        metrics: Metrics,
        message_rate: RateLimiter,
        uploads: UploadStore,
        recognition: Recognition,
    ) -> None:
        self._settings = settings
        self._database = database
        self._metrics = metrics
        self._message_rate = message_rate
        self._uploads = uploads
        self._recognition = recognition
        tokens = TokenStore(database)
        self.adapters: dict[str, Adapter] = {
            adapter.name: adapter(settings, PlatformApi(tokens, adapter.per_second)) for adapter in configured(settings)
        }
        self._dispatcher = Dispatcher(database, settings, metrics, self.adapters)
        self._accept: Takes | None = None

    async def start(self, accept: Takes) -> None:
        """Begin to deliver, and to receive where the platform is connected to."""
        self._accept = accept
        if not self.adapters:
            return
        self._dispatcher.start()
        for adapter in self.adapters.values():
            await adapter.start(partial(self.take, adapter))

    async def close_connections(self) -> None:
        """Receive nothing more."""
        for adapter in self.adapters.values():
            await adapter.close()

    async def stop(self) -> None:
        """Finish the deliveries under way."""
        await self._dispatcher.stop()
        for adapter in self.adapters.values():
            await adapter.api.close()

    def _draft(self, adapter: Adapter, conversation: str, arrival: Arrival) -> tuple[Draft, str]:
        """The message to be stored and the sentence that answers it, if the dialogue does not."""
        original, notice = arrival.original or arrival.text, arrival.notice
        readable = ""
        try:
            self._message_rate.check(conversation)
            may_be_empty = bool(arrival.files or notice)
            readable = texts.readable(arrival.text, self._settings.max_text_chars, may_be_empty=may_be_empty)
        except RequestError as error:
            notice = notice or error.user_message
            original = texts.SURROGATE.sub("", original.replace("\0", ""))
        return Draft(conversation, adapter.name, message_name(arrival), readable, original), notice

    async def take(
        self, adapter: Adapter, arrival: Arrival, check: Callable[[Connection], None] | None = None
    ) -> Message:
        """Store what arrived, once; returns when it is safe.

        Args:
            check: runs first in the transaction that stores it.

        Raises:
            RequestError: 503 when too many messages wait or the gateway is about to stop.
        """
        if self._accept is None:
            raise RequestError(503, "restarting", "服务正在重启，请稍后再试。", retry_after_s=5)
        conversation = conversation_name(adapter.name, arrival.chat)
        if arrival.choice or (chosen_number(arrival.text) is not None and not arrival.files):
            arrival = await self._database.read(partial(resolve, conversation=conversation, arrival=arrival))
        draft, notice = self._draft(adapter, conversation, arrival)

        def prepare(connection: Connection, conversation: str, channel: str) -> None:
            if check is not None:
                check(connection)
            open_conversation(connection, conversation, channel)

        def complete(connection: Connection, message: Message) -> None:
            row = {"message": message.id, "address": arrival.address, "files": list(arrival.files), "notice": notice}
            connection.execute(insert(PLATFORM_MESSAGES), row)

        return await self._accept(draft, prepare, complete)

    async def before(self, message: Message) -> Message | list[Reply]:
        """Called before a turn: the message with its files, or the replies that make the turn needless."""
        adapter = self.adapters.get(message.channel)
        columns = PLATFORM_MESSAGES.c
        query = select(columns.files, columns.notice).where(columns.message == message.id)
        if adapter is None:
            return message
        row = await self._database.read(lambda c: c.execute(query).one_or_none())
        if row is None:
            return message
        if row.notice:
            return [system_reply(row.notice)]
        return await self._with_files(adapter, message, row.files) if row.files else message

    async def _with_files(
        self, adapter: Adapter, message: Message, files: list[dict[str, str]]
    ) -> Message | list[Reply]:
        voice = next((file for file in files if file["kind"] == "audio"), None)
        attachments: list[dict[str, str]] = []
        heard = readable = ""
        try:
            if voice:
                async with asyncio.timeout(DOWNLOAD_TIMEOUT_S):
                    recording = await self._download(adapter, voice)
                heard = (await self._recognition.recording(recording)).require()
                readable = texts.readable(heard, self._settings.max_text_chars)
            else:
                async with asyncio.timeout(DOWNLOAD_TIMEOUT_S):
                    attachments = [await self._fetch(adapter, message.conversation, file) for file in files]
        except RequestError as error:
            return [system_reply(error.user_message)]
        except (PlatformError, TimeoutError) as error:
            reason = error.reason if isinstance(error, PlatformError) else "timeout"
            log.error("file_not_fetched", channel=adapter.name, reason=reason)
            return [system_reply(VOICE_NOT_FETCHED if voice else FILE_NOT_FETCHED)]
        values: dict[str, Any] = {"text": readable, "original": heard} if voice else {"attachments": attachments}

        def keep(connection: Connection) -> None:
            of_message = PLATFORM_MESSAGES.c.message == message.id
            connection.execute(update(INBOX).where(INBOX.c.id == message.id).values(**values))
            connection.execute(update(PLATFORM_MESSAGES).where(of_message).values(files=[]))

        await self._database.write(keep)
        if voice:
            return replace(message, text=readable, original=heard, heard=heard)
        return replace(message, attachments=tuple(attachments))

    async def _fetch(self, adapter: Adapter, conversation: str, file: dict[str, str]) -> dict[str, str]:
        data = await self._download(adapter, file)
        return await self._uploads.store(conversation, data, since=time.time() - DAY_S)

    @staticmethod
    async def _download(adapter: Adapter, file: dict[str, str]) -> bytes:
        for attempt, pause_s in enumerate(DOWNLOAD_PAUSES_S, start=1):
            await asyncio.sleep(pause_s)
            try:
                return await adapter.download(file["ref"])
            except PlatformError as error:
                if error.permanent or attempt == len(DOWNLOAD_PAUSES_S):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def stored(self, connection: Connection, message: Message, entries: list[Entry]) -> None:
        """Called in the transaction that stores the replies."""
        adapter = self.adapters.get(message.channel)
        if adapter is not None:
            waited_for = time.time() - message.created_at < adapter.passive_wait_s
            due_at = time.time() + (PASSIVE_HEAD_START_S if waited_for else 0.0)
            deliveries.add(connection, message, entries, due_at)

    def wake(self) -> None:
        """Called when replies are stored."""
        self._dispatcher.wake()

    async def release(self, message: str) -> None:
        """Let the replies to ``message`` go out by the API: its acknowledgement does not carry them."""
        await self._database.write(lambda c: deliveries.release(c, message))
        self._dispatcher.wake()

    def _parts(self, entry: Entry, adapter: Adapter) -> list[TextPart | FilePart]:
        return parts_of(entry, adapter.outlook, self._settings.var_dir, self._settings.public_url.rstrip("/"))

    async def passive_text(self, adapter: Adapter, message: str, conversation: str) -> str:
        """The text that the acknowledgement of ``message`` shall carry to the person; empty when there is none.

        It is the next part that waits in the conversation. The rest of a long reply follows by the API or, where
        there is none, with later acknowledgements. Asked again, because the platform missed the acknowledgement, it
        says the same, also after a restart.
        """
        known = await self._database.read(lambda c: deliveries.carried_by(c, message))
        if known is not None:
            entry, number = known
            parts = self._parts(entry, adapter)
            return self._carried_text(adapter, parts, number)
        job = await self._database.read(lambda c: deliveries.next_waiting(c, conversation))
        if job is None or (adapter.active and job.message != message):
            return ""
        parts = self._parts(job.entry, adapter)
        part, number = parts[job.sent_parts], job.sent_parts + 1
        last = number == len(parts)
        carried = isinstance(part, TextPart) and not (adapter.active and part.options)
        if not carried or not await self._database.write(lambda c: deliveries.note_carried(c, job, last=last)):
            return ""
        if last:
            self._metrics.deliveries.labels(adapter.name, "sent").inc()
        return self._carried_text(adapter, parts, number)

    @staticmethod
    def _carried_text(adapter: Adapter, parts: list[TextPart | FilePart], number: int) -> str:
        part = parts[number - 1]
        text = numbered(part) if isinstance(part, TextPart) else ""
        return text if adapter.active or number == len(parts) else text + MORE
