"""Log lines as they come, of many senders: read as a log file of each sender would be, and watched."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from mailrisk.collect.logs.by_line import ByLine
from mailrisk.collect.logs.entry import BadLine, LineFormat, LogFormat
from mailrisk.collect.logs.postfix_queue import SendLines
from mailrisk.collect.logs.read import NO_MAPPED
from mailrisk.model.errors import ConfigError
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.model.ip import parse_network
from mailrisk.service.event_intake import OLDEST

Mapped = Mapping[str, LogFormat | LineFormat]
"""Configured formats by name."""

MAX_SENDERS: Final = 1_000
"""Senders whose lines are read at a time; the one that was read first is begun anew."""

LINES_PER_S: Final = 20_000
"""Lines of one sender and second; what is more is dropped from UDP, and slows a stream down."""

RENEW: Final = timedelta(hours=1)
"""How long one reader is used: it takes the year of times without one from when it was made."""


def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name; '' is the machine's. ConfigError: there is none of that name."""
    if not name:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            "config.log.timezone", f"{name!r} is no IANA time zone such as Asia/Shanghai"
        ) from None


class _Sender:
    """The reader of one sender's lines, and how many came in this second."""

    def __init__(self, timezone: tzinfo, now: datetime, mapped: Mapped) -> None:
        self.made_at = self.second = now
        self.lines = 0
        self.sends = SendLines(timezone, None, now)
        self.read = ByLine(timezone, now, mapped=mapped).read


class LogIntake:
    """Takes lines of senders that may send, counts what becomes of them, and hands their events on."""

    def __init__(
        self,
        take: Callable[[LoginEvent], object],
        clock: Callable[[], datetime],
        timezone: tzinfo,
        senders: Sequence[str] = ("127.0.0.0/8", "::1"),
        mapped: Mapped = NO_MAPPED,
        *,
        take_send: Callable[[SendEvent], object] | None = None,
        bounces_only: bool = False,
    ) -> None:
        """``senders``: networks that may send; ``mapped``: formats that are configured. BadAddress: one is none.

        ``take_send`` gets what accounts send, as far as Postfix's lines tell it; with ``bounces_only`` no more than what
        became of it, because the mail server tells of each message itself.
        """
        self._take_send, self._bounces_only = take_send, bounces_only
        self._mapped = mapped
        self._take = take
        self._clock = clock
        self._timezone = timezone
        self._allowed = [ipaddress.ip_network(parse_network(text)) for text in senders]
        self._senders: dict[str, _Sender] = {}
        self.lines = self.events = self.bad = self.dropped = self.refused = 0

    def may_send(self, ip: str) -> bool:
        """Whether an address is on the list; one that is not is counted."""
        address = ipaddress.ip_address(ip)
        if any(address in network for network in self._allowed):
            return True
        self.refused += 1
        return False

    def line(self, ip: str, line: bytes) -> bool:
        """Takes one line. False: the sender has sent its share of this second, and nothing became of the line."""
        now = self._clock()
        sender = self._sender(ip, now)
        if now - sender.second >= timedelta(seconds=1) or now < sender.second:
            sender.second, sender.lines = now, 0
        if sender.lines >= LINES_PER_S:
            return False
        sender.lines += 1
        self.lines += 1
        if self._take_send is not None:
            for event in sender.sends.take(line):
                self._send(event, self._take_send, now)
        found = sender.read(line)
        if isinstance(found, BadLine):
            self.bad += 1
        elif isinstance(found, LoginEvent):
            if found.seen_at < now - OLDEST:
                self.bad += 1
            else:
                self.events += 1
                self._take(found)
        return True

    def _send(self, event: SendEvent, take: Callable[[SendEvent], object], now: datetime) -> None:
        if event.seen_at < now - OLDEST:
            return
        if not self._bounces_only:
            take(event)
        elif event.bounced:
            take(msgspec.structs.replace(event, recipients=0, to=()))

    def _sender(self, ip: str, now: datetime) -> _Sender:
        sender = self._senders.get(ip)
        if sender is None or now - sender.made_at > RENEW:
            if sender is None and len(self._senders) >= MAX_SENDERS:
                del self._senders[next(iter(self._senders))]
            sender = self._senders[ip] = _Sender(self._timezone, now, self._mapped)
        return sender
