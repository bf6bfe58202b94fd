"""Scans of pages that visits are held for: each page once at a time, remembered for a while."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from mailrisk.service.context import Context
from mailrisk.service.scan_url import scan_urls
from mailrisk.service.visit_check import Found, of_answer

logger = logging.getLogger(__name__)

MAX_SCANS: Final = 50
MAX_SCANNED: Final = 5_000
SCANNED_HOLDS_S: Final = 300.0

Key = tuple[int, str]
"""Tenant and URL."""


class Scans:
    """Everything happens in the event loop's thread."""

    def __init__(self, context: Context, wait_s: float) -> None:
        """``wait_s``: how long ``found`` waits for a scan."""
        self._context, self._wait_s = context, wait_s
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._done: OrderedDict[Key, tuple[float, Found | None]] = OrderedDict()

    def known(self, key: Key) -> Found | None:
        """What the last scan said; None: nothing, or there was none."""
        return self._done.get(key, (0.0, None))[1]

    async def found(self, key: Key) -> tuple[bool, Found | None]:
        """(whether the scan is done, what it said; None if it failed). One that is not done goes on."""
        known = self._done.get(key)
        if known is None or known[0] < self._now():
            task = self._running.get(key)
            if task is None:
                if len(self._running) >= MAX_SCANS:
                    return False, None
                task = self._running[key] = asyncio.ensure_future(self._scan(key))
            done, _ = await asyncio.wait((task,), timeout=self._wait_s)
            if not done:
                return False, None
        return True, self.known(key)

    async def _scan(self, key: Key) -> None:
        found = None
        try:
            found = of_answer((await scan_urls(self._context, [key[1]], key[0]))[0])
        except Exception:
            logger.exception("a page could not be scanned")
        finally:
            del self._running[key]
            while len(self._done) >= MAX_SCANNED:
                self._done.popitem(last=False)
            self._done[key] = (self._now() + SCANNED_HOLDS_S, found)

    def _now(self) -> float:
        return self._context.clock().timestamp()
