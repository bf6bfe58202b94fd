"""The whole trace: all actors, day by day, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec
from tools.sim import attacks
from tools.sim.attacks import Attack, Scene
from tools.sim.model import DOMAIN, Actor, Traced, TraceSettings, family_of, rng_for
from tools.sim.names import EXISTING_ROLES, people_names
from tools.sim.people import HOMES_BELOW, population, surroundings
from tools.sim.places import Places
from tools.sim.thieves import thieves
from tools.sim.traps import traps

from mailrisk.model.events import LoginEvent, Outcome, SendEvent

FAMILIES = ("fast", "slow", "spray", "stuffing", "botnet", "neighbours", "compromised")
"""Seven that attack. The eighth of the issue, the office with a stale password, is the honest ``trap:stale-office``."""

BOTNETS = ((200, 25), (220, 40), (260, 60), (320, 80))
"""(addresses, names on the shared list) of each botnet."""

_COUNTS = {"fast": 40, "slow": 20, "spray": 16, "stuffing": 8}
THIEVES = 24


class Truth(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the truth: an attacking address, or a stolen account."""

    family: str
    actor: str
    first: str  # ISO 8601, of the first event
    ip: str = ""
    account: str = ""


class Trace:
    """A trace from its settings: equal settings make equal traces."""

    def __init__(self, settings: TraceSettings) -> None:
        self.settings = settings
        seed, days = settings.seed, settings.days
        places = Places(rng_for(seed, "places"))
        rng = rng_for(seed, "surroundings")
        accounts = people_names(settings.people, rng_for(seed, "names"))
        self.around = surroundings(settings.people, places, rng)
        self.people = population(accounts, self.around, places, seed, days)
        exists = frozenset((*accounts, *(f"{name}@{DOMAIN}" for name in EXISTING_ROLES)))
        homes = dict.fromkeys(person.line.network for person in self.people)
        infected = [f"{network}.{last}" for network in homes for last in range(HOMES_BELOW, 255, 9)]
        rng.shuffle(infected)
        rented = self.around.vpn_exits[0].rpartition(".")[0]
        scene = Scene(places, accounts, exists, days, infected, rented)
        victims = rng.sample(self.people[10:], max(1, round(THIEVES * min(1.0, settings.attackers))))
        self.stolen = frozenset(person.account for person in victims)
        others = [person for person in self.people if person.account not in self.stolen]
        self._actors: list[Actor] = [*self.people, *traps(others, self.around, places, rng, days)]
        self._actors += _guessers(scene, settings)
        self._actors += thieves(victims, scene, [rng_for(seed, "thief", one.account) for one in victims])

    @property
    def frontends(self) -> frozenset[str]:
        """Addresses that log in for others: the webmail."""
        return frozenset((self.around.webmail,))

    def events(self) -> Iterator[Traced]:
        """Every event with its actor, in the order of time."""
        for day in range(self.settings.days):
            today = [traced for actor in self._actors for traced in actor.day(day)]
            today.sort(key=lambda traced: traced[0].seen_at)
            yield from today if self.settings.tells_unknown else map(_untold, today)


def _untold(traced: Traced) -> Traced:
    """The event as a server reports it that does not tell unknown accounts from wrong passwords."""
    event, actor = traced
    if isinstance(event, LoginEvent) and event.outcome is Outcome.UNKNOWN_USER:
        return msgspec.structs.replace(event, outcome=Outcome.FAILURE), actor
    return traced


def _guessers(scene: Scene, settings: TraceSettings) -> list[Actor]:
    """The six families that guess."""
    made: list[Actor] = []

    def add(family: str, number: int, protocol: str, make: attacks.Plan) -> None:
        rng = rng_for(settings.seed, family, number)
        made.append(Attack(f"{family}#{number}", protocol, make(scene, rng), scene.exists))

    plans: dict[str, attacks.Plan] = {"fast": attacks.fast, "slow": attacks.slow, "spray": attacks.spray}
    for family, plan in plans.items():
        for number in range(max(2, round(_COUNTS[family] * settings.attackers))):
            add(family, number, "submission" if number % 3 else "imap", plan)
    for number in range(max(2, round(_COUNTS["stuffing"] * settings.attackers))):
        size = 60 if number == 0 else 1
        add("stuffing", number, "imap", partial(attacks.stuffing, addresses=size))
    for number, (size, names) in enumerate(BOTNETS):
        add("botnet", number, "submission", partial(attacks.botnet, addresses=size, names=names))
    for number in range(3):
        protocol, rented = ("imap" if number else "submission"), number == 2
        add("neighbours", number, protocol, partial(attacks.neighbours, rented=rented))
    return made


class TruthTable:
    """Collects the truth while a trace is played."""

    def __init__(self) -> None:
        self._found: dict[str, Truth] = {}

    def see(self, traced: Traced) -> None:
        """Takes in one event."""
        event, actor = traced
        family = family_of(actor)
        if not family:
            return
        if event.ip:
            self._note(event.ip, Truth(family, actor, event.seen_at.isoformat(), ip=event.ip))
        sends = isinstance(event, SendEvent) or event.outcome is Outcome.SUCCESS
        if family == "compromised" and sends:
            self._note(event.account, Truth(family, actor, event.seen_at.isoformat(), account=event.account))

    def _note(self, key: str, truth: Truth) -> None:
        self._found.setdefault(key, truth)

    def lines(self) -> Iterator[bytes]:
        """JSON lines, in the order of the first event."""
        for truth in self._found.values():
            yield msgspec.json.encode(truth) + b"\n"
