"""Facts that analysers need and edges look up.

Analysers are pure. One that lacks a fact raises :class:`NeedFact`; the service fetches the fact
at the edge (DNS, page capture, the look-up index) and calls the analyser again. A look-up that
fails is a fact too: its ``status`` is ``temperror`` and the verdict is made without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class FactKey(NamedTuple):
    """What is wanted: ``("dns", "example.org", "TXT")``, ``("listing", "evil.example/a", "")``."""

    topic: str
    name: str
    detail: str = ""


class Fact(NamedTuple):
    """An answer. ``status``: ``found``, ``absent``, ``temperror``, ``permerror`` or ``not-checked``."""

    status: str
    value: Any = None


class NeedFact(Exception):
    """Raised by an analyser for every fact it lacks so far. Never leaves ``service``."""

    def __init__(self, *keys: FactKey) -> None:
        super().__init__(", ".join(map(str, keys)))
        self.keys = keys


class Facts:
    """The facts known so far in one assessment."""

    def __init__(self, known: Mapping[FactKey, Fact] | None = None) -> None:
        self._known: dict[FactKey, Fact] = dict(known or {})

    def get(self, topic: str, name: str, detail: str = "") -> Fact:
        """The fact, or NeedFact when nobody has looked yet."""
        key = FactKey(topic, name, detail)
        fact = self._known.get(key)
        if fact is None:
            raise NeedFact(key)
        return fact

    def peek(self, topic: str, name: str, detail: str = "") -> Fact | None:
        """The fact if it is known, without asking for it."""
        return self._known.get(FactKey(topic, name, detail))

    def known(self) -> Mapping[FactKey, Fact]:
        """All facts known so far."""
        return self._known

    def put(self, key: FactKey, fact: Fact) -> None:
        """Adds a fact that an edge brought back."""
        self._known[key] = fact
