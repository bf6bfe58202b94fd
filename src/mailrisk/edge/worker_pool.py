"""A bounded pool of processes that work through frames, each several at a time: the interpreter has one lock a process.

A frame on the wire is its length, a number that the answer bears too, and the bytes. The pool knows nothing of what is
in them. A process that ends, or takes too long for one frame, is replaced; what it was asked goes to another one
once. A frame that costs two processes their lives is refused: nobody else shall suffer from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from mailrisk.model.errors import Unavailable

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 256 * 1024 * 1024
"""Largest frame that is taken from the other side."""

WALL_S: Final = 180.0
"""Wall time of one frame: look-ups and files have shorter limits of their own."""

CALM_S: Final = 5.0
"""A process that ends sooner than so long after its start is replaced after so long."""

_HEAD: Final = struct.Struct("<QQ")
READY: Final = 0
"""The number under which a process says that it is up."""

Handle = Callable[[bytes], Awaitable[bytes]]


class Lost(Exception):
    """The process has ended before its answer."""


class WorkerPool:
    """``count`` processes of one command, which gets the number of its end of the connection as last argument."""

    def __init__(self, command: Sequence[str], count: int, *, wall_s: float = WALL_S) -> None:
        self._command, self._count, self._wall_s = tuple(command), count, wall_s
        self._up: list[_Worker] = []
        self.wanted = asyncio.Event()

    async def run(self) -> None:
        """Starts the processes at the first question, and keeps them alive until it is cancelled.

        A service that is never asked has no use for their memory.
        """
        await self.wanted.wait()
        await asyncio.gather(*(self._keep() for _ in range(self._count)))

    async def ask(self, frame: bytes) -> bytes | None:
        """The answer of the process that has least to do; None: none is up. Unavailable: it cost two their lives."""
        self.wanted.set()
        for _ in range(2):
            worker = min(self._up, key=lambda one: len(one.waiting), default=None)
            if worker is None:
                return None
            try:
                async with asyncio.timeout(self._wall_s):
                    return await worker.ask(frame)
            except (Lost, TimeoutError):
                worker.end()  # Nobody knows which of its frames it hangs in.
        raise Unavailable("the work took more time or memory than it may")

    @property
    def pids(self) -> list[int]:
        """The processes that are up."""
        return [worker.process.pid for worker in self._up]

    async def _keep(self) -> None:
        """One place of the pool: a process, and another one when that has ended."""
        while True:
            began = time.monotonic()
            worker = _Worker(self._command)
            try:
                await worker.serve(lambda worker=worker: self._up.append(worker))  # type: ignore[misc]
            finally:
                if worker in self._up:
                    self._up.remove(worker)
                worker.end()
            logger.error(
                "a process of the pool ended (%s); another one is started", worker.process.returncode
            )
            await asyncio.sleep(max(0.0, CALM_S - (time.monotonic() - began)))


class _Worker:
    """One process, the connection to it, and who waits for it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self._numbers = itertools.count(READY + 1)
        self._writer: asyncio.StreamWriter | None = None
        self._ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter.
                [*command, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )

    async def serve(self, when_up: Callable[[], None]) -> None:
        """Hands answers to those who wait, until the connection ends."""
        reader, self._writer = await asyncio.open_connection(sock=self._ours)
        try:
            while True:
                number, answer = await _take(reader)
                if number == READY:
                    when_up()
                elif (waiter := self.waiting.pop(number, None)) is not None and not waiter.done():
                    waiter.set_result(answer)
        except (OSError, EOFError, ValueError):
            return
        finally:
            for waiter in self.waiting.values():
                if not waiter.done():
                    waiter.set_exception(Lost())

    async def ask(self, frame: bytes) -> bytes:
        """The answer to one frame. Lost: the process has ended."""
        assert self._writer is not None
        number = next(self._numbers)
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting[number] = waiter
        try:
            self._writer.writelines((_HEAD.pack(len(frame), number), frame))
            await self._writer.drain()
            return await waiter
        except OSError:
            raise Lost from None
        finally:
            self.waiting.pop(number, None)

    def end(self) -> None:
        """Kills the process and waits for it."""
        self._ours.close() if self._writer is None else self._writer.close()
        self.process.kill()
        self.process.wait()


async def _take(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """(number, frame). EOFError: the other side has closed; ValueError: it sends more than anything that is said here."""
    size, number = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if size > MOST_BYTES:
        raise ValueError(f"a frame of {size} bytes")
    return number, await reader.readexactly(size)


async def work(connection: socket.socket, handle: Handle, at_once: int) -> None:
    """The process's side: answers frames with ``handle``, ``at_once`` at a time, until the connection ends."""
    reader, writer = await asyncio.open_connection(sock=connection)
    turns = asyncio.Semaphore(at_once)
    tasks: set[asyncio.Task[None]] = set()

    async def answer(number: int, frame: bytes) -> None:
        try:
            said = await handle(frame)
            writer.writelines((_HEAD.pack(len(said), number), said))
            await writer.drain()
        finally:
            turns.release()

    writer.write(_HEAD.pack(0, READY))
    with contextlib.suppress(OSError, EOFError, ValueError):
        while True:
            await turns.acquire()
            number, frame = await _take(reader)
            task = asyncio.ensure_future(answer(number, frame))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
