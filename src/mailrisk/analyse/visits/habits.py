"""Which domains an organisation commonly visits, learnt from its own visits.

For each domain: a count that halves every ``half_life_days``, a few keyed hashes of distinct users, and the number of
distinct days. A domain is common when all three are large enough: one person's habit is not the house's, and a lure
that fifty people open within an hour is not one either. Users are never known by name here.

Memory is bounded. When a tenant has too many domains the least visited of those that were quiet longest goes, so that
nobody empties the table by visiting names that he makes up.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Final

import msgspec

DAY_S: Final = 86_400

MAX_USERS: Final = 8
"""Distinct users that are remembered of one domain; more change nothing."""

LOOKED_AT: Final = 32
"""Domains among which the one that goes is chosen."""


class HabitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a domain is common, and how much is remembered."""

    visits: float = 20.0
    users: int = 3
    days: int = 3
    half_life_days: float = 14.0
    most_domains: int = 20_000  # of one tenant; about 200 bytes each
    most_tenants: int = 50


class Habit(msgspec.Struct, array_like=True):
    """What is known of one domain. Times are seconds since 1970."""

    count: float
    at: float
    days: int
    last_day: int
    users: list[int]


class Habits:
    """The habits of every tenant. Not safe for use by several threads."""

    def __init__(self, settings: HabitSettings) -> None:
        self._settings = settings
        self._tenants: OrderedDict[int, OrderedDict[str, Habit]] = OrderedDict()

    def observe(self, tenant: int, domain: str, user: int, at: float, visits: float = 1.0) -> None:
        """One visit (or so many) of a domain by a user, whose hash has 64 bits. Late news count less, not backwards."""
        habits = self._habits(tenant)
        known = habits.get(domain)
        day = int(at // DAY_S)
        if known is None:
            if len(habits) >= self._settings.most_domains:
                self._make_room(habits)
            habits[domain] = Habit(visits, at, 1, day, [user])
            return
        known.count = self._now(known, at) + visits * min(1.0, self._share(known.at - at))
        known.at = max(known.at, at)
        if day > known.last_day:
            known.days, known.last_day = known.days + 1, day
        if user not in known.users and len(known.users) < MAX_USERS:
            known.users.append(user)
        habits.move_to_end(domain)

    def is_common(self, tenant: int, domain: str, at: float) -> bool:
        """Whether the organisation commonly visits the domain."""
        habits = self._tenants.get(tenant)
        known = habits.get(domain) if habits is not None else None
        settings = self._settings
        return (
            known is not None
            and len(known.users) >= settings.users
            and known.days >= settings.days
            and self._now(known, at) >= settings.visits
        )

    def count(self, tenant: int, domain: str, at: float) -> float:
        """The decayed number of visits."""
        known = self._tenants.get(tenant, OrderedDict()).get(domain)
        return 0.0 if known is None else self._now(known, at)

    def forget(self, tenant: int, domain: str) -> None:
        """The domain turned out to be bad: what was learnt of it counts no more."""
        self._tenants.get(tenant, OrderedDict()).pop(domain, None)

    def __len__(self) -> int:
        return sum(map(len, self._tenants.values()))

    def state(self) -> bytes:
        """Everything, for ``restore`` in another process."""
        return msgspec.msgpack.encode(self._tenants)

    def restore(self, state: bytes) -> None:
        """Goes on from a state. msgspec.MsgspecError: it is none."""
        found = msgspec.msgpack.decode(state, type=dict[int, dict[str, Habit]])
        self._tenants = OrderedDict((tenant, OrderedDict(habits)) for tenant, habits in found.items())

    def _habits(self, tenant: int) -> OrderedDict[str, Habit]:
        habits = self._tenants.get(tenant)
        if habits is None:
            if len(self._tenants) >= self._settings.most_tenants:
                self._tenants.popitem(last=False)
            habits = self._tenants[tenant] = OrderedDict()
        self._tenants.move_to_end(tenant)
        return habits

    def _make_room(self, habits: OrderedDict[str, Habit]) -> None:
        quiet = list(islice(habits.items(), LOOKED_AT))
        newest = max(known.at for _, known in quiet)
        least = min(quiet, key=lambda one: self._now(one[1], newest))[0]
        del habits[least]
        for name, known in quiet:  # The others get another turn, or they would be looked at for ever.
            if name != least and self._now(known, newest) >= self._settings.visits:
                habits.move_to_end(name)

    def _now(self, known: Habit, at: float) -> float:
        return known.count * self._share(at - known.at)

    def _share(self, age_s: float) -> float:
        """What is left of a count after so many seconds, 1 at most."""
        return 1.0 if age_s <= 0 else float(2.0 ** -(age_s / (self._settings.half_life_days * DAY_S)))
