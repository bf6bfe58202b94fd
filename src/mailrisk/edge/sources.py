"""Every edge that finds facts, behind one look-up: the topic of the question says who answers."""

from __future__ import annotations

from collections.abc import Mapping

from mailrisk.edge.resolver import Resolver
from mailrisk.model.facts import Fact, FactKey


class Sources:
    """Hands a question to the source for its topic; ``not-checked`` where there is none."""

    def __init__(self, by_topic: Mapping[str, Resolver]) -> None:
        self._by_topic = dict(by_topic)

    async def lookup(self, key: FactKey) -> Fact:
        """The source's answer. Never raises, as the sources never do."""
        source = self._by_topic.get(key.topic)
        return Fact("not-checked") if source is None else await source.lookup(key)
