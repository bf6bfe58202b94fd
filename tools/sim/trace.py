"""The whole trace: all actors, day by day, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from tools.sim import attacks
from tools.sim.attacks import Attack, Scene
from tools.sim.model import DOMAIN, Actor, Traced, TraceSettings, family_of, rng_for
from tools.sim.names import EXISTING_ROLES, people_names
from tools.sim.people import population, surroundings
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
        scene = Scene(places, accounts, exists, days)
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
        add("stuffing", number, "imap", lambda s, r, size=size: attacks.stuffing(s, r, size))  # type: ignore[misc]
    for number, (size, names) in enumerate(BOTNETS):
        add("botnet", number, "submission", lambda s, r, a=size, n=names: attacks.botnet(s, r, a, n))  # type: ignore[misc]
    for number in range(3):
        add("neighbours", number, "imap" if number else "submission", attacks.neighbours)
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
        stolen = family == "compromised"
        key = event.account if stolen and isinstance(event, SendEvent) else event.ip
        if key and key not in self._found:
            name = {"account": key} if key == event.account else {"ip": key}
            self._found[key] = Truth(family, actor, event.seen_at.isoformat(), **name)

    def lines(self) -> Iterator[bytes]:
        """JSON lines, in the order of the first event."""
        for truth in self._found.values():
            yield msgspec.json.encode(truth) + b"\n"
