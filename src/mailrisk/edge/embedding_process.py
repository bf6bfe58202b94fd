"""Embedding in a child process: the model takes a second and 200 MB to load, and the service does not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from mailrisk.edge.children import Child
from mailrisk.edge.embeddings import windows
from mailrisk.edge.opening.job import Gone
from mailrisk.edge.shipped import ships_heads
from mailrisk.model.errors import Unavailable

START_S: Final = 60.0
"""Wall time in which the child has to load its model."""

WALL_S: Final = 10.0
"""Wall time of one text, which costs about 15 ms."""

MEMORY_BYTES: Final = 2_000_000_000


class EmbeddingProcess:
    """The embedder of ``service/readers.py``: one text at a time, in a child that is started when it is needed.

    ``start`` starts it beforehand, ``close`` ends it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        self._child: Child | None = None

    def start(self) -> None:
        """Lets the child come up while nobody waits for it."""
        self._thread.submit(self._read, [])

    async def intents(self, text: str) -> Mapping[str, float]:
        """Label -> calibrated log-odds, of the labels that hold. Unavailable: the model could not be run."""
        cut = windows(text)
        if not cut:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, cut)

    def _read(self, cut: list[str]) -> dict[str, float]:
        """Runs in the one thread of this reader."""
        try:
            if self._child is None:
                self._child = Child(
                    "mailrisk.edge.embedding_child", msgspec.msgpack.encode(MEMORY_BYTES), START_S
                )
            answer = self._child.ask(msgspec.msgpack.encode(cut), WALL_S)
            return msgspec.msgpack.decode(answer, type=dict[str, float])
        except (Gone, OSError, msgspec.DecodeError):
            self._end()
            raise Unavailable("the text could not be embedded") from None

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def close(self) -> None:
        """Ends the child, whatever it is at."""
        if (child := self._child) is not None:
            child.kill()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._end()


def make_embedder() -> EmbeddingProcess | None:
    """The embedder, whose child is not started yet; None where its heads are not shipped."""
    return EmbeddingProcess() if ships_heads("intent_embedding") else None
