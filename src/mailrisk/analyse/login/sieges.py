"""Accounts that many addresses attack, each perhaps only once: the botnet that no address betrays alone.

For each account the addresses are kept that failed on it in a window and have never logged in to it.
Once there are enough of them, each is told of, also those that came before, and each new one as it
comes. It is a suspicion and no more: the account's owner may be among them, on a new telephone.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.settings import SiegeSettings, value_of

MAX_ACCOUNTS: Final = 10_000
"""Accounts in each of two tables; those that only one or two addresses failed on live in the first."""

MAX_ADDRESSES: Final = 128
"""Addresses known by name for one account; more are counted by a bitmap of ``_BITS``."""

_BITS: Final = 65_536
_MATTERS_FROM: Final = 3


class Attacker(msgspec.Struct, frozen=True):
    """An address that takes part: how it is counted, which it was, and when it failed."""

    key: str
    ip: str
    at: datetime


class Suspicion(msgspec.Struct, frozen=True):
    """One address, the number of addresses so far, and the value of the evidence."""

    attacker: Attacker
    since: datetime
    addresses: int
    value: float


class _Siege(msgspec.Struct):
    """One account's window."""

    start: datetime
    attackers: dict[str, Attacker] = {}
    further: bytearray | None = None
    further_count: int = 0
    value: float = 0.0

    @property
    def addresses(self) -> int:
        return len(self.attackers) + self.further_count


class SiegesState(msgspec.Struct, array_like=True):
    """What ``Sieges`` knows, by account."""

    light: dict[str, _Siege]
    heavy: dict[str, _Siege]


class Sieges:
    """All accounts that were failed on of late, in bounded memory."""

    def __init__(self, settings: SiegeSettings, max_accounts: int = MAX_ACCOUNTS) -> None:
        self._settings = settings
        self._max = max_accounts
        self._light: OrderedDict[str, _Siege] = OrderedDict()
        self._heavy: OrderedDict[str, _Siege] = OrderedDict()

    def state(self) -> SiegesState:
        """Everything that is known; the tables themselves, so encode it at once."""
        return SiegesState(self._light, self._heavy)

    def restore(self, state: SiegesState) -> None:
        """Goes on from a state."""
        self._light, self._heavy = OrderedDict(state.light), OrderedDict(state.heavy)

    def failure(self, account: str, attacker: Attacker) -> Iterator[Suspicion]:
        """Takes in a failure; tells of every address about which there is something new to say."""
        siege = self._touch(account, attacker.at)
        if not _is_new(siege, attacker):
            return
        value = value_of(self._settings.steps, siege.addresses)
        if not value:
            return
        told = siege.attackers.values() if value > siege.value else (attacker,)
        siege.value = value
        for one in told:
            yield Suspicion(one, siege.start, siege.addresses, value)

    def success(self, account: str, key: str) -> None:
        """The address belongs to the account after all."""
        siege = self._heavy.get(account) or self._light.get(account)
        if siege is not None:
            siege.attackers.pop(key, None)

    def forget(self, account: str) -> None:
        """Begins anew with an account."""
        self._heavy.pop(account, None)
        self._light.pop(account, None)

    def addresses(self, account: str) -> int:
        """How many addresses fail on the account at present."""
        siege = self._heavy.get(account) or self._light.get(account)
        return siege.addresses if siege is not None else 0

    def _touch(self, account: str, at: datetime) -> _Siege:
        """The account's siege, made the most recent one of its table; a new one if the last is over."""
        siege = self._heavy.pop(account, None) or self._light.pop(account, None)
        if siege is None or (at - siege.start).total_seconds() >= self._settings.length_s:
            siege = _Siege(start=at)
        table = self._heavy if siege.addresses >= _MATTERS_FROM else self._light
        if len(table) >= self._max:
            table.popitem(last=False)
        table[account] = siege
        return siege


def _is_new(siege: _Siege, attacker: Attacker) -> bool:
    """Enters an address into a siege; False if it is there already."""
    if attacker.key in siege.attackers:
        return False
    if len(siege.attackers) < MAX_ADDRESSES:
        siege.attackers[attacker.key] = attacker
        return True
    if siege.further is None:
        siege.further = bytearray(_BITS // 8)
    byte, bit = divmod(zlib.crc32(attacker.key.encode()) % _BITS, 8)
    if siege.further[byte] >> bit & 1:
        return False
    siege.further[byte] |= 1 << bit
    siege.further_count += 1
    return True
