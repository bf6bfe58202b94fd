"""What API keys have brought about with the events that they told of: no key alone can list the Internet.

Whoever holds a key of the role ``reporter`` can invent logins that fail from any address. The evidence therefore names
the key as its source wherever all failures of an address come from keys, and in a day (UTC) each key may blame so
many addresses. Beyond them its word is not taken: evidence is withheld and counted, and its requests are refused
until the day ends. What our own servers and logs show of the same addresses is not touched by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from mailrisk.model.errors import Exhausted
from mailrisk.model.events import KEY
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind

logger = logging.getLogger(__name__)

MOST_ADDRESSES: Final = 5_000
"""Addresses by default: a large mail server sees fewer attack it in a day."""


class _Blamed(msgspec.Struct, array_like=True):
    """One key's day."""

    addresses: set[str] = set()
    withheld: int = 0


class ReportersState(msgspec.Struct, array_like=True):
    """What ``Reporters`` knows."""

    day: date | None = None
    keys: dict[str, _Blamed] = {}


class Reporters:
    """Counts what each key blames. ``most``: addresses a day."""

    def __init__(self, most: int, clock: Callable[[], datetime], policy: Callable[[], Policy]) -> None:
        self._most = most
        self._clock = clock
        self._policy = policy
        self._known = ReportersState()

    def state(self) -> ReportersState:
        """Everything that is known; encode it at once."""
        return self._known

    def restore(self, state: ReportersState) -> None:
        """Goes on from a state."""
        self._known = state

    def admits(self, evidence: Evidence) -> bool:
        """Whether evidence counts: it rests not on one key's word alone, or this key may blame the address today."""
        if not evidence.source.startswith(KEY) or evidence.subject.kind not in (Kind.IP, Kind.NETWORK):
            return True
        rule = self._policy().document.reasons.get(evidence.code)
        if rule is None or rule.weight <= 0:
            return True
        key, address = evidence.source.removeprefix(KEY), evidence.subject.value
        blamed = self._today().setdefault(key, _Blamed())
        if address not in blamed.addresses:
            if len(blamed.addresses) >= self._most:
                if not blamed.withheld:
                    logger.warning("key %s has blamed %d addresses today: it is refused", key, self._most)
                blamed.withheld += 1
                return False
            blamed.addresses.add(address)
        return True

    def check(self, key: str) -> None:
        """Exhausted: the events of this key are not taken today."""
        blamed = self._today().get(key)
        if blamed is None or len(blamed.addresses) < self._most:
            return
        now = self._clock().astimezone(UTC)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise Exhausted(
            f"the events of this key have brought evidence against {self._most} addresses today (UTC), the most that one"
            f" key may blame alone ([login] addresses_per_key); {blamed.withheld} more pieces of evidence were withheld",
            after_s=int((midnight - now).total_seconds()) + 1,
        )

    def _today(self) -> dict[str, _Blamed]:
        today = self._clock().astimezone(UTC).date()
        if self._known.day != today:
            self._known = ReportersState(today)
        return self._known.keys
