"""Very many small rows of one size in as little memory as they have bytes.

Rows are found by their first four bytes. They lie sorted in one buffer; what changed since that was made stands
beside it, and is worked in now and then. The buffer is asked for from outside, so that it can be a file's: a
Python dict of ten million rows takes 1.6 GB that the kernel can never have back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Allocate = Callable[[int], memoryview]
"""A writable buffer of that many bytes (more than 0), which lives as long as somebody holds it."""

LEAST_CHANGED: Final = 50_000
MOST_CHANGED: Final = 250_000
"""Changed prefixes that stand beside the buffer, at 170 bytes each, before they are worked in: a sixteenth of the rows
between these bounds, so that each row is copied some forty times while ten million arrive."""


def anonymous(size: int) -> memoryview:
    """A buffer in the memory of the process."""
    return memoryview(bytearray(size))


class PackedRows:
    """A multimap from a prefix (the first four bytes of a row, big-endian) to its rows of ``width`` bytes."""

    def __init__(self, width: int, allocate: Allocate = anonymous) -> None:
        self._width = width
        self._allocate = allocate
        self._count = 0
        self._buffer = memoryview(b"")
        self._changed: dict[int, bytes] = {}  # prefix -> all its rows now

    def get(self, prefix: int) -> bytes:
        """The rows of a prefix one after the other, b'' when there are none."""
        changed = self._changed.get(prefix)
        return self._stored(prefix) if changed is None else changed

    def set(self, prefix: int, rows: bytes) -> None:
        """Puts the rows of a prefix in place of those that it had."""
        self._changed[prefix] = rows
        if len(self._changed) > min(max(self._count // 16, LEAST_CHANGED), MOST_CHANGED):
            self._merge()

    def packed(self) -> npt.NDArray[np.uint8]:
        """All rows in order, (rows, width). They are a view, to be dropped before the next change."""
        self._merge()
        return np.frombuffer(self._buffer, np.uint8).reshape(self._count, self._width)

    def _stored(self, prefix: int) -> bytes:
        width, buffer = self._width, self._buffer
        key = prefix.to_bytes(4, "big")
        first = bisect_left(
            range(self._count), key, key=lambda row: bytes(buffer[row * width : row * width + 4])
        )
        end = first
        while end < self._count and buffer[end * width : end * width + 4] == key:
            end += 1
        return bytes(buffer[first * width : end * width])

    def _merge(self) -> None:
        """Works the changes in: one pass over the buffer into a new one."""
        if not self._changed:
            return
        changed = sorted(self._changed.items())
        spans = list(self._spans([prefix for prefix, _ in changed]))
        size = len(self._buffer) + sum(
            len(rows) - (end - start) for (start, end), (_, rows) in zip(spans, changed, strict=True)
        )
        merged = self._allocate(size) if size else memoryview(bytearray())
        read = written = 0
        for (start, end), (_, rows) in zip(spans, changed, strict=True):
            for part in (self._buffer[read:start], rows):
                merged[written : written + len(part)] = part
                written += len(part)
            read = end
        merged[written:] = self._buffer[read:]
        self._buffer, self._count, self._changed = merged, size // self._width, {}

    def _spans(self, prefixes: list[int]) -> Iterator[tuple[int, int]]:
        """Where in the buffer the rows of each of the rising prefixes begin and end, in bytes."""
        if not self._count:
            yield from [(0, 0)] * len(prefixes)
            return
        rows = np.frombuffer(
            self._buffer, f"S{self._width}"
        )  # numpy compares these as bytes that zeros follow
        wanted = np.array(prefixes, ">u4").view("S4").astype(rows.dtype)
        starts = np.searchsorted(rows, wanted) * self._width
        for start, prefix in zip(starts.tolist(), prefixes, strict=True):
            key, end = prefix.to_bytes(4, "big"), start
            while self._buffer[end : end + 4] == key:
                end += self._width
            yield start, end
