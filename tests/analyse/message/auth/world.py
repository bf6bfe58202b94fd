"""A small DNS for tests: records by name, CNAMEs followed, and a loop that answers NeedFact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact

Result = TypeVar("Result")
Records = Mapping[str, Sequence[tuple[str, Any]]]
"""Name -> (type, value) pairs; the type ``TIMEOUT`` makes every question about the name fail."""


class World:
    """Answers DNS questions from records, and counts rounds and questions."""

    def __init__(self, records: Records) -> None:
        self._records = {name.lower().rstrip("."): list(values) for name, values in records.items()}
        self.asked: list[FactKey] = []
        self.rounds = 0

    def answer(self, key: FactKey, hops: int = 0) -> Fact:
        """One fact, as edge/resolver.py would give it."""
        values = self._records.get(key.name)
        if values is None:
            below = any(name.endswith(f".{key.name}") for name in self._records)
            return Fact("absent", "nodata" if below else "nxdomain")
        if any(kind == "TIMEOUT" for kind, _ in values):
            return Fact("temperror", "timeout")
        found = tuple(value for kind, value in values if kind == key.detail)
        target = next((value for kind, value in values if kind == "CNAME"), None)
        if not found and target is not None:
            if hops > 10:
                return Fact("temperror", "loop")
            return self.answer(FactKey("dns", target.lower().rstrip("."), key.detail), hops + 1)
        return Fact("found", found) if found else Fact("absent", "nodata")

    def run(self, step: Callable[[Facts], Result], most_rounds: int = 30) -> Result:
        """Calls the step until it has all its facts."""
        facts = Facts()
        for self.rounds in range(1, most_rounds + 1):
            try:
                return step(facts)
            except NeedFact as need:
                for key in need.keys:
                    assert facts.peek(*key) is None, f"{key} is known and was asked again"
                    self.asked.append(key)
                    facts.put(key, self.answer(key))
        raise AssertionError(f"more than {most_rounds} rounds")
