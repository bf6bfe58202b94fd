"""Reading pictures: the child process that recognises text, started when the first picture comes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

import msgspec

from mailrisk.edge.ocr.child import PictureAnswer, PictureJob
from mailrisk.edge.opening.job import Gone, receive, send
from mailrisk.edge.opening.pool import start_child
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.file import Picture, ReadPicture

START_S: Final = 60.0
"""Wall time in which the child has to load its models."""

PICTURES_OF_A_CHILD: Final = 300
"""Then a new one: the library keeps the memory of its largest picture."""

REMEMBERED: Final = 500
"""Pictures whose text is kept: a campaign sends the same one to many."""


class OcrReader:
    """The picture reader of ``service/readers.py``. ``close`` ends the child.

    One picture at a time. A child that takes more time or memory than it may is killed, and the next picture gets a new
    one. Pictures are remembered by their content alone.
    """

    def __init__(self, *, wall_s: float = 30.0, cpu_s: int = 20, memory_bytes: int = 3_000_000_000) -> None:
        self._wall_s, self._cpu_s, self._memory_bytes = wall_s, cpu_s, memory_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ocr")
        self._child: _Child | None = None
        self._known: OrderedDict[bytes, PictureAnswer] = OrderedDict()

    async def read(self, picture: Picture) -> ReadPicture:
        """What is written in one picture. BadInput: it cannot be decoded; Unavailable: it could not be read."""
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._thread, self._read, picture.data)
        if answer.problem:
            raise BadInput("picture", answer.problem)
        return ReadPicture(lines=answer.lines, artefact=picture.artefact)

    def _read(self, data: bytes) -> PictureAnswer:
        """Runs in the one thread of this reader."""
        key = sha256(data).digest()
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        answer = self._ask(data)
        if answer.problem:
            return answer
        self._known[key] = answer
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return answer

    def _ask(self, data: bytes) -> PictureAnswer:
        try:
            if self._child is None:
                self._child = _Child(self._memory_bytes)
            answer = self._child.ask(PictureJob(data=data, cpu_s=self._cpu_s), self._wall_s)
        except (Gone, OSError, msgspec.DecodeError):
            self._end()
            raise Unavailable("reading a picture took more time or memory than it may") from None
        if self._child.pictures >= PICTURES_OF_A_CHILD:
            self._end()
        return answer

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def close(self) -> None:
        """Ends the child."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._end()


class _Child:
    """One process and the connection to it."""

    def __init__(self, memory_bytes: int) -> None:
        self.pictures = 0
        self._connection, theirs = socket.socketpair()
        try:
            self._process = start_child("mailrisk.edge.ocr.child", theirs)
        finally:
            theirs.close()
        send(self._connection, msgspec.msgpack.encode(memory_bytes), time.monotonic() + START_S)

    def ask(self, job: PictureJob, wall_s: float) -> PictureAnswer:
        """The answer for one picture. Gone: none came in time, or the process has ended."""
        deadline = time.monotonic() + wall_s + (START_S if not self.pictures else 0.0)
        self.pictures += 1
        send(self._connection, msgspec.msgpack.encode(job), deadline)
        return msgspec.msgpack.decode(receive(self._connection, deadline), type=PictureAnswer)

    def end(self) -> None:
        """Kills the process and waits for it."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
