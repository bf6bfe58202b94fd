"""Answers kept in memory for their time to live, and one question asked once at a time."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from mailrisk.model.facts import Fact, FactKey

Ask = Callable[[FactKey], Awaitable[tuple[Fact, float]]]
"""A question -> its answer, and for how many seconds that may be kept. Must not raise."""


class Remembered:
    """A bounded cache in front of ``ask``; what was used longest ago goes first when it is full.

    Lives in the process alone: a restart forgets it, and nothing in the ledger depends on it.
    """

    def __init__(self, ask: Ask, size: int, now: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._size = size
        self._now = now
        self._held: OrderedDict[FactKey, tuple[float, Fact]] = OrderedDict()
        self._running: dict[FactKey, asyncio.Task[Fact]] = {}

    async def lookup(self, key: FactKey) -> Fact:
        """The answer, from memory while it lives; those who ask the same meanwhile share one question."""
        held = self._held.get(key)
        if held is not None and held[0] > self._now():
            self._held.move_to_end(key)
            return held[1]
        task = self._running.get(key)
        # A command runs one event loop after another, and a task belongs to its loop.
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.ensure_future(self._fetch(key))
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def _fetch(self, key: FactKey) -> Fact:
        fact, lives_s = await self._ask(key)
        self._held[key] = (self._now() + lives_s, fact)
        while len(self._held) > self._size:
            self._held.popitem(last=False)
        return fact

    def _forget(self, key: FactKey, task: asyncio.Task[Fact]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
