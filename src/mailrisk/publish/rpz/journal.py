"""The versions of the response policy zone: a serial that only grows, and what differed between versions.

A version is the number of the last change that is in it. Its serial is that number plus an offset, modulo 2^32
(RFC 1982); when the ledger is replaced and numbers begin again, the offset grows, so that no resolver is ever left
with a serial that lies before its own. Differences are kept for the last versions, for incremental transfers (RFC 1995).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from mailrisk.publish.dnsbl.rows import Rows, WritableRows
from mailrisk.publish.rpz.records import Record, ip_records, owners_touched, records_at

MOST_DIFFERENCES: Final = 100_000
"""Records that one version may differ in to be kept; a resolver then transfers the zone whole."""

MOST_KEPT: Final = 300_000
"""Records kept in all; the oldest versions go first."""

_STATE = b"jstate"
_NUMBER = struct.Struct(">QI")


class State(msgspec.Struct, omit_defaults=True):
    """Where the zone stands."""

    version: int = 0
    offset: int = 0
    oldest: int = 0  # the oldest version from which differences are known
    kept: int = 0  # differences stored

    @property
    def serial(self) -> int:
        """The SOA serial."""
        return self.version + self.offset & 0xFFFFFFFF

    def version_of(self, serial: int) -> int | None:
        """The version that had a serial, if differences from it may be known."""
        version = serial - self.offset & 0xFFFFFFFF
        version |= self.version & ~0xFFFFFFFF
        if version > self.version:
            version -= 1 << 32
        return version if self.oldest <= version else None


def read_state(rows: Rows) -> State:
    """Where the zone stands; version 0 before there was one."""
    return msgspec.json.decode(rows.get(_STATE) or b"{}", type=State)


class Journal:
    """Collects the differences of the next version."""

    def __init__(self) -> None:
        self._before: dict[bytes, bytes | None] | None = {}  # owner -> target before; None: too many
        self._after: dict[bytes, bytes | None] = {}

    def around(self, rows: WritableRows, key: bytes, write: Callable[[], None]) -> None:
        """Writes one row and notes which records of the zone it changed."""
        if key[:1] not in b"dh46" or self._before is None:
            write()
            return
        before = _around(rows, key)
        write()
        after = _around(rows, key)
        for owner in before.keys() | after.keys():
            if before.get(owner) != after.get(owner):
                self._before.setdefault(owner, before.get(owner))
                self._after[owner] = after.get(owner)
        if len(self._before) > MOST_DIFFERENCES:
            self._before, self._after = None, {}

    def settle(self, rows: WritableRows, seq: int, now_s: int, *, started: bool) -> None:
        """Closes a version: writes its differences, and the new state. ``started``: the zone was filled anew."""
        state = read_state(rows)
        if started or self._before is None:
            _start(rows, state, seq, now_s)
        else:
            _append(rows, state, seq, self._before, self._after)
        self._before, self._after = {}, {}


def differences(rows: Rows, version: int) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """(records to delete, records to add) that make the zone of a version the one of now."""
    before: dict[bytes, bytes | None] = {}
    after: dict[bytes, bytes | None] = {}
    for key, raw in rows.below(b"jv"):
        if _NUMBER.unpack(key[2:])[0] > version:
            owner, was, now = msgspec.msgpack.decode(raw, type=tuple[bytes, bytes | None, bytes | None])
            before.setdefault(owner, was)
            after[owner] = now
    changed = [owner for owner in before if before[owner] != after[owner]]
    gone = {owner: was for owner in changed if (was := before[owner]) is not None}
    new = {owner: now for owner in changed if (now := after[owner]) is not None}
    return gone, new


def _around(rows: WritableRows, key: bytes) -> dict[bytes, bytes]:
    return dict(_records_around(rows, key))


def _records_around(rows: WritableRows, key: bytes) -> Iterator[Record]:
    if key[:1] in b"46":
        yield from ip_records(key, rows.get(key))
        return
    for name in owners_touched(rows, key):
        yield from records_at(rows, name)


def _start(rows: WritableRows, state: State, seq: int, now_s: int) -> None:
    rows.clear(b"j")
    # The serial goes on from where it was, also where the numbers begin again.
    serial = state.version + state.offset + 1 if state.version or state.offset else now_s
    fresh = State(version=seq, offset=max(serial - seq, state.offset), oldest=seq)
    rows.put(_STATE, msgspec.json.encode(fresh))


def _append(
    rows: WritableRows,
    state: State,
    seq: int,
    before: dict[bytes, bytes | None],
    after: dict[bytes, bytes | None],
) -> None:
    changed = [owner for owner, was in before.items() if was != after[owner]]
    if not changed:
        return
    for number, owner in enumerate(changed):
        value = msgspec.msgpack.encode((owner, before[owner], after[owner]))
        rows.put(b"jv" + _NUMBER.pack(seq, number), value)
    state.version, state.kept = seq, state.kept + len(changed)
    if state.kept > MOST_KEPT:
        _forget(rows, state)
    rows.put(_STATE, msgspec.json.encode(state))


def _forget(rows: WritableRows, state: State) -> None:
    """Forgets whole versions until half of what may be kept is left."""
    gone: list[bytes] = []
    for key, _ in rows.below(b"jv"):
        version = _NUMBER.unpack(key[2:])[0]
        if state.kept - len(gone) <= MOST_KEPT // 2 and version != state.oldest:
            break
        gone.append(key)
        state.oldest = version
    for key in gone:
        rows.delete(key)
    state.kept -= len(gone)
