"""Watching logins and sending as they happen: events in, evidence into the ledger, at once and after a crash.

An accepted event goes to the analysis in memory and to the event log, whose group reaches the disk within
SYNC_EVERY_S: an end of power loses that much and no more. The state of the analysis is written as a
checkpoint from time to time; a new process reads it and then the events behind it. The evidence that
these give once more is known to the ledger by its reference and is not recorded twice.

Everything but the writing happens in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.settings import DEFAULT
from mailrisk.analyse.login.sources import Sources
from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.accounts import account_subject
from mailrisk.service.context import Context
from mailrisk.service.located import country_of, operator_of
from mailrisk.service.login_shares import write_shares
from mailrisk.service.record import record
from mailrisk.service.reporters import MOST_ADDRESSES, Reporters
from mailrisk.service.sent_contacts import SentContacts
from mailrisk.service.touched import Touched
from mailrisk.service.watch_state import FORM, Batch, Head, encode, read_batch, read_head
from mailrisk.store.checkpoint import Parts, finish, forget_unfinished, fork_writer, read_parts, write_parts
from mailrisk.store.event_log import EventLog, Position

logger = logging.getLogger(__name__)

SYNC_EVERY_S: Final = 0.25
CHECKPOINT_EVERY: Final = timedelta(minutes=5)

MAX_PENDING: Final = 200_000
"""Pieces of evidence that wait for the ledger; while it is away no more are kept, and events go on."""

RECORDED_AT_ONCE: Final = 5_000
IDS_REMEMBERED: Final = 1_000_000

SLICE: Final = 200
"""Events analysed before other requests get their turn: a few milliseconds."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events of a request."""

    accepted: int
    repeated: int


