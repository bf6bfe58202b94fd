"""Pure work that needs facts: it is called again and again, and what it asks for is fetched, within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact
from mailrisk.service.context import Context, Lookup

Result = TypeVar("Result")

MAX_ROUNDS = 30
"""Rounds of look-ups for one piece of work: an SPF record may include others, each a round of its own."""


class Budget:
    """Time that several pieces of work share; it starts when it is made."""

    def __init__(self, span: timedelta) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + span.total_seconds()

    def left_s(self) -> float:
        """Seconds left; zero or less when it is spent."""
        return self._deadline - self._loop.time()


async def settle(
    context: Context, work: Callable[[Facts], Result], budget: Budget, rounds: int = MAX_ROUNDS
) -> Result:
    """The result of ``work``, which raises NeedFact for what it lacks.

    What does not come within the budget, or is still asked for after all rounds, is ``temperror``: work is
    always done, and no look-up holds up a verdict for longer than the budget.
    """
    facts = Facts()
    for _ in range(rounds):
        try:
            return await context.analysis.run(work, facts)
        except NeedFact as need:
            await _fetch(context.resolver, facts, need.keys, budget.left_s())
    return await context.analysis.run(work, _Exhausted(facts))


class _Exhausted(Facts):
    """Facts of which the unknown ones are time-outs: the budget is spent."""

    def __init__(self, known: Facts) -> None:
        super().__init__(known.known())

    def get(self, topic: str, name: str, detail: str = "") -> Fact:
        """The fact, ``temperror`` for one that nobody could look up in time."""
        return self.peek(topic, name, detail) or Fact("temperror", "budget spent")


async def _fetch(lookup: Lookup, facts: Facts, keys: Sequence[FactKey], left_s: float) -> None:
    """Looks facts up at the edge, all at once; what does not come in time is ``temperror``."""
    tasks = {key: asyncio.ensure_future(lookup.lookup(key)) for key in keys}
    if left_s > 0:
        await asyncio.wait(tasks.values(), timeout=left_s)
    for key, task in tasks.items():
        if task.done() and not task.cancelled() and task.exception() is None:
            facts.put(key, task.result())
        else:
            task.cancel()
            facts.put(key, Fact("temperror", "no answer in time"))
