"""The threads in which messages are analysed.

They are few and their own: a slow message holds up other messages, never the stores and loops, which share
the event loop's default threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

THREADS: Final = 4
"""One interpreter runs one of them at a time; more than one lets a short message pass a long one."""


class AnalysisThreads:
    """A bounded pool; its threads start when they are needed. With none, the loop's own thread does the work."""

    def __init__(self, count: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="analysis") if count else None

    async def run(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        """The result of ``work``, whose errors are raised as they are."""
        if self._pool is None:
            return work(*arguments, **named)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: work(*arguments, **named))

    def close(self) -> None:
        """Waits for what is running; what has not begun is given up."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
