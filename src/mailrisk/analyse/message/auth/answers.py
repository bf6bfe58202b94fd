"""DNS answers as facts: ``("dns", name, rrtype)``.

Values: TXT a tuple of byte strings, one a record, its character-strings joined (RFC 7208 §3.3); A, AAAA
and PTR tuples of text; MX a tuple of (preference, host). ``absent`` carries ``nxdomain`` when the name
does not exist at all and ``nodata`` when it exists without such a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact

Result = TypeVar("Result")


def dns_key(name: str, rrtype: str) -> FactKey:
    """The fact key of a DNS question; names are compared without case and trailing dot."""
    return FactKey("dns", name.lower().rstrip("."), rrtype)


def askable(name: str) -> bool:
    """True if a resolver can be asked for this name at all (RFC 1035 §2.3.4)."""
    labels = name.rstrip(".").split(".")
    return len(name) <= 253 and all(0 < len(label) <= 63 for label in labels)


class Answers:
    """Asks the facts, and remembers every question without an answer.

    Several protocols run one after the other on what is known; what all of them lack is then asked for
    together, so that a message costs few rounds.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.missing: dict[FactKey, None] = {}

    def get(self, name: str, rrtype: str) -> Fact:
        """The answer; NeedFact when nobody asked yet. A name that cannot exist is absent."""
        if not askable(name):
            return Fact("absent", "nxdomain")
        return self._facts.get(*dns_key(name, rrtype))

    def peek(self, name: str, rrtype: str) -> Fact | None:
        """The answer if it is known."""
        return self.get(name, rrtype) if not askable(name) else self._facts.peek(*dns_key(name, rrtype))

    def want(self, questions: Iterable[tuple[str, str]]) -> None:
        """Notes questions that will be asked later, unless they are answered already."""
        for name, rrtype in questions:
            # get() and not peek(): when the budget is spent, the caller's facts answer everything.
            try:
                self.get(name, rrtype)
            except NeedFact as need:
                self.missing.update(dict.fromkeys(need.keys))

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """What the step returns, or None (and its questions noted) when it lacks an answer."""
        try:
            return step()
        except NeedFact as need:
            self.missing.update(dict.fromkeys(need.keys))
            return None

    def settle(self) -> None:
        """Asks for everything that is missing so far. Raises NeedFact if there is anything."""
        if self.missing:
            raise NeedFact(*self.missing)


def texts(fact: Fact) -> tuple[bytes, ...]:
    """The TXT records of an answer; empty unless found."""
    return tuple(fact.value) if fact.status == "found" else ()
