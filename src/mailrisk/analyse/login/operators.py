"""Network operators (autonomous systems): one from whose networks many addresses attack and nobody logs in.

The widest level of aggregation: address, /24 or /48, operator. Whose an address is says a place beside the analysis, by data
of the administrator (``tools/build_geo.py``); without such data nothing is counted here and nothing said.

What is said of an address because of its operator never convicts it, and is said only of one about which something is said
anyway. **Honest share:** an operator of whose addresses people log in is never held against his others, unless the
attackers among them outnumber these people twenty to one.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.settings import OperatorSettings, value_of
from mailrisk.model.ip import aggregate

MAX_OPERATORS: Final = 10_000
MAX_ATTACKERS: Final = 512
"""Attacking addresses remembered of one operator, the latest ones."""

MAX_HOME: Final = 256

OperatorOf = Callable[[str], str]
"""Operator of an address, as ``AS64500 Name``; '' when unknown."""


def nobody_knows(ip: str) -> str:
    """Without data no address has an operator."""
    return ""


class Attacker(msgspec.Struct, array_like=True):
    """An attacking address: its network and when it last attacked."""

    network: str
    at: datetime


class Operator(msgspec.Struct, array_like=True):
    """What was seen of one operator's addresses."""

    attackers: dict[str, Attacker] = {}
    home: dict[int, None] = {}  # accounts that log in from there, as short hashes


class Reputation(msgspec.Struct, frozen=True):
    """What an operator's other addresses say about one of them; ``value`` 0: nothing."""

    operator: str
    value: float
    attackers: int
    networks: int
    home: int


class Operators:
    """The operators that addresses attack from, in bounded memory."""

    def __init__(self, settings: OperatorSettings, operator_of: OperatorOf = nobody_knows) -> None:
        self._settings = settings
        self._operator_of = operator_of
        self._known: OrderedDict[str, Operator] = OrderedDict()

    def state(self) -> dict[str, Operator]:
        """Everything that is known; the table itself, so encode it at once."""
        return self._known

    def restore(self, state: dict[str, Operator]) -> None:
        """Goes on from a state."""
        self._known = OrderedDict(state)

    def success(self, ip: str, account: str) -> None:
        """Somebody logged in from there."""
        operator = self._touch(ip)
        if operator is not None and len(operator.home) < MAX_HOME:
            operator.home[zlib.crc32(account.encode())] = None

    def attacked(self, ip: str, key: str, at: datetime) -> None:
        """An address attacks; ``key``: by what it is counted."""
        operator = self._touch(ip)
        if operator is None:
            return
        operator.attackers.pop(key, None)
        if len(operator.attackers) >= MAX_ATTACKERS:
            del operator.attackers[next(iter(operator.attackers))]
        operator.attackers[key] = Attacker(aggregate(ip)[-1], at)

    def reputation(self, ip: str, key: str, at: datetime) -> Reputation | None:
        """What the operator's other addresses say about this one; None when it has none that is known."""
        name = self._operator_of(ip)
        operator = self._known.get(name) if name else None
        if operator is None:
            return None
        settings, length_s = self._settings, self._settings.length_s
        recent = [
            one
            for other, one in operator.attackers.items()
            if other != key and (at - one.at).total_seconds() < length_s
        ]
        networks = len({one.network for one in recent})
        home = len(operator.home)
        honest = home * settings.outnumbered > len(recent)
        value = 0.0 if honest or networks < settings.networks else value_of(settings.steps, len(recent))
        return Reputation(name, value, len(recent), networks, home)

    def _touch(self, ip: str) -> Operator | None:
        name = self._operator_of(ip)
        if not name:
            return None
        operator = self._known.pop(name, None) or Operator()
        if len(self._known) >= MAX_OPERATORS:
            self._known.popitem(last=False)
        self._known[name] = operator
        return operator
