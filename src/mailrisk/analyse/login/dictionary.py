"""Names that several attacking addresses share: the botnet with one try an address a day.

Attackers of one botnet work from one list of names (NSDI 2024). A name counts as *shared* when addresses of
several networks have failed on it, none of which has ever logged in to it. Names that do not exist here, or that
nobody was ever seen to log in to (*ghosts*), are the strongest sign: honest typing errors rarely coincide. Once
enough names are shared there is a *campaign*, and one shared ghost tells on an address; until then it takes more.

What keeps people out of it: a device with an old password repeats itself, and a pair of address and name that does
so is left aside, as is a name of which that is most of what is known; so is one password tried from several
addresses, which is a telephone on its way through networks.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.settings import DictionarySettings
from mailrisk.model.ip import aggregate

MAX_LIGHT: Final = 50_000
MAX_HEAVY: Final = 20_000
"""Names in each of two tables; those that one network alone failed on live in the first."""

MAX_TRIES: Final = 48
"""Addresses remembered of one name, the latest ones."""

MAX_SHARED: Final = 4_096
"""Shared names of one campaign; the one that was not tried for longest is forgotten."""

MAX_OWNED: Final = 400_000
"""Accounts remembered as having an owner who logs in, as short hashes."""

_HALF_A_DAY_S: Final = 43_200
_TELLING: Final = 32
"""Names of an address that are looked at: with more of them it gives itself away."""


class Try(msgspec.Struct, array_like=True):
    """What one address tried on one name."""

    ip: str
    network: str
    at: datetime
    count: int
    secret: str = ""


class Name(msgspec.Struct, array_like=True):
    """A name, and the addresses that failed on it and never logged in to it."""

    at: datetime
    tries: dict[str, Try]
    pruned_at: datetime
    unknown: bool = False  # the server said that it does not exist
    shared: bool = False
    networks: int = 0  # from which no repeating device tried it
    repeating: int = 0  # addresses that repeat themselves

    def count(self, repeats: int) -> None:
        """Counts anew what its tries say."""
        self.networks = len({one.network for one in self.tries.values() if one.count <= repeats})
        self.repeating = sum(one.count > repeats for one in self.tries.values())


class Membership(msgspec.Struct, frozen=True):
    """What one address shares with others."""

    ghosts: int
    owned: int
    addresses: int  # that tried these names, itself among them
    campaign: int  # shared names in all

    @property
    def points(self) -> int:
        """A ghost tells twice as much as an account that somebody owns."""
        return 2 * self.ghosts + self.owned


class DictionaryState(msgspec.Struct, array_like=True):
    """What a ``Dictionary`` knows."""

    light: dict[str, Name]
    heavy: dict[str, Name]
    shared: dict[str, datetime]
    owned: dict[int, None]
    began: datetime | None


class Dictionary:
    """The names that addresses share, in bounded memory."""

    def __init__(
        self, settings: DictionarySettings, max_light: int = MAX_LIGHT, max_heavy: int = MAX_HEAVY
    ) -> None:
        self._settings = settings
        self._most = (max_light, max_heavy)
        self._light: OrderedDict[str, Name] = OrderedDict()
        self._heavy: OrderedDict[str, Name] = OrderedDict()
        self._shared: OrderedDict[str, datetime] = OrderedDict()
        self._owned: OrderedDict[int, None] = OrderedDict()
        self._began: datetime | None = None

    def state(self) -> DictionaryState:
        """Everything that is known; the tables themselves, so encode it at once."""
        return DictionaryState(self._light, self._heavy, self._shared, self._owned, self._began)

    def restore(self, state: DictionaryState) -> None:
        """Goes on from a state."""
        self._light, self._heavy = OrderedDict(state.light), OrderedDict(state.heavy)
        self._shared, self._owned = OrderedDict(state.shared), OrderedDict(state.owned)
        self._began = state.began

    def success(self, account: str, key: str, at: datetime) -> None:
        """Somebody owns the account, and the address is his."""
        self._began = self._began or at
        number = zlib.crc32(account.encode())
        self._owned.pop(number, None)
        if len(self._owned) >= MAX_OWNED:
            self._owned.popitem(last=False)
        self._owned[number] = None
        name = self._heavy.get(account) or self._light.get(account)
        if name is not None:
            name.unknown = False
            if name.tries.pop(key, None) is not None:
                name.count(self._settings.repeats)

    def failure(self, account: str, key: str, one: Try, *, unknown: bool, novel: bool) -> Iterable[str]:
        """Takes in a failure; the keys of the addresses about which there may be something new to say.

        ``novel``: whether a name that nobody has tried is worth remembering; those of a flood are not.
        """
        self._began = self._began or one.at
        if not novel and account not in self._light and account not in self._heavy:
            return ()
        name = self._taken(account, one.at)
        name.unknown = name.unknown or unknown
        is_new = self._enter(name, key, one)
        self._keep(account, name)
        return self._told(account, name, key) if is_new else ()

    def _enter(self, name: Name, key: str, one: Try) -> bool:
        """Enters a try into a name; whether its address is new to it, or comes again after long."""
        known = name.tries.get(key)
        if known is not None:
            apart = (one.at - known.at).total_seconds() >= _HALF_A_DAY_S
            known.at = max(known.at, one.at)
            if apart:  # A device repeats itself within hours; a bot comes again on another day.
                return True
            if known.count <= self._settings.repeats:
                known.count += one.count
                name.count(self._settings.repeats)
            return False
        if len(name.tries) >= MAX_TRIES:
            del name.tries[next(iter(name.tries))]
        _same_secret(name, one)
        name.tries[key] = one
        name.count(self._settings.repeats)
        return True

    def membership(self, key: str, names: Iterable[str]) -> Membership:
        """What an address shares that has tried ``names``."""
        ghosts = owned = 0
        addresses: set[str] = set()
        for account, _ in zip(names, range(_TELLING), strict=False):
            name = self._heavy.get(account) or self._light.get(account)
            if name is None or not name.shared:
                continue
            one = name.tries.get(key)
            if one is None or one.count > self._settings.repeats or not self._is_shared(account, name):
                continue
            addresses.update(name.tries)
            if self._is_ghost(account, name):
                ghosts += 1
            else:
                owned += 1
        return Membership(ghosts, owned, len(addresses), len(self._shared))

    @property
    def is_campaign(self) -> bool:
        """Whether enough names are shared for one of them to tell."""
        return len(self._shared) >= self._settings.campaign + self._settings.campaign_share * len(self._owned)

    def _told(self, account: str, name: Name, key: str) -> Iterable[str]:
        """Whose membership has changed by a new address on the name."""
        if not self._is_shared(account, name):
            return ()
        before = self.is_campaign
        newly, name.shared = not name.shared, True
        self._note(account, name.at)
        if self.is_campaign and not before:
            names = (self._heavy.get(shared) or self._light.get(shared) for shared in self._shared)
            return dict.fromkeys(one for shared in names if shared is not None for one in shared.tries)
        return tuple(name.tries) if newly else (key,)

    def _note(self, account: str, at: datetime) -> None:
        """Enters a shared name; those that are over leave."""
        self._shared.pop(account, None)
        if len(self._shared) >= MAX_SHARED:
            self._shared.popitem(last=False)
        self._shared[account] = at
        length_s = self._settings.length_s
        while (at - next(iter(self._shared.values()))).total_seconds() >= length_s:
            self._shared.popitem(last=False)

    def _is_shared(self, account: str, name: Name) -> bool:
        """Whether addresses of enough networks tried the name, and most of them are no repeating device."""
        settings = self._settings
        least = settings.networks if self._is_ghost(account, name) else settings.networks_owned
        return name.networks >= least and name.repeating <= settings.device_share * len(name.tries)

    def _is_ghost(self, account: str, name: Name) -> bool:
        """Nobody owns the account. An unowned name tells nothing before owners had the time to be seen."""
        if name.unknown:
            return True
        if zlib.crc32(account.encode()) in self._owned:
            return False
        settings = self._settings
        if self._began is None or len(self._owned) < settings.learnt_accounts:
            return False
        learnt_s = (name.at - self._began).total_seconds()
        if learnt_s >= settings.learnt_s:
            return True
        # Its owner may be one who comes seldom; then he is not in so many places, and his devices repeat themselves.
        return learnt_s >= settings.learnt_early_s and name.networks >= settings.networks_owned

    def _taken(self, account: str, at: datetime) -> Name:
        """The name, taken out of its table, without the tries that are over."""
        name = self._heavy.pop(account, None) or self._light.pop(account, None) or Name(at, {}, at)
        name.at = max(name.at, at)
        if (name.at - name.pruned_at).total_seconds() >= _HALF_A_DAY_S:
            name.pruned_at = name.at
            length_s = self._settings.length_s
            name.tries = {
                key: one for key, one in name.tries.items() if (name.at - one.at).total_seconds() < length_s
            }
            name.count(self._settings.repeats)
        return name

    def _keep(self, account: str, name: Name) -> None:
        """Puts a name into its table: one address that repeats itself must not push out what several share."""
        several = name.networks + name.repeating > 1
        table, most = (self._heavy, self._most[1]) if several else (self._light, self._most[0])
        if len(table) >= most:
            table.popitem(last=False)
        table[account] = name


def try_of(ip: str, at: datetime, count: int, secret: str) -> Try:
    """A try, with the network that it comes from: /24 or /48."""
    return Try(ip, aggregate(ip)[-1], at, count, secret)


def _same_secret(name: Name, one: Try) -> None:
    """One password from several addresses: a device on its way, which is known by its repeating itself."""
    if not one.secret:
        return
    for other in name.tries.values():
        if other.secret == one.secret:
            other.count += one.count + _MOVED
            one.count += _MOVED


_MOVED: Final = 100
"""Tries that a device on its way is charged with: more than any botnet makes of one pair."""
