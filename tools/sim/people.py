"""The honest population: working days and week ends, several clients each, offices, homes, telephones, journeys."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from tools.sim.mail import Correspondence
from tools.sim.model import HONEST, Traced, at, login, rng_for
from tools.sim.names import mistyped
from tools.sim.places import ABROAD, Places, address_v6

from mailrisk.model.events import Outcome

_HOURS: Final = (1, 1, 0, 0, 0, 1, 4, 12, 30, 34, 32, 26, 20, 26, 30, 28, 26, 20, 13, 11, 10, 9, 6, 3)
"""How much mail is read in each hour of a working day."""

_WEEKEND: Final = 0.3
VPN_EXIT: Final = 9
"""Last octet of each VPN's exit; its /24 belongs to a hosting company with many customers."""

TYPING_ERROR: Final = 0.012
WRONG_NAME: Final = 0.0006

HOMES_BELOW: Final = 200
"""Last octets of homes are below; those above belong to other customers of the operator, infected ones among them."""


class Line(msgspec.Struct):
    """A home's connection: a changing IPv4 address in the operator's network, for some an IPv6 /64."""

    network: str
    changes_every: int  # days; 0: a fixed address
    network_v6: str
    ip: str = ""

    def today(self, day: int, rng: random.Random) -> str:
        if not self.ip or (self.changes_every and day % self.changes_every == 0):
            self.ip = f"{self.network}.{rng.randrange(1, HOMES_BELOW)}"
        return self.ip


class Journey(msgspec.Struct, frozen=True):
    """Days abroad: a hotel's address; the telephone keeps the carrier of its home."""

    first: int
    last: int
    hotel: str


class Surroundings(msgspec.Struct, frozen=True):
    """What people share."""

    offices: tuple[str, ...]  # one NAT address each
    carriers: tuple[tuple[str, ...], ...]  # the NAT addresses of each carrier
    vpn_exits: tuple[str, ...]
    webmail: str
    hotels: tuple[str, ...]  # conference hotels that several people stay in


