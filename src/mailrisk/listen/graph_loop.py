"""Pulls sign-ins from Microsoft Graph while the server runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mailrisk.service.graph_pull import GraphPull

logger = logging.getLogger(__name__)

LONGEST_S = 900.0


async def graph_loop(
    pull: GraphPull, every_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Pulls every ``every_s`` seconds, for ever; after failures less and less often."""
    while True:
        try:
            await pull.pull()
        except Exception:
            logger.exception("the loop of sign-ins failed; it tries again")
        await sleep(min(every_s * 2 ** min(pull.state.failures, 6), max(every_s, LONGEST_S)))
