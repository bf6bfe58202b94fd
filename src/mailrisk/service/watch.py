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
import os
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Subject
from mailrisk.service.accounts import account_subject
from mailrisk.service.context import Context
from mailrisk.service.record import record
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


class _Batch(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What one frame of the log holds."""

    logins: tuple[LoginEvent, ...] = ()
    sends: tuple[SendEvent, ...] = ()


class _Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    form: int
    position: Position
    ids: bytes
    logins: msgspec.Raw
    sending: msgspec.Raw
    takeover: msgspec.Raw


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events of a request."""

    accepted: int
    repeated: int


FORM: Final = 3
"""The form of a checkpoint; one of another form is not read, and the log is read from its beginning."""

_encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(_Batch)
_checkpoint = msgspec.msgpack.Decoder(_Checkpoint)


class Watch:
    """The live analysis of one core process."""

    def __init__(self, context: Context, folder: Path, trusted_frontends: Collection[str] = ()) -> None:
        """Reads the last checkpoint and the events behind it. Unavailable: the folder cannot be used.

        ``trusted_frontends``: canonical addresses that log in and send for others.
        """
        self._context = context
        self._log = EventLog(folder)
        self._state_path = folder / "checkpoint"
        self.analysis = LoginAnalysis()
        key = context.correspondents.key
        secret = key.make() if key is not None else b""
        frontends = frozenset(trusted_frontends)

        def subject_of(name: str) -> Subject:
            return account_subject(secret, name)

        def country(ip: str) -> str:
            place = context.locate(ip)
            return place.country if place is not None else ""

        self.sending = SendAnalysis(
            subject_of, own_domains=context.knowledge.own_domains, trusted_frontends=frontends
        )
        self.takeover = TakeoverAnalysis(
            subject_of, self.analysis.attacking, country, trusted_frontends=frontends
        )
        self._ids: dict[bytes, None] = {}
        self._pending: list[Evidence] = []
        self.dropped = 0
        self._checkpoint_at = context.clock()
        self._restore()

    def take_login(self, event: LoginEvent) -> bool:
        """Accepts one event; False if it was accepted before."""
        if not self._is_new(event.id):
            return False
        self._log.append(_encode(_Batch(logins=(event,))))
        self._observe_login(event)
        return True

    def take_send(self, event: SendEvent) -> bool:
        """Accepts one event; False if it was accepted before."""
        if not self._is_new(event.id):
            return False
        self._log.append(_encode(_Batch(sends=(event,))))
        self._keep(self.sending.observe(event))
        return True

    def _observe_login(self, event: LoginEvent) -> None:
        self.sending.login(event)
        self._keep(
            self.takeover.observe(event)
        )  # Before the failures of an account that logs in are forgiven.
        self._keep(self.analysis.observe(event))

    async def take(self, logins: Sequence[LoginEvent] = (), sends: Sequence[SendEvent] = ()) -> Taken:
        """Accepts the events of one request; when it returns they are on the disk. OSError: the disk is full."""
        new_logins = tuple(event for event in logins if self._is_new(event.id))
        new_sends = tuple(event for event in sends if self._is_new(event.id))
        if new_logins or new_sends:
            self._log.append(_encode(_Batch(new_logins, new_sends)))
        for start in range(0, len(new_logins), SLICE):
            for login in new_logins[start : start + SLICE]:
                self._observe_login(login)
            await asyncio.sleep(0)
        for start in range(0, len(new_sends), SLICE):
            for send in new_sends[start : start + SLICE]:
                self._keep(self.sending.observe(send))
            await asyncio.sleep(0)
        await asyncio.to_thread(self._log.sync)
        accepted = len(new_logins) + len(new_sends)
        return Taken(accepted=accepted, repeated=len(logins) + len(sends) - accepted)

    async def run(self) -> None:
        """Writes events, evidence and checkpoints, for ever; a failure is logged and tried again."""
        while True:
            try:
                await asyncio.to_thread(self._log.sync)
                await self.settle()
                if self._context.clock() - self._checkpoint_at >= CHECKPOINT_EVERY:
                    await self.checkpoint()
            except Exception:
                logger.exception("events or their evidence could not be written; it is tried again")
            await asyncio.sleep(SYNC_EVERY_S)

    async def settle(self) -> None:
        """Records the evidence that waits."""
        while self._pending:
            part = self._pending[:RECORDED_AT_ONCE]
            await asyncio.to_thread(record, self._context, part)
            del self._pending[: len(part)]

    async def checkpoint(self) -> None:
        """Writes the state, after its evidence, and forgets the events that it holds."""
        await self.settle()
        self._checkpoint_at = self._context.clock()
        states = [msgspec.Raw(one.state()) for one in (self.analysis, self.sending, self.takeover)]
        ids = b"".join(self._ids)
        # Nothing is awaited between reading the state and closing the group: both end at the same event.
        position = self._log.sync()
        raw = _encode(_Checkpoint(FORM, position, ids, *states))
        await asyncio.to_thread(_replace, self._state_path, raw)
        await asyncio.to_thread(self._log.forget, position)

    def close(self) -> None:
        """Puts what waits on the disk; the next process goes on from there."""
        self._log.close()

    def _is_new(self, event_id: str) -> bool:
        if not event_id:
            return True
        name = blake2b(event_id.encode(), digest_size=8).digest()
        if name in self._ids:
            return False
        if len(self._ids) >= IDS_REMEMBERED:
            del self._ids[next(iter(self._ids))]
        self._ids[name] = None
        return True

    def _keep(self, evidence: Iterable[Evidence]) -> None:
        for item in evidence:
            if len(self._pending) < MAX_PENDING:
                self._pending.append(item)
            else:
                self.dropped += 1

    def _restore(self) -> None:
        began: datetime = self._context.clock()
        position, events = self._restore_checkpoint(), 0
        for payload in self._log.replay(position):
            batch = _batch.decode(payload)
            for login in batch.logins:
                self._is_new(login.id)
                self._observe_login(login)
            for send in batch.sends:
                self._is_new(send.id)
                self._keep(self.sending.observe(send))
            events += len(batch.logins) + len(batch.sends)
        if events:
            logger.info("%d events were read again in %s", events, self._context.clock() - began)

    def _restore_checkpoint(self) -> Position:
        try:
            known = _checkpoint.decode(self._state_path.read_bytes())
            if known.form != FORM:
                raise msgspec.ValidationError(f"form {known.form}")
            self.analysis.restore(bytes(known.logins))
            self.sending.restore(bytes(known.sending))
            self.takeover.restore(bytes(known.takeover))
        except FileNotFoundError:
            return Position()
        except msgspec.MsgspecError as error:
            logger.error(
                "the checkpoint of the event log cannot be read (%s); all events are read again", error
            )
            return Position()
        self._ids = dict.fromkeys(known.ids[at : at + 8] for at in range(0, len(known.ids), 8))
        return known.position


def _replace(path: Path, raw: bytes) -> None:
    """Writes a file whole or not at all."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
