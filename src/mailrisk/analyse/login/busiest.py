"""Which addresses carry most of the successful logins: a webmail or proxy that nobody has told us of is among them.

Space-saving counters (Metwally, Agrawal and El Abbadi, 2005): an address that carries more than one part in
``KEPT`` of all is certain to be among them. All counts are halved each day, so that they tell of the last days.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

KEPT: Final = 64
DAY_S: Final = 86_400.0


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One address and its share of all successful logins, 0..1."""

    ip: str
    share: float


class BusiestState(msgspec.Struct, array_like=True):
    """What a ``Busiest`` knows."""

    counts: dict[str, float]
    total: float
    halved_at: datetime | None


class Busiest:
    """Counts successful logins by address."""

    def __init__(self) -> None:
        self._known = BusiestState({}, 0.0, None)

    def state(self) -> BusiestState:
        """Everything that is known; encode it at once."""
        return self._known

    def restore(self, state: BusiestState) -> None:
        """Goes on from a state."""
        self._known = state

    def add(self, ip: str, at: datetime) -> None:
        """One successful login."""
        known = self._known
        if known.halved_at is None or (at - known.halved_at).total_seconds() >= DAY_S:
            known.total /= 2
            known.counts = {one: count / 2 for one, count in known.counts.items()}
            known.halved_at = at
        known.total += 1.0
        if ip in known.counts:
            known.counts[ip] += 1
        elif len(known.counts) < KEPT:
            known.counts[ip] = 1.0
        else:
            least = min(known.counts, key=known.counts.__getitem__)
            known.counts[ip] = known.counts.pop(least) + 1

    @property
    def total(self) -> float:
        """Successful logins, those of earlier days counted less."""
        return self._known.total

    def shares(self, most: int = 5) -> tuple[Share, ...]:
        """The busiest addresses, the busiest first."""
        if not self._known.total:
            return ()
        ranked = sorted(self._known.counts.items(), key=lambda item: -item[1])[:most]
        return tuple(Share(ip=ip, share=round(count / self._known.total, 4)) for ip, count in ranked)
