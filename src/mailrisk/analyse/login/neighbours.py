"""Networks whose addresses attack together: many of one /24 or /48 fail on many accounts, nobody logs in.

Each network is counted as an address is (``tally.py``), from all of its addresses, with the accounts that are at
home anywhere in it left out. Its honest accounts offset failing ones as they do for an address, and where there is
but one of them the network as a whole is never accused.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.settings import NeighbourSettings, NeighbourWindow, value_of
from mailrisk.analyse.login.tally import Tally
from mailrisk.model.events import LoginEvent, Outcome

MAX_LIGHT: Final = 50_000
MAX_HEAVY: Final = 30_000
"""Networks in each of two tables; those with one failing address and nobody at home live in the first."""

MAX_TOLD: Final = 512
"""Addresses of a network that are told of one by one; then the network speaks for them."""

MAX_HOME: Final = 64
MAX_ADDRESSES: Final = 128


class Member(msgspec.Struct, array_like=True):
    """An address that failed: which it was, when, and on how many tries."""

    ip: str
    at: datetime
    tries: int


class Neighbourhood(msgspec.Struct):
    """One network."""

    home: dict[str, None] = {}  # accounts that have logged in from it
    tallies: list[Tally | None] = []
    members: dict[str, Member] = {}  # failing addresses, by counting key
    said: float = 0.0  # the largest value that was given for the network as a whole
    honest_said: int = 0


class Crowd(msgspec.Struct, frozen=True):
    """What an attacking network looks like in one window, and who is told of."""

    window: NeighbourWindow
    tally: Tally
    addresses: int
    home: int
    value: float  # for its addresses
    whole: float  # for the network, 0: nothing
    keys: tuple[str, ...]


class NeighboursState(msgspec.Struct, array_like=True):
    """What ``Neighbours`` knows, by network."""

    light: dict[str, Neighbourhood]
    heavy: dict[str, Neighbourhood]


class Neighbours:
    """All networks, in bounded memory."""

    def __init__(
        self, settings: NeighbourSettings, max_light: int = MAX_LIGHT, max_heavy: int = MAX_HEAVY
    ) -> None:
        self._settings = settings
        self._most = (max_light, max_heavy)
        self._light: OrderedDict[str, Neighbourhood] = OrderedDict()
        self._heavy: OrderedDict[str, Neighbourhood] = OrderedDict()

    def state(self) -> NeighboursState:
        """Everything that is known; the tables themselves, so encode it at once."""
        return NeighboursState(self._light, self._heavy)

    def restore(self, state: NeighboursState) -> None:
        """Goes on from a state."""
        self._light, self._heavy = OrderedDict(state.light), OrderedDict(state.heavy)

    def home(self, network: str) -> int:
        """How many accounts log in from the network."""
        known = self._heavy.get(network) or self._light.get(network)
        return len(known.home) if known is not None else 0

    def success(self, network: str, account: str) -> Neighbourhood:
        """The account is at home in the network, unless an attack has just got in there."""
        found = self._touch(network)
        tallies = [tally for tally in found.tallies if tally is not None]
        hit = any(
            account in tally.tries and tally.accounts >= self._settings.attack_from for tally in tallies
        )
        if not hit and len(found.home) < MAX_HOME:
            found.home[account] = None
            for tally in tallies:
                tally.forgive(account)
        return found

    def failure(self, network: str, key: str, event: LoginEvent) -> list[Crowd]:
        """Takes in a failure; tells of what has become new."""
        found = self._touch(network)
        if event.account in found.home:
            return []
        member = found.members.get(key)
        if member is None:
            if len(found.members) >= MAX_ADDRESSES:
                del found.members[next(iter(found.members))]
            member = found.members[key] = Member(event.ip, event.seen_at, 0)
        member.ip, member.at = event.ip, max(member.at, event.seen_at)
        member.tries += event.attempts
        crowds = []
        for number, window in enumerate(self._settings.windows):
            tally = self._tally(found, number, event.seen_at)
            tally.add(
                event.account, event.attempts, event.seen_at, unknown=event.outcome is Outcome.UNKNOWN_USER
            )
            if tally.accounts >= self._settings.attack_from:
                crowds += self._judge(found, key, window, tally)
        return crowds

    def _judge(self, found: Neighbourhood, key: str, window: NeighbourWindow, tally: Tally) -> list[Crowd]:
        """The crowd, if it says something new about its addresses, this one, or the network."""
        settings = self._settings
        members = [one for one, member in found.members.items() if member.at >= tally.start]
        home = len(found.home)
        strangers = tally.accounts - settings.offset * home + settings.unknown_bonus * tally.unknown_accounts
        value = value_of(window.many, strangers)
        if len(members) < settings.addresses or not value:
            return []
        whole = 0.0 if home else value_of(settings.whole, len(members))
        growing = value > tally.said.get(_ADDRESSES, 0.0)
        whole = whole if whole > found.said else 0.0
        if not growing and key in found.members and tally.said.get(key) and not whole:
            return []
        told = tuple(members) if growing else (() if tally.said.get(key) else (key,))
        told = told if len(tally.said) <= MAX_TOLD else ()
        tally.said[_ADDRESSES] = max(value, tally.said.get(_ADDRESSES, 0.0))
        for one in told:
            tally.said[one] = value
        found.said = max(found.said, whole)
        return [Crowd(window, tally, len(members), home, value, whole, told)]

    def _tally(self, found: Neighbourhood, number: int, at: datetime) -> Tally:
        tally = found.tallies[number]
        if tally is None or (at - tally.start).total_seconds() >= self._settings.windows[number].length_s:
            tally = found.tallies[number] = Tally(start=at, last_at=at)
            if number:  # The longest window is over.
                found.members = {key: member for key, member in found.members.items() if member.at >= at}
        return tally

    def _touch(self, network: str) -> Neighbourhood:
        found = self._heavy.pop(network, None) or self._light.pop(network, None)
        if found is None:
            found = Neighbourhood(tallies=[None] * len(self._settings.windows))
        matters = len(found.members) > 1 or found.home
        table, most = (self._heavy, self._most[1]) if matters else (self._light, self._most[0])
        if len(table) >= most:
            table.popitem(last=False)
        table[network] = found
        return found


_ADDRESSES: Final = "*"
"""Key of the value that was given for the addresses of a network."""
