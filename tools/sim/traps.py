"""Honest oddities that look like attacks. Each is labelled ``trap:name``; nothing here may be blocked or flagged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from tools.sim.mail import outside, sent
from tools.sim.model import DAY_S, DOMAIN, Traced, at, login
from tools.sim.people import Person, Surroundings
from tools.sim.places import Places

from mailrisk.model.events import Outcome

Days = Callable[[int], Iterator[Traced]]


class Trap:
    """An honest oddity from a function that gives the events of a day."""

    def __init__(self, days: Days) -> None:
        self.day = days


def stale_device(name: str, ip: str, account: str, first: int, repeats: int, every: float) -> Days:
    """One device with one old password that tries again and again, ``repeats`` times in all."""
    per_day = int(DAY_S / every)

    def days(day: int) -> Iterator[Traced]:
        done = (day - first) * per_day
        if day < first:
            return
        for number in range(max(0, min(per_day, repeats - done))):
            when = at(day, number * every)
            yield login(when, "imap", account, ip, Outcome.FAILURE, "old"), f"trap:{name}"

    return days


def departed(account: str, ip: str, first: int) -> Days:
    """The account of somebody who left is deleted, and a telephone goes on asking for it for weeks."""

    def days(day: int) -> Iterator[Traced]:
        if day < first:
            return
        for number in range(72):
            when = at(day, 1200 * number + 7)
            yield login(when, "imap", account, ip, Outcome.UNKNOWN_USER, "left"), "trap:departed"

    return days


def probe(ip: str, expires_on: int) -> Days:
    """A monitor logs in every five minutes, and each hour sees that a wrong name is refused; once its password
    is expired for two days."""

    def days(day: int) -> Iterator[Traced]:
        name, wrong = f"monitor@{DOMAIN}", f"no-such-account@{DOMAIN}"
        expired = expires_on <= day < expires_on + 2
        outcome = Outcome.FAILURE if expired else Outcome.SUCCESS
        for number in range(288):
            second = 300 * number + 11
            yield login(at(day, second), "imap", name, ip, outcome, "watch"), "trap:probe"
            if number % 12 == 0:
                yield login(at(day, second + 1), "imap", wrong, ip, Outcome.UNKNOWN_USER, "no"), "trap:probe"

    return days


def migration(ip: str, accounts: Sequence[str], on: int, rng: random.Random) -> Days:
    """Mailboxes are copied by night from one address; in the list three of a hundred passwords are out of date."""

    def days(day: int) -> Iterator[Traced]:
        if day != on:
            return
        second = 3600.0
        for account in accounts:
            wrong = rng.random() < 0.03
            outcome = Outcome.FAILURE if wrong else Outcome.SUCCESS
            for _ in range(3 if wrong else 1):
                second += rng.uniform(2, 15)
                yield login(at(day, second), "imap", account, ip, outcome, "list"), "trap:migration"

    return days


def reset_day(people: Sequence[Person], on: int, rng: random.Random) -> Days:
    """An office gets new passwords at once: for some hours all telephones fail, in the office and behind carrier NAT."""

    def days(day: int) -> Iterator[Traced]:
        if day != on:
            return
        for person in people:
            second, until = 3600 * 7.5, 3600 * rng.uniform(8, 12)
            while second < until:
                ip = person.office if rng.random() < 0.6 else person.mobile()
                event = login(at(day, second), "imap", person.account, ip, Outcome.FAILURE, "before")
                yield event, "trap:reset-day"
                second += rng.choice((120, 300, 900))

    return days


def shared_mailbox(account: str, people: Sequence[Person], on: int, rng: random.Random) -> Days:
    """A dozen people read one mailbox; its password is changed, and all their devices fail for most of a day."""

    def days(day: int) -> Iterator[Traced]:
        for person in people:
            places = (person.office or person.home(day), person.home(day), person.mobile())
            for second in sorted(3600 * rng.uniform(7, 20) for _ in range(8)):
                stale = day == on and second < 3600 * rng.uniform(12, 19)
                outcome = Outcome.FAILURE if stale else Outcome.SUCCESS
                password = "old" if stale or day < on else "new"
                event = login(at(day, second), "imap", account, rng.choice(places), outcome, password)
                yield event, "trap:shared-mailbox"

    return days


def strayed(account: str, ip: str, first: int) -> Days:
    """Somebody's mail program asks this server for an account of another one, every half hour, and nobody minds."""

    def days(day: int) -> Iterator[Traced]:
        for number in range(48 if day >= first else 0):
            event = login(at(day, 1800 * number + 90), "imap", account, ip, Outcome.UNKNOWN_USER, "theirs")
            yield event, "trap:strayed"

    return days


