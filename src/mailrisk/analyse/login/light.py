"""A packed table of what is known of very many addresses: bytes by number, in bounded memory.

Records of a few sizes lie one behind the other in blocks of bytes, and an index with open addressing finds
them: about 25 bytes an address beside its own, where a ``dict`` of objects needs two thousand. When the table is
full, a clock hand goes round the size that most records have and drops one that was not used since its last
round: a flood of addresses, which all look alike, pushes out its own kind.

The place of a number in the index is a keyed hash (BLAKE2b), so that nobody can choose addresses that collide.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import blake2b
from ipaddress import IPv6Address
from typing import Final

import msgspec
import numpy as np

SIZES: Final = (64, 96, 128, 160, 192, 256, 384, 512)
"""Bytes of a record, of which the head takes some."""

PER_BLOCK: Final = 16_384
"""Records of one block."""

PLACED_ANEW: Final = 100_000
"""Numbers from which on a state holds the index too: with fewer it is made again in less than a second."""

_HEAD: Final = struct.Struct(
    "<QHB"
)  # number, length of the payload, whether it was used since the hand passed
_USED_AT: Final = 10
LARGEST: Final = SIZES[-1] - _HEAD.size
"""Bytes of the longest payload."""

_CLASSES: Final = len(SIZES)
_FREE: Final = (1 << 16) - 1
"""Length that says that a record is free."""


class LightState(msgspec.Struct, array_like=True, frozen=True):
    """What the parts of a state hold: records in each size, and the places of the hands."""

    index_bits: int
    seed: bytes
    counts: list[int]
    hands: list[int]


class LightTable:
    """Payloads of at most ``LARGEST`` bytes by number (64 bits), at most ``most`` of them; see ``analyse/records.py``."""

    is_shared = False
    keeps_what_matters = False
    largest = LARGEST

    def __init__(self, most: int, seed: bytes = b"") -> None:
        self._most = most
        self._seed = seed
        self._bits = max(10, (most * 5 // 3).bit_length())
        self._empty()

    def __len__(self) -> int:
        return self._count

    def get(self, number: int) -> bytes | None:
        """The payload."""
        entry = self._index[self._place(number)]
        if not entry:
            return None
        block, at = self._record(entry)
        start = at + _HEAD.size
        length: int = _HEAD.unpack_from(block, at)[1]
        return bytes(block[start : start + length])

    def take(self, number: int) -> bytes | None:
        """The payload, to be changed: nobody else is here."""
        return self.get(number)

    def give_back(self, number: int) -> None:
        """Ends a ``take`` that changed nothing."""

    def put(self, number: int, payload: bytes, *, before: bytes | None = None, matters: bool = False) -> bool:
        """Puts a payload in the place of what is there; another one is dropped if the table is full.

        False: with ``before``, something else is there. ``matters`` makes no difference here.
        """
        if before is not None and self.get(number) != before:
            return False
        fits = next(size for size in range(_CLASSES) if len(payload) + _HEAD.size <= SIZES[size])
        place = self._place(number)
        entry = self._index[place]
        if entry and (entry - 1) % _CLASSES != fits:
            self._drop(place)
            entry = 0
            place = self._place(number)
        if not entry:
            if self._count >= self._most:
                self._evict()
                place = self._place(number)
            entry = self._index[place] = self._new(fits)
        block, at = self._record(entry)
        _HEAD.pack_into(block, at, number, len(payload), 1)
        block[at + _HEAD.size : at + _HEAD.size + len(payload)] = payload
        return True

    def remove(self, number: int) -> None:
        """Forgets a number, if it is known."""
        place = self._place(number)
        if self._index[place]:
            self._drop(place)

    def numbers(self) -> Iterator[int]:
        """Every number, in no order that means anything."""
        for size in range(_CLASSES):
            for at in range(self._counts[size]):
                number, length, _ = self._head(at * _CLASSES + size + 1)
                if length != _FREE:
                    yield number

    def parts(self) -> Iterator[bytes | memoryview]:
        """The state in pieces of a few megabytes: a head, the index, every block as far as it is in use."""
        yield msgspec.msgpack.encode(LightState(self._bits, self._seed, self._counts, self._hands))
        yield self._index_array.data.cast("B") if self._count >= PLACED_ANEW else b""
        for size, blocks in enumerate(self._blocks):
            left = self._counts[size]
            for block in blocks:
                yield memoryview(block)[: min(left, PER_BLOCK) * SIZES[size]]
                left -= PER_BLOCK

    def restore(self, parts: Iterator[bytes]) -> None:
        """Goes on from the parts. msgspec.MsgspecError: they are none. Another ``most`` places all of them anew."""
        state = msgspec.msgpack.decode(next(parts, b""), type=LightState)
        index = next(parts, b"")
        if (
            len(state.counts) != _CLASSES
            or len(state.hands) != _CLASSES
            or len(index) not in (0, 4 << state.index_bits)
        ):
            raise msgspec.ValidationError("a table of another form")
        self._seed = state.seed
        self._empty()
        self._counts, self._hands = state.counts, state.hands
        for size, count in enumerate(state.counts):
            for at in range(0, count, PER_BLOCK):
                raw = next(parts, b"")
                if len(raw) != min(count - at, PER_BLOCK) * SIZES[size]:
                    raise msgspec.ValidationError("a block is cut off")
                block = bytearray(PER_BLOCK * SIZES[size])
                block[: len(raw)] = raw
                self._blocks[size].append(block)
        if index and state.index_bits == self._bits:
            self._index_array[:] = np.frombuffer(index, np.int32)
            self._find_free()
        else:
            self._place_all()

    def _empty(self) -> None:
        # Zeros that the system gives page by page: an empty table takes no memory.
        self._index_array = np.zeros(1 << self._bits, np.int32)
        self._index = self._index_array.data
        self._mask = (1 << self._bits) - 1
        self._blocks: list[list[bytearray]] = [[] for _ in SIZES]
        self._counts = [0] * _CLASSES  # records of each size, free ones included
        self._free: list[list[int]] = [[] for _ in SIZES]
        self._hands = [0] * _CLASSES
        self._count = 0

    def _find_free(self) -> None:
        """Counts what is there, block by block: numpy reads the lengths of all records of a block at once."""
        for size, blocks in enumerate(self._blocks):
            for number, block in enumerate(blocks):
                first = number * PER_BLOCK
                used = min(PER_BLOCK, self._counts[size] - first)
                records = np.frombuffer(block, np.uint8).reshape(PER_BLOCK, SIZES[size])[:used, 8:10]
                free = np.flatnonzero((records == 255).all(axis=1))
                self._count += used - len(free)
                self._free[size] += [(first + int(at)) * _CLASSES + size + 1 for at in free]

    def _place_all(self) -> None:
        for size in range(_CLASSES):
            for at in range(self._counts[size]):
                entry = at * _CLASSES + size + 1
                number, length, _ = self._head(entry)
                if length == _FREE:
                    self._free[size].append(entry)
                else:
                    self._index[self._place(number)] = entry
                    self._count += 1

    def _home(self, number: int) -> int:
        digest = blake2b(number.to_bytes(8, "little"), digest_size=8, key=self._seed).digest()
        return int.from_bytes(digest, "little") & self._mask

    def _place(self, number: int) -> int:
        """Where the number stands in the index, or the free place where it would."""
        place, index = self._home(number), self._index
        while (entry := index[place]) and self._head(entry)[0] != number:
            place = place + 1 & self._mask
        return place

    def _record(self, entry: int) -> tuple[bytearray, int]:
        at, size = divmod(entry - 1, _CLASSES)
        return self._blocks[size][at // PER_BLOCK], at % PER_BLOCK * SIZES[size]

    def _head(self, entry: int) -> tuple[int, int, int]:
        number, length, used = _HEAD.unpack_from(*self._record(entry))
        return number, length, used

    def _new(self, size: int) -> int:
        self._count += 1
        if self._free[size]:
            return self._free[size].pop()
        at = self._counts[size]
        if at == len(self._blocks[size]) * PER_BLOCK:
            self._blocks[size].append(bytearray(PER_BLOCK * SIZES[size]))
        self._counts[size] = at + 1
        return at * _CLASSES + size + 1

    def _drop(self, place: int) -> None:
        """Frees a record and closes the gap in the index, so that what stands behind it is still found."""
        index, mask = self._index, self._mask
        entry = index[place]
        block, at = self._record(entry)
        _HEAD.pack_into(block, at, 0, _FREE, 0)
        self._free[(entry - 1) % _CLASSES].append(entry)
        self._count -= 1
        follower = place
        while other := index[follower := follower + 1 & mask]:
            if (follower - self._home(self._head(other)[0])) & mask >= (follower - place) & mask:
                index[place] = other
                place = follower
        index[place] = 0

    def _evict(self) -> None:
        """Drops a record of the commonest size that was not used since the hand came by."""
        in_use = [count - len(free) for count, free in zip(self._counts, self._free, strict=True)]
        size = in_use.index(max(in_use))
        while True:
            at = self._hands[size] % self._counts[size]
            self._hands[size] = at + 1
            entry = at * _CLASSES + size + 1
            number, length, used = self._head(entry)
            if length == _FREE:
                continue
            if not used:
                self._drop(self._place(number))
                return
            block, start = self._record(entry)
            block[start + _USED_AT] = 0


def packed_key(key: str) -> int:
    """A number for the counting key of an address (``model/ip.py``); 0 for what is none and is never packed."""
    octets = key.split(".")
    if len(octets) == 4:
        a, b, c, d = octets
        return _V4 | int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
    if not key.endswith("::/64"):
        return 0
    number = int(IPv6Address(key[:-3])) >> 64
    return number if number < _MULTICAST else 0


_V4: Final = 0xFFFFFFFF << 32  # Where IPv6 has multicast addresses, from which nobody logs in.
_MULTICAST: Final = 0xFF << 56
