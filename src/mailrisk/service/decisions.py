"""Decisions for CrowdSec's bouncers, from a fold of the change feed (``publish/crowdsec.py`` has the protocol).

Each bouncer (an API key at a client's address) has a *position*: the last change that it has heard of. It
moves when an answer has been written whole. A delta begins where the last but one began: an answer may be lost
on its way although it was written, and telling a decision twice does no harm. Positions are kept on the disk,
so that a withdrawal made while we were down is told after the start, from the ledger.

At the start of a bouncer everything is told. That answer is rendered and compressed once, and the bytes are
shared by all who ask within a few seconds.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from mailrisk.model.change import Change
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import IP_KINDS, Subject
from mailrisk.publish.crowdsec import Position, Wanted, Writer, address_in_force, in_force, since
from mailrisk.publish.listing_table import ListingTable
from mailrisk.service.bouncers import Bouncers
from mailrisk.service.context import Context
from mailrisk.service.follow import PAGE, Follower, refuse_stale

SHARED_FOR_S: Final = 10
"""How long the answer to a bouncer's start is given to others, in seconds."""

MOST_SHARED: Final = 4
"""Different answers of that kind that are kept."""


class Answer(NamedTuple):
    """What a bouncer gets: a whole JSON text in pieces of gzip, and what to call when all of it is written."""

    pieces: list[bytes]
    written: Callable[[], None]


class _Start(NamedTuple):
    pieces: list[bytes]
    position: Position


