"""How many large bodies are held in memory at a time.

A body may have 64 MiB, and stays in memory until its request is answered. Beyond MOST of them a request
waits before its body is read (the client is slowed down, not refused) and is told to come again when no
slot is free in time. Requests without a valid key never come so far: their bodies are not read.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar.types import ASGIApp

from mailrisk.model.errors import Unavailable

LARGE: Final = 1024 * 1024
"""Bytes from which on a body is large."""

MOST: Final = 8
WAIT_S: Final = 30.0


class BodySlots:
    """An ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, most: int = MOST, large: int = LARGE, wait_s: float = WAIT_S) -> None:
        self._app = app
        self._free = asyncio.Semaphore(most)
        self._large = large
        self._wait_s = wait_s

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request. Unavailable is raised where the application reads the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared, size, held = _declared(scope), 0, False

        async def bounded() -> Any:
            nonlocal size, held
            if max(declared, size) > self._large and not held:
                await self._take()
                held = True
            message = await receive()
            size += len(message.get("body", b""))
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            if held:
                self._free.release()

    async def _take(self) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("too many large requests at a time; try again") from None


def _declared(scope: Any) -> int:
    """Bytes that the body has by its header, 0 when it does not say."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(text) if text.isdigit() and len(text) < 20 else 0
