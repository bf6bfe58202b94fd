"""What the readers of public authentication suites share: cases, and a DNS made of their records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact

Result = TypeVar("Result")
Zone = Mapping[str, list[tuple[str, Any]]]
"""Name -> (type, value); the type ``TIMEOUT`` stands for a server that does not answer."""


class Case(NamedTuple):
    """One case: its name, the words that are right, and what gives our word."""

    name: str
    wanted: tuple[str, ...]
    run: Callable[[], str]


def answer(zone: Zone, key: FactKey, hops: int = 0) -> Fact:
    """The zone's answer as edge/resolver.py gives it."""
    values = zone.get(key.name)
    if values is None:
        below = any(name.endswith(f".{key.name}") for name in zone)
        return Fact("absent", "nodata" if below else "nxdomain")
    found = tuple(value for kind, value in values if kind == key.detail)
    if not found and any(kind == "TIMEOUT" for kind, _ in values):
        return Fact("temperror", "timeout")
    target = next((value for kind, value in values if kind == "CNAME"), None)
    if not found and target is not None:
        again = FactKey("dns", target.lower().rstrip("."), key.detail)
        return answer(zone, again, hops + 1) if hops < 10 else Fact("temperror", "loop")
    return Fact("found", found) if found else Fact("absent", "nodata")


def settled(zone: Zone, step: Callable[[Facts], Result]) -> Result:
    """The step's result over a zone."""
    facts = Facts()
    for _ in range(40):
        try:
            return step(facts)
        except NeedFact as need:
            for key in need.keys:
                facts.put(key, answer(zone, key))
    raise RuntimeError("more than 40 rounds of questions")


def lower(zone: Mapping[str, list[tuple[str, Any]]]) -> Zone:
    """The zone with names as questions write them."""
    return {name.lower().rstrip("."): list(values) for name, values in zone.items()}