def mail_merge(person: Person, on: int, recipients: int, rng: random.Random) -> Days:
    """Greetings to a whole customer list before a holiday, from the desk, three of a hundred addresses out of date."""

    def days(day: int) -> Iterator[Traced]:
        if day != on:
            return
        ip, second = person.office or person.home(day), 3600 * 10.0
        for _ in range(recipients):
            second += rng.uniform(1, 4)
            event = login(at(day, second), "submission", person.account, ip, Outcome.SUCCESS, person.password)
            yield event, "trap:mail-merge"
            to = (outside(rng),)
            yield sent(at(day, second + 0.3), person.account, ip, to, 24_000), "trap:mail-merge"
            if rng.random() < 0.03:
                yield sent(at(day, second + 9), person.account, "", (), 0, 1), "trap:mail-merge:bounce"

    return days


def new_telephone(person: Person, on: int, rng: random.Random) -> Days:
    """Somebody sets up a new telephone behind carrier NAT, and remembers the password at the ninth try."""

    def days(day: int) -> Iterator[Traced]:
        if day != on:
            return
        second, ip = 3600 * rng.uniform(17, 22), person.mobile()
        for number in range(8):
            second += rng.uniform(5, 40)
            event = login(at(day, second), "imap", person.account, ip, Outcome.FAILURE, f"maybe {number}")
            yield event, "trap:new-telephone"
        event = login(at(day, second + 30), "imap", person.account, ip, Outcome.SUCCESS, person.password)
        yield event, "trap:new-telephone"

    return days


def traps(
    people: Sequence[Person], around: Surroundings, places: Places, rng: random.Random, days: int
) -> list[Trap]:
    """All of them; their number does not grow with the population."""
    office = around.offices
    found: list[Days] = [
        stale_device("stale-office", office[0], people[0].account, days // 5, 10_000, 60.0),
        stale_device("stale-home", places.address("DE", rng), people[1].account, days // 4, 4_000, 300.0),
        probe(places.address("NL", rng), days * 2 // 5),
        probe(places.address("US", rng), days),
        migration(places.address("DE", rng), [one.account for one in people[:150]], days // 3, rng),
    ]
    staff = [one for one in people if one.office == office[1]][:60]
    found.append(reset_day(staff, min(days - 1, days // 2), rng))
    for _ in range(4):
        name = f"former{rng.randrange(1000)}@{DOMAIN}"
        found.append(departed(name, rng.choice((office[-1], people[rng.randrange(9)].home(0))), days // 6))
    found.append(shared_mailbox(f"office@{DOMAIN}", people[20:32], days // 2, rng))
    for number in range(8):  # Several of them use the same name: that of their own provider's example.
        name = "info" if number % 2 else f"customer{number}"
        found.append(strayed(f"{name}@example.net", places.address("DE", rng), rng.randrange(days // 2)))
    for size in (80, 250, 600):
        found.append(mail_merge(rng.choice(people), days * 3 // 5, size, rng))
    for _ in range(6):
        found.append(new_telephone(rng.choice(people), rng.randrange(days), rng))
    return [Trap(one) for one in found]
