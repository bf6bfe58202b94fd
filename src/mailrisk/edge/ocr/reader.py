"""Reading pictures: the child process that recognises text, started when the first picture comes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

import msgspec

from mailrisk.edge.children import Child
from mailrisk.edge.ocr.child import PictureAnswer, PictureJob
from mailrisk.edge.opening.job import Gone
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
        self._child: Child | None = None
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
                setting = msgspec.msgpack.encode(self._memory_bytes)
                self._child = Child("mailrisk.edge.ocr.child", setting, START_S)
            job = msgspec.msgpack.encode(PictureJob(data=data, cpu_s=self._cpu_s))
            answer = msgspec.msgpack.decode(self._child.ask(job, self._wall_s), type=PictureAnswer)
        except (Gone, OSError, msgspec.DecodeError):
            self._end()
            raise Unavailable("reading a picture took more time or memory than it may") from None
        if self._child.jobs >= PICTURES_OF_A_CHILD:
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
