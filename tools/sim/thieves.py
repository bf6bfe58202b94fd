"""Stolen accounts: how the thief gets in, tries the mailbox out, and sends."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tools.sim.attacks import Scene
from tools.sim.mail import outside, sent
from tools.sim.model import DAY_S, Traced, at, login
from tools.sim.people import Person

from mailrisk.model.events import Outcome


class Thief:
    """One stolen account. A quarter are guessed by an attacking address, the others were phished elsewhere."""

    def __init__(self, number: int, victim: Person, scene: Scene, rng: random.Random) -> None:
        self._name = f"compromised#{number}"
        self._victim = victim
        self._rng = rng
        self._scene = scene
        self.account = victim.account
        self._days: dict[int, list[Traced]] = {}
        self._play()

    def day(self, day: int) -> Iterator[Traced]:
        yield from self._days.pop(day, ())

    def _put(self, second: float, *traced: Traced) -> None:
        self._days.setdefault(int(second // DAY_S), []).extend(traced)

    def _login(self, second: float, ip: str, outcome: Outcome, account: str, password: object) -> None:
        self._put(second, (login(at(0, second), "submission", account, ip, outcome, password), self._name))

    def _play(self) -> None:
        rng, days = self._rng, self._scene.days
        second = rng.uniform(0.35, 0.75) * days * DAY_S
        ip = self._scene.hostile(rng)
        if rng.random() < 0.25:
            second = self._guess(second, ip)
        self._login(second, ip, Outcome.SUCCESS, self.account, 0)
        if rng.random() < 0.75:
            second += rng.uniform(30, 7200)
            self._message(second, ip, (outside(rng),), rng.randrange(300, 1500))
        second += rng.choice((120.0, 3600.0, DAY_S, 3 * DAY_S)) * rng.uniform(0.8, 1.2)
        self._send(second, ip)

    def _guess(self, second: float, ip: str) -> float:
        """The address fails on others and on this account before it gets in."""
        others = self._rng.sample(self._scene.accounts, 20)
        for number in range(60):
            name = self.account if number % 4 == 0 else others[number % len(others)]
            self._login(second, ip, Outcome.FAILURE, name, f"guess {number}")
            second += self._rng.uniform(1, 20)
        return second

    def _send(self, second: float, ip: str) -> None:
        """Spam to strangers, or phishing to colleagues; from one address, three or a dozen."""
        rng = self._rng
        ips = [ip, *(self._scene.hostile(rng) for _ in range(rng.choice((0, 0, 2, 11))))]
        inside = rng.random() < 0.25
        every = rng.choice((2.0, 15.0, 90.0))
        each = rng.choice((1, 1, 5, 30))
        for number in range(rng.randrange(60, 250)):
            second += every * rng.uniform(0.5, 1.5)
            source = ips[number % len(ips)]
            self._login(second, source, Outcome.SUCCESS, self.account, 0)
            to = self._recipients(each, inside)
            self._message(second + 0.5, source, to, rng.randrange(2_000, 40_000))
            if not inside and rng.random() < 0.2 * each:
                self._bounce(second + 20, max(1, round(0.2 * each)))

    def _recipients(self, count: int, inside: bool) -> tuple[str, ...]:
        if inside:
            return tuple(self._rng.sample(self._scene.accounts, count))
        return tuple(outside(self._rng) for _ in range(count))

    def _message(self, second: float, ip: str, to: tuple[str, ...], size: int) -> None:
        self._put(second, (sent(at(0, second), self.account, ip, to, size), self._name))

    def _bounce(self, second: float, bounced: int) -> None:
        event = sent(at(0, second), self.account, "", (), 0, bounced)
        self._put(second, (event, f"{self._name}:bounce"))


def thieves(victims: Sequence[Person], scene: Scene, rngs: Sequence[random.Random]) -> list[Thief]:
    """One thief for each victim."""
    pairs = zip(victims, rngs, strict=True)
    return [Thief(number, victim, scene, rng) for number, (victim, rng) in enumerate(pairs)]
