"""Every edge that finds facts, behind one look-up: the topic of the question says who answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from mailrisk.model.facts import Fact, FactKey


class Source(Protocol):
    """Answers questions of one topic."""

    async def lookup(self, key: FactKey) -> Fact:
        """The fact; a failure is ``temperror``. Never raises."""


class Sources:
    """Hands a question to the source for its topic; ``not-checked`` where there is none.

    A source is made when it is first asked, because most commands ask none, and what the sources are
    built on takes half a second to import.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Source]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Source] = {}

    async def lookup(self, key: FactKey) -> Fact:
        """The source's answer. Never raises, as the sources never do."""
        source = self._made.get(key.topic)
        if source is None:
            if key.topic not in self._makers:
                return Fact("not-checked")
            # In a thread, so that the import does not hold up others. Whoever comes first has made it.
            made = await asyncio.to_thread(self._makers[key.topic])
            source = self._made.setdefault(key.topic, made)
        return await source.lookup(key)
