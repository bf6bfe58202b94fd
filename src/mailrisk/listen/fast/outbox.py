"""Answers of one turn of the event loop, written when all of them are made.

uvloop writes at once, and the kernel may give the processor to whoever waits for that answer before the next one
is begun. With many clients on the same machine that was every fourth look-up, which then began again with cold
caches: a fifth of its time.

When all is written, whoever waits for this processor may have it. Else the kernel takes it away some turns later, with
answers half made, and their clients wait for a whole slice of somebody else's time: that made the slowest one in a hundred.
"""

from __future__ import annotations

import asyncio
import os


class Outbox:
    """What one process has to send. Whoever else writes to a connection, or closes it, calls ``flush`` first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def add(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, data: bytes) -> None:
        """Sends ``data`` before the loop waits for the network again."""
        if not self._waiting:
            loop.call_soon(self.flush)
        self._waiting.append((transport, data))

    def flush(self) -> None:
        """Sends what waits, in the order in which it came."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)
        os.sched_yield()
