"""What an agent reads: the new lines of each log as login events that carry an id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Final

import msgspec

from mailrisk.collect.logs.by_line import ByLine
from mailrisk.collect.logs.entry import BadLine
from mailrisk.collect.logs.postfix_queue import SendLines
from mailrisk.collect.logs.read import AUTO, NO_MAPPED
from mailrisk.edge.log_tail import START, Lines, Place
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.service.log_intake import Mapped
from mailrisk.store.sweep_state import Day

Tail = Callable[[Place], Lines]
"""Reads one log from a place on. OSError: not now."""

MAX_EVENTS: Final = 50_000
"""Events of one reading; what the logs have more comes with the next one."""


class Intake(msgspec.Struct, frozen=True):
    """The events of all logs, what could not be read, and whether there is more already."""

    events: list[LoginEvent]
    sends: list[SendEvent]
    errors: list[str]
    more: bool


class LogReader:
    """All logs of an agent. ``places`` is the part of its state that says how far each was read."""

    def __init__(
        self,
        logs: Mapping[str, Tail],
        places: dict[str, msgspec.Raw],
        day: Callable[[], Day],
        timezone: tzinfo,
        *,
        format: str = AUTO,
        mapped: Mapped = NO_MAPPED,
        sends: bool = False,
    ) -> None:
        self._logs = logs
        self._places = places
        self._day = day
        self._timezone = timezone
        self._format = format
        self._mapped = mapped
        self._with_sends = sends
        self._queues: dict[str, SendLines] = {}
        self._reached: dict[str, Place] = {}

    def read(self, now: datetime) -> Intake:
        """What is new. Call ``keep`` once it is safe elsewhere, or ``forget`` to get it again."""
        events: list[LoginEvent] = []
        sends: list[SendEvent] = []
        errors: list[str] = []
        more = False
        for name, tail in self._logs.items():
            if len(events) >= MAX_EVENTS:
                more = True
                break
            begin = self._place(name)
            try:
                found = tail(begin)
            except OSError as error:
                errors.append(f"{name} cannot be read: {error.strerror or error}")
                continue
            self._reached[name] = found.place
            more |= found.more
            events += self._events(name, found.lines, begin, now)
            sends += self._sends(name, found.lines, now)
        return Intake(events, sends, errors, more)

    def keep(self) -> None:
        """The events are safe: the logs go on from here."""
        for name, place in self._reached.items():
            self._places[name] = msgspec.Raw(msgspec.json.encode(place))
        self._reached.clear()

    def forget(self) -> None:
        """They are not: the next ``read`` begins where this one did."""
        self._reached.clear()
        self._queues.clear()

    def _place(self, name: str) -> Place:
        raw = self._places.get(name)
        return START if raw is None else msgspec.json.decode(raw, type=Place)

    def _events(self, name: str, lines: Sequence[bytes], begin: Place, now: datetime) -> Iterator[LoginEvent]:
        """The events of new lines. An id is made of where the line was read: read again it is the same event."""
        log = ByLine(self._timezone, now, format=self._format, mapped=self._mapped)
        day = self._day()
        portion = blake2b(name.encode() + b"\0" + msgspec.json.encode(begin), digest_size=16).hexdigest()
        for number, line in enumerate(lines):
            day.lines += 1
            found = log.read(line)
            if isinstance(found, BadLine):
                day.bad_lines += 1
            elif isinstance(found, LoginEvent):
                yield msgspec.structs.replace(found, id=f"agent-{portion}-{number}")

    def _sends(self, name: str, lines: Sequence[bytes], now: datetime) -> Iterator[SendEvent]:
        """What accounts sent. A message whose lines a restart of the agent tears apart is not told."""
        if not self._with_sends:
            return
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = SendLines(self._timezone, None, now)
        for line in lines:
            for found in queue.take(line):
                said = f"{name}\0{found.queue_id}\0{found.seen_at}\0{found.to}\0{found.bounced}"
                digest = blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()
                yield msgspec.structs.replace(found, id=f"agent-{digest}")
