"""The child processes that open files, kept by the service.

A child that uses more time or memory than it may is killed, and the next job gets a new one. What it was doing is
told as cut, never as clean. Threads wait for the children, so that any event loop may ask.
"""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from queue import LifoQueue
from typing import Final

import msgspec

from mailrisk.collect.files.open import Opened
from mailrisk.edge.children import start_child
from mailrisk.edge.opening.job import Gone, Job, Setting, receive, send

CHILDREN: Final = 2
JOBS_OF_A_CHILD: Final = 1_000
"""Then a new one: libraries lose memory."""

START_S: Final = 30.0
"""Wall time in which a child has to come up."""

KILLED = Opened(
    cuts=("files: opening them took more time or memory than it may, and was given up",),
    failed=True,
    exhausted=True,
)

NOT_STARTED = Opened(cuts=("files: the process that opens them could not be started",), failed=True)
BUSY = Opened(cuts=("files: nobody was free to open them",), failed=True)


class FileOpeners:
    """A pool of children, each started when it is first needed. ``close`` ends them."""

    def __init__(
        self,
        *,
        children: int = CHILDREN,
        wall_s: float = 20.0,
        cpu_s: int = 10,
        memory_bytes: int = 2_000_000_000,
        yara: dict[str, str] | None = None,
    ) -> None:
        self._wall_s, self._cpu_s = wall_s, cpu_s
        self._setting = Setting(memory_bytes=memory_bytes, yara=yara or {})
        self._threads = ThreadPoolExecutor(children, thread_name_prefix="files")
        self._free: LifoQueue[_Child | None] = LifoQueue()
        for _ in range(children):
            self._free.put(None)

    async def open(self, job: Job) -> Opened:
        """What is in the files of one message; ``failed`` when they could not be looked at to the end.

        Whoever finds no child free for as long as three messages may take is told so: mail goes on.
        """
        asked = self._threads.submit(self.open_now, job)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(asked), 3 * self._wall_s + START_S)
        except TimeoutError:
            return BUSY

    def open_now(self, job: Job) -> Opened:
        """As ``open``, and waits for it."""
        child = self._free.get()
        try:
            if child is None:
                child = _Child(self._setting)
            answer = child.ask(msgspec.structs.replace(job, cpu_s=self._cpu_s), self._wall_s)
        except (Gone, OSError, msgspec.DecodeError):
            answer = KILLED if child is not None and child.is_up else NOT_STARTED
            if child is not None:
                child.end()
            child = None
        finally:
            if child is not None and child.jobs >= JOBS_OF_A_CHILD:
                child.end()
                child = None
            self._free.put(child)
        return answer

    def close(self) -> None:
        """Ends every child and waits for the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._free.empty():
            child = self._free.get()
            if child is not None:
                child.end()


class _Child:
    """One process and the connection to it."""

    def __init__(self, setting: Setting) -> None:
        self.jobs = 0
        self._connection, theirs = socket.socketpair()
        try:
            self._process = start_child("mailrisk.edge.opening.child", theirs)
        finally:
            theirs.close()
        send(self._connection, msgspec.msgpack.encode(setting), time.monotonic() + START_S)
        self.is_up = False

    def ask(self, job: Job, wall_s: float) -> Opened:
        """The answer to one job. Gone: none came in time, or the process has ended."""
        if not self.is_up:
            receive(self._connection, time.monotonic() + START_S)
            self.is_up = True
        deadline = time.monotonic() + wall_s
        self.jobs += 1
        send(self._connection, msgspec.msgpack.encode(job), deadline)
        return msgspec.msgpack.decode(receive(self._connection, deadline), type=Opened)

    def end(self) -> None:
        """Kills the process and waits for it."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