class Decisions:
    """The stream of decisions of one process. Safe between threads."""

    def __init__(
        self, context: Context, table: ListingTable, follower: Follower, kept: Path | None = None
    ) -> None:
        """``table`` is one of the follower's folds. ``kept``: the file of the bouncers' positions."""
        self._context = context
        self._table = table
        self._follower = follower
        self._bouncers = Bouncers(kept)
        self._starts: dict[Wanted, _Start] = {}
        self._starting = threading.Lock()

    def stream(self, bouncer: str, wanted: Wanted, *, startup: bool) -> Answer:
        """What a bouncer hears: everything at its start, then what changed. Unavailable: we are stale."""
        refuse_stale(self._context)
        known = self._bouncers.get(bouncer, self._context.ledger.epoch)
        if startup or known is None:
            start = self._start(wanted)
            return Answer(start.pieces, lambda: self._bouncers.restart(bouncer, start.position))
        pieces, position = self._delta(known, wanted)
        return Answer(pieces, lambda: self._bouncers.advance(bouncer, position))

    def about(self, address: str, wanted: Wanted) -> bytes:
        """Decisions that hold for an address, as a JSON array, or ``null``. Unavailable: we are stale."""
        refuse_stale(self._context)
        with self._follower.lock:
            self._follower.follow()
            return self._written(sorted(self._table.holding(address)), wanted)

    def named(self, subject: Subject, wanted: Wanted) -> bytes:
        """The decision on exactly this address or network, as a JSON array, or ``null``."""
        refuse_stale(self._context)
        with self._follower.lock:
            self._follower.follow()
            slot = self._table.find(subject)
            return self._written([] if slot is None else [slot], wanted)

    def newest(self, wanted: Wanted, most: int) -> bytes:
        """The decisions that were made or changed last, as a JSON array."""
        refuse_stale(self._context)
        with self._follower.lock:
            self._follower.follow()
            rows = self._table.rows
            active = np.flatnonzero(in_force(self._table, rows, self._now()))
            order = np.argsort(rows["last"][active], kind="stable")[::-1]
            return self._written(active[order][:most].tolist(), wanted)

    def _written(self, slots: list[int], wanted: Wanted) -> bytes:
        now = self._now()
        active = [one for one in slots if in_force(self._table, self._table.rows[one : one + 1], now)[0]]
        written = b"".join(Writer(self._table.part(active), wanted, now).pieces())
        return b"[%b]" % written if written else b"null"

    def _now(self) -> int:
        return int(self._context.clock().timestamp())

    # -- a bouncer's start ----------------------------------------------------------------------

    def _start(self, wanted: Wanted) -> _Start:
        with self._starting:  # Who comes while it is made waits for it, and shares it.
            known = self._starts.get(wanted)
            if known is not None and 0 <= self._now() - known.position.at < SHARED_FOR_S:
                return known
            with self._follower.lock:
                self._follower.follow()
                snapshot, now = self._table.snapshot(), self._now()
                position = Position(*self._follower.position, now)
            active = np.flatnonzero(in_force(self._table, snapshot.rows, now)).tolist()
            new = Writer(snapshot, wanted, now).pieces(active)
            made = _Start(_packed(_document(new, iter(()))), position)
            while len(self._starts) >= MOST_SHARED:
                self._starts.pop(next(iter(self._starts)))
            self._starts[wanted] = made
            return made

    # -- afterwards -----------------------------------------------------------------------------

    def _delta(self, known: Position, wanted: Wanted) -> tuple[list[bytes], Position]:
        with self._follower.lock:
            self._follower.follow()
            table, now = self._table, self._now()
            position = Position(*self._follower.position, now)
            delta = since(table, known, now)
            new, gone = delta.new, delta.gone
            lost: list[bytes] = []
            if known.seq < table.horizon:
                new, lost = self._before_horizon(known, new, wanted, now)

            def still(address: str) -> bool:
                return address_in_force(table, address, now, wanted.expand)

            keep = still if wanted.expand else None
            told = list(Writer(table.part(gone), wanted, now, keep).pieces())
            snapshot = table.part(new)
        if lost:
            told = [*told, b",", *lost] if told else lost
        return _packed(_document(Writer(snapshot, wanted, now).pieces(), iter(told))), position

    def _before_horizon(
        self, known: Position, new: list[int], wanted: Wanted, now: int
    ) -> tuple[list[int], list[bytes]]:
        """What happened before the table remembers: (rows in force, decisions that are gone as JSON), by the ledger."""
        found, gone, after = set(new), set[Subject](), known.seq
        while after < self._table.horizon and (page := self._context.ledger.changes(after, PAGE)):
            after = page[-1].seq
            for change in page:
                self._sort(change, found, gone, now)
        expand = wanted.expand
        lines = [
            _plain(subject)
            for subject in sorted(gone)
            if not (expand and address_in_force(self._table, subject.value, now, expand))
        ]
        return sorted(found), [",".join(lines).encode()] if lines else []

    def _sort(self, change: Change, found: set[int], gone: set[Subject], now: int) -> None:
        if change.tenant != SHARED or change.indicator_kind not in IP_KINDS or not change.redistribute:
            return
        assert change.indicator_kind is not None
        subject = Subject(change.indicator_kind, change.indicator)
        slot = self._table.find(subject)
        if slot is not None and in_force(self._table, self._table.rows[slot : slot + 1], now)[0]:
            found.add(slot)
        else:
            gone.add(subject)


def _plain(subject: Subject) -> str:
    item: dict[str, Any] = {
        "duration": "0s", "id": 0, "origin": "mailrisk", "scenario": "mailrisk/listed",
        "scope": "Range" if "/" in subject.value else "Ip", "type": "ban", "value": subject.value,
    }  # fmt: skip
    return msgspec.json.encode(item).decode()


def _document(new: Iterator[bytes], gone: Iterator[bytes]) -> Iterator[bytes]:
    """``{"deleted":..., "new":...}``, null for what is empty."""
    yield b'{"deleted":'
    yield from _array(gone)
    yield b',"new":'
    yield from _array(new)
    yield b"}"


def _array(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, None)
    if first is None:
        yield b"null"
        return
    yield b"["
    yield first
    yield from pieces
    yield b"]"


def _packed(pieces: Iterator[bytes]) -> list[bytes]:
    """One gzip stream in parts: a tenth of the bytes stay in memory, and go over the wire."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = [packer.compress(piece) for piece in pieces]
    packed.append(packer.flush())
    return [piece for piece in packed if piece]


def unpacked(pieces: list[bytes]) -> Iterator[bytes]:
    """The bytes of an answer for a client that does not read gzip, a part at a time."""
    unpacker = zlib.decompressobj(31)
    for piece in pieces:
        while piece:
            yield unpacker.decompress(piece, 1 << 18)
            piece = unpacker.unconsumed_tail
    yield unpacker.flush()
