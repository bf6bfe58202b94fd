"""The failed-login sweep (scenario M14): logs in, the server asked, the firewall set.

One sweep: read what the logs have got, tell the server, ask it about the addresses that failed lately and
about those that are blocked, and do what its response policy says. Each step may be done twice: events carry
an id, the firewall is set to what shall be, and how far a log was read is kept last. Where the server does
not answer nobody is blocked anew, and blocks still end in time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from mailrisk.decide.sweep import Network, expired, is_local, plan
from mailrisk.edge.api_client import IpAnswer
from mailrisk.edge.firewall.seam import Firewall
from mailrisk.model.block import Block, Deed, Judged, Step
from mailrisk.model.errors import BadInput, EgressRefused, Unavailable
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.ip import parse_ip, parse_network, reserved_range
from mailrisk.service.sweep_intake import LogReader
from mailrisk.service.sweep_report import note_deed, note_error, note_event
from mailrisk.store.sweep_state import MAX_FAILED, SweepState

logger = logging.getLogger(__name__)

ASKED_FOR: Final = timedelta(hours=1)
"""How long after a failure an address is asked about: what makes it dangerous may be seen later."""


MAX_SAID: Final = 300
"""Characters of a reason that are kept."""

SETTLE_S: Final = 1.0
"""How long the server gets to make evidence of new events before it is asked, seconds."""


class Server(Protocol):
    """The mailrisk that judges; errors are Unavailable."""

    async def tell(self, events: Sequence[LoginEvent], sends: Sequence[SendEvent] = ()) -> int:
        """Hands events over; returns how many were refused."""

    async def ask(self, ips: Sequence[str]) -> list[IpAnswer]:
        """What it says about each address."""


class Swept(msgspec.Struct, frozen=True):
    """What one sweep did, for whoever looks on. ``errors``: what did not work and will be tried again."""

    events: int
    asked: int
    steps: tuple[Step, ...]
    errors: tuple[str, ...]
    more: bool = False  # the logs have lines that were not read yet


class Sweep:
    """The sweeps of one agent. ``save`` keeps the state; a dry run neither saves nor touches the firewall."""

    def __init__(
        self,
        server: Server,
        firewall: Firewall,
        reader: LogReader,
        state: SweepState,
        *,
        allowed: Callable[[], Sequence[Network]],
        clock: Callable[[], datetime],
        save: Callable[[SweepState], None],
        block_feeds: bool = False,
        chinese: bool = False,
        dry_run: bool = False,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._server = server
        self._firewall = firewall
        self._reader = reader
        self.state = state
        self._allowed = allowed
        self._clock = clock
        self._save = save
        self._block_feeds = block_feeds
        self._chinese = chinese
        self._dry_run = dry_run
        self._settle_s = settle_s

    def restore(self) -> None:
        """Makes the firewall what the state says: after a restart of the machine its sets are empty.

        Unavailable: the firewall does not work.
        """
        if self._dry_run:
            return
        self._firewall.prepare()
        now, there = self._clock(), self._firewall.blocked()
        missing = [
            block
            for block in self.state.blocks.values()
            if block.until > now and (there is None or block.ip not in there)
        ]
        if missing:
            self._firewall.block([(block.ip, _seconds(block, now)) for block in missing])

    async def once(self) -> Swept:
        """One sweep. Never raises for what a log, the server or the firewall does: it is told and tried again."""
        errors: list[str] = []
        now = self._clock()
        read = self._reader.read(now)
        errors += read.errors
        for event in read.events:
            note_event(self.state.day, event, now)
        self._remember_failing(read.events, now)
        asked: list[str] = []
        steps = expired(self.state.blocks, now)
        try:
            if read.events or read.sends:
                await self._server.tell(read.events, read.sends)
                await asyncio.sleep(self._settle_s)
            self._reader.keep()
            asked = [*dict.fromkeys((*self.state.failed, *self.state.blocks))]
            ended = {step.ip for step in steps}
            asked = [ip for ip in asked if ip not in ended]
            answers = await self._server.ask(asked) if asked else []
            judged = _judged(answers, frozenset(asked), chinese=self._chinese)
            allowed = self._allowed()
            steps += plan(judged, self.state.blocks, allowed, now, block_feeds=self._block_feeds)
        except (Unavailable, EgressRefused, BadInput) as error:
            self._reader.forget()
            errors.append(f"the server: {error}")
        # In a thread: programs take their time, and a webhook needs an event loop of its own.
        steps, failed = await asyncio.to_thread(self._apply, steps, now)
        errors += failed
        for text in errors:
            logger.warning("%s", text)
            note_error(self.state.day, text)
        if not self._dry_run:
            self._save(self.state)
        return Swept(len(read.events), len(asked), tuple(steps), tuple(errors), read.more)

    def _remember_failing(self, events: Iterable[LoginEvent], now: datetime) -> None:
        failed = self.state.failed
        for event in events:
            if event.ip and event.outcome is not Outcome.SUCCESS and not reserved_range(event.ip):
                failed.pop(event.ip, None)
                failed[event.ip] = now
        for ip in [ip for ip, at in failed.items() if now - at > ASKED_FOR]:
            del failed[ip]
        while len(failed) > MAX_FAILED:
            del failed[next(iter(failed))]

    def _apply(self, steps: Sequence[Step], now: datetime) -> tuple[list[Step], list[str]]:
        """The steps that were done, and what went wrong. What was not done comes again with the next sweep."""
        done = [step for step in steps if step.deed in (Deed.OBSERVE, Deed.SPARE)]
        errors = []
        for deed, change in ((Deed.UNBLOCK, self._unblock), (Deed.BLOCK, self._block)):
            some = [step for step in steps if step.deed is deed]
            try:
                if some:
                    change(some, now)
                    done += some
            except (Unavailable, EgressRefused, BadInput) as error:
                errors.append(f"the firewall, to {deed} {len(some)}: {error}")
        for step in done:
            if note_deed(self.state.day, step, now):
                logger.info("%s %s: %s", step.deed, step.ip, step.why)
        return done, errors

    def _block(self, steps: Sequence[Step], now: datetime) -> None:
        blocks = [step.block for step in steps if step.block is not None]
        if not self._dry_run:
            self._firewall.block([(block.ip, _seconds(block, now)) for block in blocks])
            self.state.blocks.update({block.ip: block for block in blocks})

    def _unblock(self, steps: Sequence[Step], now: datetime) -> None:
        if not self._dry_run:
            self._firewall.unblock([step.ip for step in steps])
        for step in steps:
            self.state.blocks.pop(step.ip, None)


def _seconds(block: Block, now: datetime) -> int:
    return max(1, int((block.until - now).total_seconds()))


def _judged(answers: Iterable[IpAnswer], asked: frozenset[str], *, chinese: bool) -> list[Judged]:
    """Answers as the plan wants them. One that says nothing changes nothing; nor does one about an address that was
    not asked about: whoever answers in the server's name may not choose whom we block."""
    found = {}
    for answer in answers:
        try:
            ip = "" if answer.error else parse_ip(answer.input)
        except BadInput:
            continue
        if ip in asked:
            found[ip] = _one_judged(ip, answer, chinese=chinese)
    return list(found.values())


def _one_judged(ip: str, answer: IpAnswer, *, chinese: bool) -> Judged:
    return Judged(
        ip=ip,
        level=_line(answer.level),
        score=answer.score,
        response=answer.suggested_response,
        for_s=answer.suggested_for_s,
        known_for_s=answer.known_for_s,
        local=is_local((reason.source, reason.weight) for reason in answer.reasons),
        why=_line(answer.reasons[0].said(chinese=chinese)) if answer.reasons else "",
    )


def _line(text: str) -> str:
    """What the server says, as it may stand in a log and a report: one line."""
    return "".join(char if char.isprintable() else " " for char in text[:MAX_SAID])


def networks(texts: Iterable[str]) -> list[Network]:
    """Addresses and networks as networks. BadAddress: one is none."""
    return [ipaddress.ip_network(parse_network(text)) for text in texts]
