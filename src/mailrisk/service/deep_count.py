"""How often slow stages were wanted and done, and how many messages may be in one at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from mailrisk.model.errors import Unavailable

MOST_WAITING: Final = 16
"""Messages that wait for one that is in a stage; those that come later do without the stage at once."""


class DeepStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Since this process started: messages judged, those whose first verdict was uncertain, stages by name."""

    messages: int
    in_band: int
    done: dict[str, int]
    missing: dict[str, int]


class DeepCount:
    """Counts in memory. All of it happens in the event loop's thread."""

    def __init__(self) -> None:
        self._messages = 0
        self._in_band = 0
        self._done: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()

    def add(self, in_band: bool, done: tuple[str, ...], missing: tuple[str, ...]) -> None:
        """One message with the slow stages that were done, and those that were wanted in vain."""
        self._messages += 1
        self._in_band += in_band
        self._done.update(done)
        self._missing.update(missing)

    def status(self) -> DeepStatus:
        """The counts so far."""
        return DeepStatus(
            messages=self._messages,
            in_band=self._in_band,
            done=dict(sorted(self._done.items())),
            missing=dict(sorted(self._missing.items())),
        )


class Turns:
    """Semaphores by name. One belongs to its event loop, and a command runs one loop after another."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Semaphore]] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, name: str, at_once: int) -> AsyncIterator[None]:
        """Lets ``at_once`` through. Unavailable: MOST_WAITING for each of them wait already."""
        semaphore = self._of(name, at_once)
        if self._waiting[name] >= MOST_WAITING * at_once:
            raise Unavailable("too many messages wait for it")
        self._waiting[name] += 1
        try:
            await semaphore.acquire()
        finally:
            self._waiting[name] -= 1
        try:
            yield
        finally:
            semaphore.release()

    def _of(self, name: str, at_once: int) -> asyncio.Semaphore:
        """The semaphore of that name in the running loop."""
        loop = asyncio.get_running_loop()
        known = self._held.get(name)
        if known is None or known[0] is not loop:
            known = self._held[name] = (loop, asyncio.Semaphore(at_once))
            self._waiting[name] = 0
        return known[1]
