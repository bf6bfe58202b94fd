"""Attackers that guess passwords: six families, each with its own rhythm.

What an address shows depends on how many accounts it tries, how often and how many passwords on each; the
families are spread over what is seen in the wild, the hard ends (one account only, four tries a day) included.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import msgspec
from tools.sim.model import DAY_S, Traced, at, login
from tools.sim.names import dictionary, leaked
from tools.sim.people import VPN_EXIT
from tools.sim.places import HOSTILE, Places, address_v6

from mailrisk.model.events import Outcome


class Try(msgspec.Struct, frozen=True):
    """One guess: seconds since the trace began, the address, the account, the password."""

    second: float
    ip: str
    account: str
    password: object


class Attack:
    """A plan of guesses, made at the beginning and played day by day."""

    def __init__(self, name: str, protocol: str, tries: Iterator[Try], exists: frozenset[str]) -> None:
        self._name = name
        self._protocol = protocol
        self._exists = exists
        self._days: dict[int, list[Try]] = {}
        for one in tries:
            self._days.setdefault(int(one.second // DAY_S), []).append(one)

    def day(self, day: int) -> Iterator[Traced]:
        for one in self._days.pop(day, ()):
            outcome = Outcome.FAILURE if one.account in self._exists else Outcome.UNKNOWN_USER
            when = at(0, one.second)
            yield login(when, self._protocol, one.account, one.ip, outcome, one.password), self._name


class Scene(msgspec.Struct, frozen=True):
    """What every attack needs to know."""

    places: Places
    accounts: Sequence[str]  # of people here
    exists: frozenset[str]  # these and the roles that exist
    days: int
    infected: list[str]  # addresses beside the homes of honest people
    rented: str  # a network of a hosting company, where an honest VPN has its exit too

    def hostile(self, rng: random.Random) -> str:
        return self.places.address(rng.choice(HOSTILE), rng)

    def begin(self, rng: random.Random, lasts_days: float) -> float:
        """A moment from which an attack of that length fits into the trace."""
        return rng.uniform(0.1, max(0.2, self.days - lasts_days)) * DAY_S


def fast(scene: Scene, rng: random.Random) -> Iterator[Try]:
    """One address, many passwords in a few hours: on one account, a few, or a list of names."""
    kind = rng.choices((1, rng.randrange(2, 6), rng.randrange(12, 80)), (25, 25, 50))[0]
    names = dictionary(list(scene.accounts), kind, 1.0 if kind == 1 else 0.4, rng)
    ip, second = scene.hostile(rng), scene.begin(rng, 0.3)
    network = scene.places.network_v6() if rng.random() < 0.1 else ""
    for number in range(rng.randrange(200, 1200)):
        second += rng.expovariate(1 / 4)
        source = address_v6(network, rng) if network else ip
        yield Try(second, source, names[number % len(names)], number // len(names))


def slow(scene: Scene, rng: random.Random) -> Iterator[Try]:
    """One address, one guess in ten minutes to three hours, for weeks."""
    names = dictionary(list(scene.accounts), rng.randrange(12, 150), rng.choice((0.1, 0.3, 0.8)), rng)
    every = rng.choice((600, 1800, 3600, 10_800))
    ip, second = scene.hostile(rng), scene.begin(rng, 14)
    for number in range(int(14 * DAY_S / every)):
        second += every * rng.uniform(0.6, 1.4)
        yield Try(second, ip, names[number % len(names)], number // len(names))


def spray(scene: Scene, rng: random.Random) -> Iterator[Try]:
    """One address, one or two passwords on very many real accounts; a round takes an hour to two days."""
    names = rng.sample(scene.accounts, min(rng.randrange(60, 400), len(scene.accounts)))
    every = rng.choice((2, 20, 120, 600))
    ip, second = scene.hostile(rng), scene.begin(rng, 6)
    for password in range(rng.randrange(1, 3)):
        for name in names:
            second += every * rng.uniform(0.5, 1.5)
            yield Try(second, ip, name, f"Winter{password}")


def stuffing(scene: Scene, rng: random.Random, addresses: int) -> Iterator[Try]:
    """A leaked list, each name once, over so many addresses; more than half of the names do not exist here."""
    names = leaked(addresses * rng.randrange(8, 25) if addresses > 1 else rng.randrange(150, 600), rng)
    names += rng.sample(scene.accounts, min(len(names) // 2, len(scene.accounts)))
    rng.shuffle(names)
    ips = [scene.hostile(rng) for _ in range(addresses)]
    every = (DAY_S / len(names)) if addresses > 1 else rng.choice((1, 5, 30))
    second = scene.begin(rng, 1.5)
    for number, name in enumerate(names):
        second += every * rng.uniform(0.5, 1.5)
        yield Try(second, ips[number % len(ips)], name, f"leaked {number}")


def botnet(scene: Scene, rng: random.Random, addresses: int, names: int) -> Iterator[Try]:
    """So many addresses all over the world, one guess a day each, all from one list of names.

    One in twenty is an infected computer in an operator's network where honest people live.
    """
    shared = dictionary(list(scene.accounts), names, rng.uniform(0.1, 0.3), rng)
    ips = [scene.infected.pop() for _ in range(addresses // 20) if scene.infected]
    ips += [scene.hostile(rng) for _ in range(addresses - len(ips))]
    rng.shuffle(ips)
    hour = {ip: rng.uniform(0, DAY_S) for ip in ips}
    lasts = rng.randrange(6, 15)
    begin = scene.begin(rng, lasts + 1)
    for day in range(lasts):
        for ip in ips:
            second = begin + day * DAY_S + hour[ip] + rng.uniform(-600, 600)
            yield Try(second, ip, rng.choice(shared), rng.randrange(5_000))


def neighbours(scene: Scene, rng: random.Random, rented: bool) -> Iterator[Try]:
    """Forty to two hundred addresses of one /24, each a few guesses a day; ``rented``: beside an honest VPN's exit."""
    network = scene.rented if rented else scene.places.network(rng.choice(HOSTILE))
    last = rng.sample(range(1 + VPN_EXIT, 255), rng.randrange(40, 200))
    names = dictionary(list(scene.accounts), rng.randrange(30, 120), 0.3, rng)
    lasts = rng.randrange(2, 9)
    begin = scene.begin(rng, lasts + 1)
    for day in range(lasts):
        for one in last:
            for _ in range(rng.randrange(1, 5)):
                second = begin + (day + rng.random()) * DAY_S
                yield Try(second, f"{network}.{one}", rng.choice(names), rng.randrange(5_000))


Plan = Callable[[Scene, random.Random], Iterator[Try]]
"""Makes the guesses of one attacker."""
