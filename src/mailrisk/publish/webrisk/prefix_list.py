"""The prefixes of one threat list, and how they changed over the versions that are kept.

A prefix is held as a big-endian number, so that the order of numbers is the order of the bytes. Each
change of the set is noted with the number of the change of the feed that made it; the set after any
kept number can therefore be had again, and every node gives the same answer for the same number.

A *version* is what a client can have been given: the list after a whole commit (all changes of one
transaction have one recording time) that altered it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt

VERSIONS: Final = 1_000
"""Versions from which a client is brought up to date; an older one starts again."""

MAX_NOTED: Final = 4_000_000
"""Changes of the set that are kept at most; bulk imports may shorten the memory to fewer versions."""

MAX_WAITING: Final = 100_000
"""Changes that wait to be worked into the sorted list, a hundred bytes each."""

_FEW: Final = 500
"""Up to so many changes are worked into the sorted list one by one."""

Net = dict[int, int]
"""Prefix -> +1 (added) or -1 (removed)."""


class PrefixList:
    """One list. ``seq`` is the last change of the feed that it has seen."""

    def __init__(self, prefixes: Iterable[int] | npt.NDArray[np.uint32] = (), seq: int = 0) -> None:
        """Begins with the set as of change ``seq``; no older version is known."""
        self.seq = seq
        self.horizon = seq  # the oldest number that a client may come from
        self._sorted = _packed(np.sort(np.fromiter(prefixes, np.uint32)))
        self._waiting: Net = {}
        self._seqs: array[int] = array("Q")
        self._prefixes: array[int] = array("I")
        self._signs: array[int] = array("b")
        self._commits: deque[int] = deque()  # the last number of each version that is kept
        self._commit_at: datetime | None = None
        self._checksum = b""

    def note(self, prefix: int, sign: int, seq: int, at: datetime) -> None:
        """One prefix enters (+1) or leaves (-1) with change ``seq``, committed at ``at``."""
        self._seqs.append(seq)
        self._prefixes.append(prefix)
        self._signs.append(sign)
        _add(self._waiting, prefix, sign)
        self._checksum = b""
        if len(self._waiting) > MAX_WAITING:
            self.current()
        if at == self._commit_at:
            self._commits[-1] = seq
            return
        self._commit_at = at
        self._commits.append(seq)
        while len(self._commits) > VERSIONS or (len(self._seqs) > MAX_NOTED and len(self._commits) > 1):
            self._forget(self._commits.popleft())

    def _forget(self, seq: int) -> None:
        self.horizon = seq
        kept = bisect_right(self._seqs, seq)
        del self._seqs[:kept], self._prefixes[:kept], self._signs[:kept]

    def __len__(self) -> int:
        return len(self.current())

    def current(self) -> array[int]:
        """The set now, sorted. The caller must not change it."""
        if len(self._waiting) > _FEW:
            self._sorted = _applied(self._sorted, self._waiting)
        else:
            for prefix, sign in self._waiting.items():
                if sign > 0:
                    insort(self._sorted, prefix)
                else:
                    del self._sorted[bisect_left(self._sorted, prefix)]
        self._waiting = {}
        return self._sorted

    def between(self, after: int, below: int, limit: int) -> tuple[Net, int]:
        """(what changed below the prefix ``below`` since change ``after``, up to which change).

        Stops before there are more than ``limit`` differences (0: never); then the number is not ``seq``.
        """
        net: Net = {}
        done = after
        at, end = bisect_right(self._seqs, after), len(self._seqs)
        while at < end:
            seq = self._seqs[at]
            step = at
            while at < end and self._seqs[at] == seq:
                if self._prefixes[at] < below:
                    _add(net, self._prefixes[at], self._signs[at])
                at += 1
            if limit and len(net) > limit:
                for undone in range(step, at):
                    if self._prefixes[undone] < below:
                        _add(net, self._prefixes[undone], -self._signs[undone])
                return net, done
            done = seq
        return net, self.seq

    def as_of(self, seq: int) -> array[int]:
        """The set as it was after change ``seq``, which must not be older than ``horizon``."""
        if seq >= self.seq:
            return self.current()
        net, _ = self.between(seq, 1 << 32, 0)
        return _applied(self.current(), {prefix: -sign for prefix, sign in net.items()})

    def checksum(self) -> bytes:
        """SHA-256 over the concatenated prefixes of the whole set now."""
        if not self._checksum:
            self._checksum = checksum(self.current())
        return self._checksum


def checksum(prefixes: array[int]) -> bytes:
    """SHA-256 over the concatenated prefixes, four bytes each, in their order."""
    return sha256(wire(prefixes)).digest()


def wire(prefixes: array[int]) -> bytes:
    """The prefixes as bytes, in their order."""
    swapped = array("I", prefixes)
    if array("H", [1]).tobytes() == b"\x01\x00":
        swapped.byteswap()
    return swapped.tobytes()


def _add(net: Net, prefix: int, sign: int) -> None:
    if prefix in net:
        del net[prefix]  # It came and went, or went and came again.
    else:
        net[prefix] = sign


def _applied(prefixes: array[int], net: Net) -> array[int]:
    """The sorted prefixes with a net change worked in, without a number of Python's for each of them."""
    before = np.frombuffer(prefixes, np.uint32) if prefixes else np.empty(0, np.uint32)
    changed = np.sort(np.fromiter(net, np.uint32, len(net)))
    places = np.searchsorted(before, changed)
    there = np.zeros(len(changed), bool)
    inside = places < len(before)
    there[inside] = before[places[inside]] == changed[inside]
    rest = np.delete(before, places[there])
    added = np.sort(np.array([prefix for prefix, sign in net.items() if sign > 0], np.uint32))
    return _packed(np.insert(rest, np.searchsorted(rest, added), added))


def _packed(prefixes: npt.NDArray[np.uint32]) -> array[int]:
    found = array("I")
    found.frombytes(prefixes.astype(np.uint32, copy=False).view(np.uint8).data)
    return found
