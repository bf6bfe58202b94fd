"""Where what is known of each address is kept: the seam between the analysis and the memory of one node or of many.

A record is the packed state of one address (``sources.py``), all of its windows and counters; whoever keeps it does
not look into it. So there is one implementation of counting, wherever the counters are: in process
(``light.py``) or in Valkey, which several nodes share (``store/valkey_records.py``). One contract
suite runs over both. docs/decisions/0019 says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Final, Protocol


class Records(Protocol):
    """Payloads by number (64 bits)."""

    @property
    def is_shared(self) -> bool:
        """Whether others change records too: then each one is given back after every event."""

    @property
    def largest(self) -> int:
        """Bytes of the longest payload."""

    @property
    def keeps_what_matters(self) -> bool:
        """Whether addresses of which something was said may be put here: they are not dropped for newer ones."""

    def get(self, number: int) -> bytes | None:
        """The payload, to be looked at."""

    def take(self, number: int) -> bytes | None:
        """The payload, to be changed: nobody else gets it so until it is put or given back. Unavailable: in vain."""

    def put(self, number: int, payload: bytes, *, before: bytes | None = None, matters: bool = False) -> bool:
        """Puts a payload in the place of what is there; another one may be dropped for it.

        ``before``: what ``get`` gave, for a record that was not taken. False: somebody has changed it since, and
        nothing was put. ``matters``: it is kept longer.
        """

    def give_back(self, number: int) -> None:
        """Ends a ``take`` that changed nothing."""

    def remove(self, number: int) -> None:
        """Forgets a number, if it is known."""

    def parts(self) -> Iterator[bytes | memoryview]:
        """The state for a checkpoint; nothing where it is kept elsewhere."""

    def restore(self, parts: Iterator[bytes]) -> None:
        """Goes on from a checkpoint. msgspec.MsgspecError: it is none."""

    def __len__(self) -> int:
        """How many records there are."""


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
