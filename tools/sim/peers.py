"""What fail2ban and CrowdSec do with the same events by default: re-implementations of their rules, not the programs.

fail2ban (jail.conf of 1.1): the jails ``dovecot`` and ``postfix-sasl`` count for themselves; ``maxretry`` 5 failures
within ``findtime`` 10 minutes ban an address for ``bantime`` 10 minutes, from all mail ports.

CrowdSec (hub: collections ``crowdsecurity/dovecot`` and ``crowdsecurity/postfix``, profile of the package): leaky
buckets for each address, ``dovecot-spam`` (capacity 3, one leaks in 360 s, blackhole 5 minutes) and ``postfix-spam``
(capacity 5, one leaks in 10 s, blackhole 1 minute); the failure that overflows one bans the address for 4 hours. Its
shared block list is left out: it says nothing about addresses of a simulation.

Each failed attempt counts once, as with one log line for each. Both are told which addresses are trusted front ends.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import msgspec

from mailrisk.model.events import LoginEvent, Outcome

_FAILED: Final = (Outcome.FAILURE, Outcome.UNKNOWN_USER)


class _Banning:
    """Addresses that are banned until a time."""

    def __init__(self, ban: timedelta, ignored: Collection[str]) -> None:
        self._ban = ban
        self._ignored = frozenset(ignored)
        self._until: dict[str, datetime] = {}

    def refuses(self, ip: str, account: str, at: datetime) -> bool:
        """Whether the address is banned, whatever the account."""
        until = self._until.get(ip)
        return until is not None and at < until

    def _overflows(self, event: LoginEvent) -> bool:
        raise NotImplementedError

    def observe_login(self, event: LoginEvent) -> list[str]:
        """Takes in one attempt that was let through; the address if it is banned now."""
        if event.outcome not in _FAILED or not event.ip or event.ip in self._ignored:
            return []
        if not self._overflows(event):
            return []
        self._until[event.ip] = event.seen_at + self._ban
        return [event.ip]


class Fail2ban(_Banning):
    """fail2ban's default jails for Dovecot and Postfix."""

    name = "fail2ban"
    maxretry: Final = 5
    findtime: Final = timedelta(minutes=10)

    def __init__(self, ignored: Collection[str] = ()) -> None:
        super().__init__(timedelta(minutes=10), ignored)
        self._failures: dict[tuple[str, str], list[datetime]] = {}

    def _overflows(self, event: LoginEvent) -> bool:
        key = (event.service, event.ip)
        recent = [at for at in self._failures.get(key, ()) if event.seen_at - at < self.findtime]
        recent.append(event.seen_at)
        self._failures[key] = recent
        if len(recent) < self.maxretry:
            return False
        del self._failures[key]
        return True


class _Scenario(msgspec.Struct, frozen=True):
    """A leaky bucket of CrowdSec."""

    capacity: int
    leak_s: float
    blackhole_s: float


class _Bucket(msgspec.Struct):
    level: float
    at: datetime
    silent_until: datetime | None = None


class CrowdSec(_Banning):
    """CrowdSec's default scenarios for Dovecot and Postfix."""

    name = "crowdsec"
    scenarios: Final = {"dovecot": _Scenario(3, 360, 300), "postfix": _Scenario(5, 10, 60)}

    def __init__(self, ignored: Collection[str] = ()) -> None:
        super().__init__(timedelta(hours=4), ignored)
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def _overflows(self, event: LoginEvent) -> bool:
        scenario, at = self.scenarios[event.service], event.seen_at
        bucket = self._buckets.setdefault((event.service, event.ip), _Bucket(0.0, at))
        if bucket.silent_until is not None and at < bucket.silent_until:
            return False
        leaked = (at - bucket.at).total_seconds() / scenario.leak_s
        bucket.level, bucket.at = max(0.0, bucket.level - leaked) + 1, at
        if bucket.level <= scenario.capacity:
            return False
        bucket.level, bucket.silent_until = 0.0, at + timedelta(seconds=scenario.blackhole_s)
        return True
