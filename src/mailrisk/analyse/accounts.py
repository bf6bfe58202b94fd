"""What is known of each account, in bounded memory: the one that was not seen for longest is forgotten.

Only accounts that somebody has logged in to or sent from are entered, so that a stranger cannot push them out.
Several nodes that count together keep them in records that they share (``records.py``); an account is then taken for
an event and put back after it.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec

from mailrisk.analyse.records import Records

State = TypeVar("State", bound=msgspec.Struct)

_encode = msgspec.msgpack.Encoder().encode


class Accounts(Generic[State]):
    """States of the type ``kind`` by account name, at most ``most`` of them in process."""

    def __init__(self, kind: type[State], most: int, records: Records | None = None) -> None:
        self._kind = kind
        self._most = most
        self._records = records
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._table: OrderedDict[str, State] = OrderedDict()
        self._open: dict[str, tuple[State, bytes | None]] = {}  # taken from the records, and as it was read
        self.lost = 0  # changes of shared records that came too late

    def touch(self, name: str) -> State:
        """The account, made the one that was seen last; a new one if it is not known."""
        if self._records is not None:
            return self._taken(name) or self._entered(name)
        state = self._table.pop(name, None) or self._kind()
        if len(self._table) >= self._most:
            self._table.popitem(last=False)
        self._table[name] = state
        return state

    def find(self, name: str) -> State | None:
        """The account if it is known; it may be changed until ``end``."""
        if self._records is None:
            return self._table.get(name)
        state = self._taken(name)
        if state is None:
            self._records.give_back(_number(name))
        return state

    def peek(self, name: str) -> State | None:
        """The account if it is known, to be read alone."""
        if self._records is None:
            return self._table.get(name)
        raw = self._records.get(_number(name))
        return None if raw is None else self._decode(raw)

    def end(self) -> None:
        """An event is over: what others share is put back."""
        while self._open:
            name, (state, before) = self._open.popitem()
            assert self._records is not None
            raw = _encode(state)
            if raw == before:
                self._records.give_back(_number(name))
            else:
                self.lost += not self._records.put(_number(name), raw)

    def state(self) -> bytes:
        """Everything that is kept in process, for ``restore`` in another one."""
        return _encode(self._table)

    def restore(self, state: bytes) -> None:
        """Goes on from a state. msgspec.MsgspecError: it is none."""
        known: dict[str, State] = msgspec.msgpack.decode(state, type=dict[str, self._kind])  # type: ignore[name-defined]
        self._table = OrderedDict(known)

    def _taken(self, name: str) -> State | None:
        if name in self._open:
            return self._open[name][0]
        assert self._records is not None
        raw = self._records.take(_number(name))
        if raw is None:
            return None
        state = self._decode(raw)
        self._open[name] = (state, raw)
        return state

    def _entered(self, name: str) -> State:
        state = self._kind()
        self._open[name] = (state, None)
        return state


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
