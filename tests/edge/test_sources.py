"""Which source answers which question, and when it is made."""

from __future__ import annotations

import asyncio

from mailrisk.edge.resolver import RecordedResolver
from mailrisk.edge.sources import Source, Sources
from mailrisk.model.facts import Fact, FactKey

KEY = FactKey("dns", "example.org", "NS")


def test_the_topic_says_who_answers_and_a_source_is_made_once_when_it_is_first_asked() -> None:
    made: list[str] = []

    def names() -> Source:
        made.append("dns")
        return RecordedResolver({KEY: Fact("found", ("ns.example",))})

    async def run() -> list[Fact]:
        sources = Sources({"dns": names, "rdap": names})
        assert made == []
        return [await sources.lookup(key) for key in (KEY, KEY, FactKey("certificate", "example.org"))]

    assert [fact.status for fact in asyncio.run(run())] == ["found", "found", "not-checked"]
    assert made == ["dns"]
