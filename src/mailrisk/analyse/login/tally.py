"""Counters of one address in one window, in bounded memory."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Final

import msgspec

MAX_NAMES: Final = 128
"""Failing accounts that a window knows by name; more are counted by a bitmap."""

_BITS: Final = 8192
"""Size of that bitmap: at 4,000 further names it counts about a fifth too few, and never too many."""


_NAMES: Final = {
    "start": "s", "last_at": "l", "failures": "n", "unnamed": "o", "tries": "t", "unknown": "u", "guesses": "g",
}  # fmt: skip
"""Short names of what most tallies have, for their packed form (``sources.py``)."""


class Tally(msgspec.Struct, omit_defaults=True, rename=_NAMES):
    """What failed from an address since ``start``, accounts that are at home there left out."""

    start: datetime
    last_at: datetime
    failures: int = 0
    unnamed: int = 0  # failures whose account is not logged
    guesses: int = 0  # failures with a password known to be another one than before
    tries: dict[str, int] = {}  # named account -> failures
    unknown: set[str] = set()  # those of them that do not exist on this server
    further: bytearray | None = None  # bitmap of the names beyond MAX_NAMES
    further_count: int = 0
    further_unknown: int = 0
    said: dict[str, float] = {}  # code -> largest value found, given as evidence here or elsewhere
    said_failures: int = 0  # failures at the time of the last evidence given here

    @property
    def accounts(self) -> int:
        """Distinct named accounts that failed."""
        return len(self.tries) + self.further_count

    @property
    def unknown_accounts(self) -> int:
        """Those of them that do not exist on this server."""
        return len(self.unknown) + self.further_unknown

    def add(self, account: str, attempts: int, at: datetime, *, unknown: bool, guess: bool = False) -> None:
        """Counts ``attempts`` failures of an account ('' if the log names none)."""
        self.last_at = max(self.last_at, at)
        self.failures += attempts
        self.guesses += guess
        if not account:
            self.unnamed += attempts
        elif account in self.tries or len(self.tries) < MAX_NAMES:
            self.tries[account] = self.tries.get(account, 0) + attempts
            if unknown:
                self.unknown.add(account)
        else:
            self._add_further(account, unknown=unknown)

    def _add_further(self, account: str, *, unknown: bool) -> None:
        if self.further is None:
            self.further = bytearray(_BITS // 8)
        # CRC rather than hash(): the same log must give the same counts in every process.
        byte, bit = divmod(zlib.crc32(account.encode()) % _BITS, 8)
        if not self.further[byte] >> bit & 1:
            self.further[byte] |= 1 << bit
            self.further_count += 1
            self.further_unknown += unknown

    def forgive(self, account: str) -> int:
        """Takes back the failures of an account that has logged in after all, and says how many."""
        failures = self.tries.pop(account, 0)
        self.failures -= failures
        self.unknown.discard(account)
        return failures
