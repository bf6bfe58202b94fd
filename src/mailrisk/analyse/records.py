"""Where what is known of each address and account is kept: the seam between analyses and the memory of one node or many.

A record is the packed state of one address (``login/sources.py``) or account (``accounts.py``), all of its windows and
counters; whoever keeps it does not look into it. So there is one implementation of counting, wherever the
counters are: in process (``login/light.py``) or in Valkey, which several nodes share
(``store/valkey_records.py``). One contract suite runs over both. docs/decisions/0019 says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


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
        """Whether what something was said of may be put here: they are not dropped for newer ones."""

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