class Person:
    """One account: where its clients are, when they log in, what it sends."""

    def __init__(
        self,
        account: str,
        line: Line,
        around: Surroundings,
        mail: Correspondence,
        rng: random.Random,
        days: int,
    ) -> None:
        self.account = account
        self.rng = rng
        self.mail = mail
        self.line = line
        self._around = around
        self.office = rng.choice(around.offices) if rng.random() < 0.6 else ""
        self._carrier = rng.choice(around.carriers)
        self._polls = rng.random() < 0.08
        self._phone = rng.random() < 0.85
        self._webmail = rng.random() < 0.15
        self._vpn = rng.choice(around.vpn_exits) if rng.random() < 0.03 else ""
        self._busy = rng.uniform(0.5, 1.6)
        self._journey = self._plan(days)
        self.password = 0
        self._changes_on = rng.randrange(2 * days) if rng.random() < 0.25 else -1
        self.sends_from: list[tuple[float, str]] = []

    def _plan(self, days: int) -> Journey | None:
        if self.rng.random() >= 0.15:
            return None
        first = self.rng.randrange(days)
        return Journey(first, first + self.rng.randrange(1, 6), self.rng.choice(self._around.hotels))

    def day(self, day: int) -> Iterator[Traced]:
        rng = self.rng
        rest = day % 7 >= 5
        travels = self._journey is not None and self._journey.first <= day <= self._journey.last
        if rest and rng.random() < 0.4 and not travels:
            return
        share = self._busy * (_WEEKEND if rest else 1.0)
        place = self._journey.hotel if travels and self._journey else self._desk(day, rest)
        self.sends_from = []
        if day == self._changes_on:
            self.password += 1
            yield from self._stale_phone(day)
        yield from self._desktop(day, share, place)
        if self._phone:
            yield from self._telephone(day, share)
        if self._webmail:
            for second in self._times(2.0 * share):
                yield from self._login(day, second, "imap", self._around.webmail)
        yield from self._send(day, share, place)

    def _desk(self, day: int, rest: bool) -> str:
        if self.office and not rest and self.rng.random() < 0.75:
            return self.office
        if self._vpn and self.rng.random() < 0.3:
            return self._vpn
        return self.home(day)

    def home(self, day: int) -> str:
        """The address at home, of the day's IPv6 privacy address or of IPv4."""
        if self.line.network_v6 and self.rng.random() < 0.6:
            return address_v6(self.line.network_v6, self.rng)
        return self.line.today(day, self.rng)

    def mobile(self) -> str:
        """An address of the carrier's NAT, another one at each connection."""
        return self.rng.choice(self._carrier)

    def _times(self, mean: float) -> list[float]:
        """Seconds of a day at which something happens, about ``mean`` of them."""
        count = int(mean + self.rng.random())
        hours = self.rng.choices(range(24), _HOURS, k=count)
        return [3600 * (hour + self.rng.random()) for hour in hours]

    def _desktop(self, day: int, share: float, place: str) -> Iterator[Traced]:
        for second in self._times(6 * share):
            yield from self._login(day, second, "imap", place)
        if self._polls and share > _WEEKEND:
            second = 3600 * self.rng.uniform(7, 10)
            for _ in range(self.rng.randrange(20, 34)):  # Every quarter of an hour while the computer runs.
                yield from self._login(day, second, "pop3", place)
                second += 900

    def _telephone(self, day: int, share: float) -> Iterator[Traced]:
        """Connects anew whenever the network changes; a flaky one makes it connect several times in a row."""
        for second in self._times(9 * share):
            where = self.rng.random()
            ip = (
                self.office
                if where < 0.3 and self.office
                else self.home(day)
                if where < 0.6
                else self.mobile()
            )
            for again in range(self.rng.choices((1, 2, 5), (85, 12, 3))[0]):
                yield from self._login(day, min(second + 7 * again, 86_399), "imap", ip)

    def _stale_phone(self, day: int) -> Iterator[Traced]:
        """The password was changed at the desk, and the telephone goes on with the old one for hours."""
        second = 3600 * self.rng.uniform(8, 14)
        until = second + 3600 * self.rng.choice((0.2, 1, 4, 9))
        every = self.rng.choice((180, 300, 900))
        ip = self.mobile()
        while second < min(until, 86_400):
            if self.rng.random() < 0.05:
                ip = self.mobile() if self.rng.random() < 0.5 else self.home(day)
            yield self._tried(day, second, "imap", ip, self.account, Outcome.FAILURE, self.password - 1)
            second += every

    def _login(self, day: int, second: float, protocol: str, ip: str) -> Iterator[Traced]:
        if self.rng.random() < TYPING_ERROR:
            for _ in range(self.rng.choices((1, 2, 4), (70, 25, 5))[0]):
                second -= self.rng.uniform(3, 20)
                wrong = self.rng.random()
                yield self._tried(day, max(second, 0), protocol, ip, self.account, Outcome.FAILURE, wrong)
            second = min(second + 60, 86_399)
        if self.rng.random() < WRONG_NAME:
            name = mistyped(self.account, self.rng)
            yield self._tried(
                day, max(second - 9, 0), protocol, ip, name, Outcome.UNKNOWN_USER, self.password
            )
        yield self._tried(day, second, protocol, ip, self.account, Outcome.SUCCESS, self.password)

    def _tried(
        self, day: int, second: float, protocol: str, ip: str, name: str, outcome: Outcome, password: object
    ) -> Traced:
        return login(at(day, second), protocol, name, ip, outcome, password), HONEST

    def _send(self, day: int, share: float, place: str) -> Iterator[Traced]:
        for second in self._times(3.0 * share):
            ip = self.mobile() if self._phone and self.rng.random() < 0.2 else place
            yield self._tried(day, second, "submission", ip, self.account, Outcome.SUCCESS, self.password)
            yield self.mail.message(at(day, second + 1), ip), HONEST


def surroundings(people: int, places: Places, rng: random.Random) -> Surroundings:
    """Offices of about 60 people, three carriers with one NAT address for 40 people, hotels, exits of VPNs."""
    carriers = []
    for _ in range(3):
        network = places.network("DE")
        carriers.append(tuple(f"{network}.{last}" for last in range(1, 2 + min(250, people // 40))))
    return Surroundings(
        tuple(places.address("DE", rng) for _ in range(max(2, people // 100))),
        tuple(carriers),
        tuple(f"{places.network(country)}.{VPN_EXIT}" for country in ("NL", "US", "SE", "DE")),
        places.address("DE", rng),
        tuple(places.address(rng.choice(ABROAD), rng) for _ in range(max(6, people // 20))),
    )


def population(
    accounts: Sequence[str], around: Surroundings, places: Places, seed: int, days: int
) -> list[Person]:
    """The people; every fifth shares a home with the one before."""
    people: list[Person] = []
    operators: list[str] = []
    for number, account in enumerate(accounts):
        rng = rng_for(seed, "person", number)
        if people and rng.random() < 0.2:
            line = people[-1].line
        else:
            v6 = places.network_v6() if rng.random() < 0.35 else ""
            line = Line(_home_network(operators, places, rng), rng.choice((0, 0, 1, 7)), v6)
        people.append(Person(account, line, around, Correspondence(account, accounts, rng), rng, days))
    return people


def _home_network(known: list[str], places: Places, rng: random.Random) -> str:
    """A network of an operator, shared by about ten homes."""
    if not known or rng.random() < 0.1:
        known.append(places.network("DE" if rng.random() < 0.9 else rng.choice(("AT", "CH", "FR", "CN"))))
    return rng.choice(known[-20:])