class Watch:
    """The live analysis of one core process."""

    def __init__(
        self,
        context: Context,
        folder: Path,
        trusted_frontends: Collection[str] = (),
        addresses_per_key: int = MOST_ADDRESSES,
    ) -> None:
        """Reads the last checkpoint and the events behind it. Unavailable: the folder cannot be used.

        ``trusted_frontends``: canonical addresses that log in and send for others. ``addresses_per_key``: addresses
        that one API key may blame in a day.
        """
        self._context = context
        self._log = EventLog(folder)
        self._state_path = folder / "checkpoint"
        self._frontends = frozenset(trusted_frontends)
        self.reporters = Reporters(addresses_per_key, context.clock, lambda: context.policy)
        self._begin()
        self._contacts = SentContacts(context)
        self._unwritten: list[LoginEvent] = []
        self._pending: list[Evidence] = []
        self.touched = Touched()
        self.dropped = 0
        self._checkpoint_at = context.clock()
        forget_unfinished(self._state_path)
        self._restore()

    def _begin(self) -> None:
        """Makes the analyses, which know nothing yet."""
        context, key = self._context, self._context.correspondents.key
        secret = key.make() if key is not None else b""
        seed = blake2b(secret, digest_size=16, person=b"addresses").digest()
        self.analysis = LoginAnalysis(
            sources=Sources(len(DEFAULT.windows), seed=seed),
            trusted_frontends=self._frontends,
            operator_of=operator_of(context),
        )

        def subject_of(name: str) -> Subject:
            return account_subject(secret, name)

        self.sending = SendAnalysis(
            subject_of, own_domains=context.knowledge.own_domains, trusted_frontends=self._frontends
        )
        self.takeover = TakeoverAnalysis(
            subject_of, self.analysis.attacking, country_of(context), trusted_frontends=self._frontends
        )
        self._ids: OrderedDict[bytes, None] = OrderedDict()

    def take_login(self, event: LoginEvent) -> bool:
        """Accepts one event; False if it was accepted before."""
        if not self._is_new(event):
            return False
        self._unwritten.append(event)
        if len(self._unwritten) >= SLICE:
            self._write()
        self._observe_login(event)
        return True

    def take_send(self, event: SendEvent) -> bool:
        """Accepts one event; False if it was accepted before."""
        if not self._is_new(event):
            return False
        self._write()
        self._log.append(encode(Batch(sends=(event,))))
        self._keep(self.sending.observe(event), event.account)
        self._contacts.take(event, suspected=self.sending.is_suspected(event.account))
        return True

    def take_letter(self, account: str, at: datetime, names: Sequence[str]) -> None:
        """What the text of the message names that the account has just handed in (``analyse/sending/letter.py``)."""
        self._keep(self.sending.letter(account, at, names), account)

    def _write(self) -> None:
        """Hands the log what came since the last time, in one piece: an event by itself costs ten times as much."""
        if self._unwritten:
            self._log.append(encode(Batch(logins=tuple(self._unwritten))))
            self._unwritten.clear()

    def _observe_login(self, event: LoginEvent) -> None:
        self.sending.login(event)
        # Before the analysis of addresses, which forgives the failures of an account that logs in.
        self._keep(self.takeover.observe(event), event.account)
        self._keep(self.analysis.observe(event))

    def _observed(self, batch: Batch) -> Iterator[None]:
        """Observes the events of a batch, a slice before each step."""
        for start in range(0, len(batch.logins), SLICE):
            for login in batch.logins[start : start + SLICE]:
                self._observe_login(login)
            yield
        for start in range(0, len(batch.sends), SLICE):
            for send in batch.sends[start : start + SLICE]:
                self._keep(self.sending.observe(send), send.account)
            yield

    async def take(self, logins: Sequence[LoginEvent] = (), sends: Sequence[SendEvent] = ()) -> Taken:
        """Accepts the events of one request; when it returns they are on the disk. OSError: the disk is full."""
        new = Batch(tuple(filter(self._is_new, logins)), tuple(filter(self._is_new, sends)))
        accepted = len(new.logins) + len(new.sends)
        self._write()
        if accepted:
            self._log.append(encode(new))
        for _ in self._observed(new):
            await asyncio.sleep(0)
        for send in new.sends:
            self._contacts.take(send, suspected=self.sending.is_suspected(send.account))
        await self._sync()
        return Taken(accepted=accepted, repeated=len(logins) + len(sends) - accepted)

    async def run(self) -> None:
        """Writes events, evidence and checkpoints, for ever; a failure is logged and tried again."""
        while True:
            try:
                await self._sync()
                await self.settle()
                if self._context.clock() - self._checkpoint_at >= CHECKPOINT_EVERY:
                    await self.checkpoint()
            except Exception:
                logger.exception("events or their evidence could not be written; it is tried again")
            await asyncio.sleep(SYNC_EVERY_S)

    async def _sync(self) -> None:
        """Puts everything accepted so far on the disk. OSError: it is full."""
        self._write()
        await asyncio.to_thread(self._log.sync)

    async def settle(self) -> None:
        """Records the evidence that waits, and to whom was written."""
        if contacts := self._contacts.taken_out():
            await asyncio.to_thread(self._contacts.store, contacts)
        while self._pending:
            part = self._pending[:RECORDED_AT_ONCE]
            await asyncio.to_thread(record, self._context, part)
            del self._pending[: len(part)]
        self.touched.recorded()

    async def checkpoint(self) -> None:
        """Writes the state, after its evidence, and forgets the events that it holds."""
        await self.settle()
        self._checkpoint_at = self._context.clock()
        write_shares(self._state_path.parent, self.analysis.busiest, self._checkpoint_at)
        await self._sync()  # Nearly all of what the loop would have to wait for below.
        # Nothing is awaited between here and the child: the log and the state end at the same event.
        self._write()
        position = self._log.sync()
        try:
            child, new = fork_writer(self._state_path, lambda: self._parts(position))
        except OSError as error:
            logger.warning("no process for the checkpoint (%s); requests wait for it", error)
            new = self._state_path.with_name("checkpoint.0.new")
            write_parts(new, self._parts(position))
            new.replace(self._state_path)
        else:
            if not await asyncio.to_thread(finish, child, new, self._state_path):
                raise Unavailable("the checkpoint could not be written")
        await asyncio.to_thread(self._log.forget, position)

    def _parts(self, position: Position) -> Parts:
        sending, takeover = msgspec.Raw(self.sending.state()), msgspec.Raw(self.takeover.state())
        reporters = self.reporters.state()
        yield encode(Head(FORM, position, b"".join(self._ids), sending, takeover, reporters))
        yield from self.analysis.parts()

    def close(self) -> None:
        """Puts what waits on the disk; the next process goes on from there."""
        self._write()
        self._log.close()

    def _is_new(self, event: LoginEvent | SendEvent) -> bool:
        """Whether its sender has not named an event so before; nobody can use up the names of others."""
        if not event.id:
            return True
        name = blake2b(f"{event.reporter} {event.id}".encode(), digest_size=8).digest()
        if name in self._ids:
            return False
        if len(self._ids) >= IDS_REMEMBERED:
            self._ids.popitem(last=False)
        self._ids[name] = None
        return True

    def _keep(self, evidence: Iterable[Evidence], account: str = "") -> None:
        for item in evidence:
            if not self.reporters.admits(item):
                continue
            if item.subject.kind is Kind.ACCOUNT:
                self.touched.note(account)
            if len(self._pending) < MAX_PENDING:
                self._pending.append(item)
            else:
                self.dropped += 1

    def _restore(self) -> None:
        began: datetime = self._context.clock()
        position, events = self._restore_checkpoint(), 0
        for payload in self._log.replay(position):
            batch = read_batch(payload)
            told: tuple[LoginEvent | SendEvent, ...] = (*batch.logins, *batch.sends)
            for event in told:
                self._is_new(event)
            for _ in self._observed(batch):
                pass
            events += len(told)
        if events:
            logger.info("%d events were read again in %s", events, self._context.clock() - began)

    def _restore_checkpoint(self) -> Position:
        parts = read_parts(self._state_path)
        try:
            known = read_head(next(parts, b""))
            self.sending.restore(bytes(known.sending))
            self.takeover.restore(bytes(known.takeover))
            self.analysis.restore_parts(parts)
        except FileNotFoundError:
            return Position()
        except (BadInput, msgspec.MsgspecError) as error:
            logger.error(
                "the checkpoint of the event log cannot be read (%s); all events are read again", error
            )
            self._begin()
            return Position()
        self.reporters.restore(known.reporters)
        self._ids = OrderedDict.fromkeys(known.ids[at : at + 8] for at in range(0, len(known.ids), 8))
        return known.position
