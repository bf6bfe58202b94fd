"""What is known of each address, in bounded memory that an attacker cannot wash clean.

Addresses that have shown little (a failure or two, a login or two) live in one table, the others in a
second. Each forgets its least recently seen address when it is full, so a flood of new addresses
pushes out its own kind and never an address that matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.tally import Tally

MAX_LIGHT: Final = 100_000
MAX_HEAVY: Final = 50_000
"""Addresses in each table: about 2 KB for each light one; a heavy one needs up to 60 KB, and only an
address that attacks 128 accounts needs that much."""

MAX_AT_HOME: Final = 512
"""Accounts that are remembered as having logged in from one address."""

MAX_SECRETS: Final = 8
"""Wrong passwords that are remembered of one account at one address, as short hashes."""

MAX_STALE: Final = 64
"""Accounts at one address whose wrong passwords are remembered."""

HEAVY_FROM: Final = 3
"""Failures, or accounts that log in, that make an address matter."""


class Source(msgspec.Struct):
    """One address (an IPv6 /64): who is at home there, and what failed."""

    at_home: dict[str, None] = {}  # accounts that have logged in from here
    tallies: list[Tally | None] = []  # one for each window of the settings
    first_failure_at: datetime | None = None
    failures: int = 0  # ever
    last_ip: str = ""  # of a failure; differs from the key for IPv6
    hits: int = 0  # accounts that logged in after failing, while an attack went on
    reported: bool = False
    honest_value: float = 0.0  # of the evidence that was given for honest use
    secrets: dict[str, list[str]] = {}  # account -> its wrong passwords here, as short hashes

    @property
    def matters(self) -> bool:
        """Whether forgetting this address would lose something."""
        return self.reported or self.failures >= HEAVY_FROM or len(self.at_home) >= HEAVY_FROM

    def is_stale(self, account: str, secret: str) -> bool:
        """Whether this account has failed here with this very password before: a client that repeats itself.

        The first try counts as a failure and is remembered. '' is no known password.
        """
        if not (account and secret):
            return False
        tried = self.secrets.get(account)
        if tried is None:
            if len(self.secrets) < MAX_STALE:
                self.secrets[account] = [secret]
            return False
        if secret in tried:
            return True
        if len(tried) < MAX_SECRETS:
            tried.append(secret)
        return False

    @property
    def is_clean(self) -> bool:
        """Whether every failure in the open windows has been forgiven."""
        return all(tally is None or tally.failures <= 0 for tally in self.tallies)


class SourcesState(msgspec.Struct, array_like=True):
    """What ``Sources`` knows, by counting key."""

    light: dict[str, Source]
    heavy: dict[str, Source]


class Sources:
    """All addresses, by counting key."""

    def __init__(self, windows: int, max_light: int = MAX_LIGHT, max_heavy: int = MAX_HEAVY) -> None:
        self._windows = windows
        self._max_light = max_light
        self._max_heavy = max_heavy
        self._light: dict[str, Source] = {}
        self._heavy: dict[str, Source] = {}

    def state(self) -> SourcesState:
        """Everything that is known; the tables themselves, so encode it at once."""
        return SourcesState(self._light, self._heavy)

    def restore(self, state: SourcesState) -> None:
        """Goes on from a state."""
        self._light, self._heavy = state.light, state.heavy

    def touch(self, key: str) -> Source:
        """The address, made the most recently seen one; a new one if it is not known."""
        source = self._heavy.pop(key, None)
        if source is None:
            source = self._light.pop(key, None) or Source(tallies=[None] * self._windows)
        table, most = (self._heavy, self._max_heavy) if source.matters else (self._light, self._max_light)
        if len(table) >= most:
            del table[next(iter(table))]
        table[key] = source
        return source

    def get(self, key: str) -> Source | None:
        """The address if it is known."""
        return self._heavy.get(key) or self._light.get(key)

    def all(self) -> Iterator[tuple[str, Source]]:
        """Every address that matters, least recently seen first."""
        yield from self._heavy.items()
        yield from ((key, source) for key, source in self._light.items() if source.matters)
