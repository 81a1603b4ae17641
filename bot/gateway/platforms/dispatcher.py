"""Sends what waits in the outbox for a messaging platform: in order, after a pause when it fails, until it is there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.gateway.db.engine import Database, Work
from bot.gateway.errors import origin
from bot.gateway.metrics import Metrics
from bot.gateway.platforms import deliveries
from bot.gateway.platforms.adapter import Adapter
from bot.gateway.platforms.api import PlatformError
from bot.gateway.platforms.deliveries import Job
from bot.gateway.platforms.render import parts_of
from bot.settings import Settings

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 1.0
CLEAN_EVERY_S = 3600.0
AT_ONCE = 16
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
# Together less than the lease of a delivery.
NOTE_PAUSES_S = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0)
# An answer that is this old helps nobody; the operator is told instead.
GIVE_UP_AFTER_S = 6 * 3600.0


def pause_before(attempt: int, retry_after_s: float = 0.0) -> float:
    """Seconds until attempt number ``attempt`` (from 1): doubling, or what the platform asks for."""
    return max(min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S), min(retry_after_s, 3600.0))


class Dispatcher:
    """One per process; several processes share the work by the leases of the deliveries."""

    def __init__(
        self, database: Database, settings: Settings, metrics: Metrics, adapters: Mapping[str, Adapter]
    ) -> None:
        self._database = database
        self._settings = settings
        self._metrics = metrics
        self._adapters = adapters
        self._channels = tuple(name for name, adapter in adapters.items() if adapter.active)
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to look for what is due."""
        self._loop = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    async def stop(self) -> None:
        """Finish the calls under way and begin no more."""
        self._stopping = True
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._busy:
            await asyncio.wait(tuple(self._busy.values()), timeout=5.0)

    async def _run(self) -> None:
        cleaned_at = 0.0
        while not self._stopping:
            self._wake.clear()
            try:
                if time.monotonic() > cleaned_at + CLEAN_EVERY_S:
                    cleaned_at = time.monotonic()
                    await self._database.write(deliveries.forget_old_calls)
                for job in await self._database.read(lambda c: deliveries.due(c, self._channels)):
                    if job.conversation not in self._busy:
                        task = asyncio.create_task(self._deliver(job))
                        self._busy[job.conversation] = task
            except SQLAlchemyError as error:
                log.error("deliveries_not_read", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()

    async def _deliver(self, job: Job) -> None:
        try:
            async with self._slots:
                if not self._stopping and await self._database.write(lambda c: deliveries.claim(c, job)):
                    await self._send(job)
        except SQLAlchemyError as error:
            log.error("delivery_not_stored", error=type(error).__name__)
        finally:
            del self._busy[job.conversation]
            self.wake()

    async def _send(self, job: Job) -> None:
        adapter = self._adapters[job.channel]
        public_url = self._settings.public_url.rstrip("/")
        parts = parts_of(job.entry, adapter.outlook, self._settings.var_dir, public_url)
        done = job.sent_parts
        try:
            for part in parts[done:]:
                if done and adapter.pause_s:
                    await asyncio.sleep(adapter.pause_s)
                await adapter.send(job.address, part)
                done += 1
                last = done == len(parts)
                await self._note(partial(deliveries.note_sent, reply=job.reply, parts=done, last=last))
        except PlatformError as error:
            await self._failed(job, error)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours is no reason to lose the reply
            log.error("delivery_fault", channel=job.channel, error=type(error).__name__, origin=origin(error))
            await self._failed(job, PlatformError(type(error).__name__))
        else:
            self._metrics.deliveries.labels(job.channel, "sent").inc()

    async def _note(self, work: Work[None]) -> None:
        """Store what the platform has, trying as long as the lease lasts: a part that is not noted is sent again."""
        for pause_s in NOTE_PAUSES_S:
            try:
                await self._database.write(work)
            except SQLAlchemyError:
                await asyncio.sleep(pause_s)
            else:
                return
        await self._database.write(work)

    async def _failed(self, job: Job, error: PlatformError) -> None:
        attempt = job.attempts + 1
        wait_s = pause_before(attempt, error.retry_after_s)
        if error.permanent or time.time() + wait_s - job.created_at > GIVE_UP_AFTER_S:
            await self._database.write(lambda c: deliveries.fail(c, job.reply, error.reason))
            self._metrics.deliveries.labels(job.channel, "failed").inc()
            log.error("delivery_failed", channel=job.channel, reason=error.reason, attempts=attempt, reply=job.reply)
            return
        await self._database.write(lambda c: deliveries.postpone(c, job.reply, time.time() + wait_s, error.reason))
        self._metrics.deliveries.labels(job.channel, "retry").inc()
        log.warning("delivery_postponed", channel=job.channel, reason=error.reason, wait_s=wait_s)
