"""Every listing that may leave us, in 42 bytes and its text: the fold that lists and streams are made from.

A row stays when its listing goes (a *dead* row), with the number of the change that took it away, so that
whoever followed up to an earlier number can be told what changed: see ``touched``. Dead rows are thrown
away together when they are many; from then on ``horizon`` says how far back the table remembers.

An exemption inside a wider listing (an address of a network, a host of a domain) *covers* the wider one:
no list and no firewall can say "all but this one", so that the wider listing leaves until the exemption
is lifted, and is counted. Times are Unix seconds in 32 bits, which last until 2106.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mailrisk.model.change import Change, Listing
from mailrisk.model.fold import Fold
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Category, Level
from mailrisk.publish.listing_keys import NUMBER, is_v6, key_of, networks_of, subject_of, wider_keys

ROW: Final = np.dtype(
    [
        ("kind", "u1"), ("flags", "u1"), ("severity", "u1"), ("score", "u1"), ("category", "u1"), ("action", "u1"),
        ("first", "u4"), ("last", "u4"), ("valid", "u4"), ("until", "u4"), ("held", "u4"), ("touched", "u8"),
        ("added", "u8"),
    ]
)  # fmt: skip
"""One listing: ``until`` is when the response to it ends, ``held`` the last ``until`` that was ever told, ``touched`` the
number of the change that made the row as it is, ``added`` when we heard of that (microseconds, each time once)."""

_RECORD: Final = struct.Struct("=6B5I2Q")  # a row as bytes

Rows = NDArray[np.void]
Mask = NDArray[np.bool_]

LISTED: Final = 1
COVERED: Final = 2  # an exemption lies inside of it
LOCAL: Final = 4
HTTP: Final = 8  # shown with http://, everything else with https://
V6: Final = 16  # an address or network of IPv6
ONCE: Final = 32  # is or was of level high or malicious

SECRET: Final = "not-redistributable"
DIVIDED: Final = "others-below"
"""Why a listing leaves by no list: it was told in confidence; others own names below the domain, which would be listed too."""

DANGEROUS: Final = SEVERITY[Level.HIGH]

CATEGORIES: Final = tuple(Category)
_CATEGORY: Final = {category: number for number, category in enumerate(CATEGORIES)}
NO_CATEGORY: Final = len(CATEGORIES)

ACTIONS: Final = ("", "ban", "captcha")

MAX_DEAD: Final = 200_000
"""Dead rows that are kept at least; more are thrown away once they are as many as the living ones."""

LAST_SECOND: Final = (1 << 32) - 1


class Held(NamedTuple):
    """The response to a listing: a number of ACTIONS (0: none), and until when (Unix seconds)."""

    action: int
    until: int


NO_RESPONSE: Final = Held(0, 0)


class Snapshot(NamedTuple):
    """Rows and their texts at a moment. ``texts`` begin with one character that stands for the kind."""

    rows: Rows
    texts: list[str]
    numbers: list[int] | None = None  # in the table, where it is a part of it

    def text(self, number: int) -> str:
        """The canonical value of a row's indicator."""
        return self.texts[number][1:]


class ListingTable(Fold):
    """See the module. ``respond`` gives the response to the listing of an address or network."""

    def __init__(
        self,
        respond: Callable[[Listing], Held] = lambda _: NO_RESPONSE,
        clock: Callable[[], int] = lambda: 0,
        divided: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """``clock``: the time in microseconds. ``divided``: whether others own names below a registrable domain."""
        self._respond, self._divided = respond, divided
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        """Forgets everything."""
        self.horizon = 0
        self._seq = self._added = 0
        self._count = self._dead = 0
        self._hold(np.zeros(1024, ROW))
        self._texts: list[str] = []
        self._slots: dict[str, int] = {}
        self._out: dict[str, str] = {}  # keys of those that do not leave, with the reason
        self._exempted: set[str] = set()
        self._covers: Counter[str] = Counter()

    # -- asking ---------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """Number of the last change that is in."""
        return self._seq

    @property
    def rows(self) -> Rows:
        """All rows, living and dead. Not to be kept beyond the follower's lock."""
        return self._rows[: self._count]

    def snapshot(self) -> Snapshot:
        """A copy that may be read without the lock: 42 bytes and a reference a row."""
        return Snapshot(self.rows.copy(), self._texts.copy())

    def part(self, numbers: Sequence[int]) -> Snapshot:
        """A copy of some rows, in their order."""
        chosen = list(numbers)
        return Snapshot(self.rows[chosen], [self._texts[number] for number in chosen], chosen)

    def text(self, number: int) -> str:
        """The canonical value of a row's indicator."""
        return self._texts[number][1:]

    def find(self, subject: Subject) -> int | None:
        """The row of an indicator, living or dead."""
        return self._slots.get(key_of(subject))

    def holding(self, address: str) -> Iterator[int]:
        """Rows of a canonical address and of the networks that hold it."""
        for key in (f"{NUMBER[Kind.IP]}{address}", *networks_of(address)):
            slot = self._slots.get(key)
            if slot is not None:
                yield slot

    def out(self, rows: Rows) -> Mask:
        """Which rows are listed and may leave."""
        mask: Mask = (rows["flags"] & (LISTED | COVERED)) == LISTED
        return mask

    def current(self, rows: Rows) -> Mask:
        """Which rows are dangerous and may leave: what indicators are exchanged of."""
        mask: Mask = self.out(rows) & (rows["severity"] >= DANGEROUS)
        return mask

    def left_out(self) -> dict[str, int]:
        """Listings that are in no list, by the reason."""
        covered = int(((self.rows["flags"] & (LISTED | COVERED)) == (LISTED | COVERED)).sum())
        return {"exemption-inside": covered, SECRET: 0, DIVIDED: 0, **Counter(self._out.values())}

    # -- folding --------------------------------------------------------------------------------

    clear = _reset

    def apply(self, change: Change) -> None:
        """Folds one change in."""
        self._seq = change.seq
        super().apply(change)

    def settle(self, epoch: str, seq: int, *, started: bool) -> None:
        """After a snapshot nothing is known of what was before; dead rows may be thrown away."""
        self._seq = seq
        if started:
            self.horizon = seq
            self.rows["touched"] = seq
            self.rows["added"] = np.arange(self._count, dtype=np.uint64) + np.uint64(self._now(self._count))
        elif self._dead > max(MAX_DEAD, self._count - self._dead):
            self._compact()

    def put(self, subject: Subject, listing: Listing) -> None:
        """Adds or replaces a listing, unless it may not be passed on."""
        if subject.kind not in NUMBER:
            return
        key = key_of(subject)
        self._allow(key)
        divided = subject.kind is Kind.DOMAIN and self._divided(subject.value)
        if divided or not listing.redistribute:
            self._kill(key)
            self._out[key] = DIVIDED if listing.redistribute else SECRET
            return
        self._out.pop(key, None)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._new_slot(key)
        elif not self._flags[slot] & LISTED:
            self._dead -= 1
        held, severity = self._respond(listing), max(0, SEVERITY[listing.level])
        once = ONCE if severity >= DANGEROUS else int(self._flags[slot]) & ONCE
        flags = LISTED | once | (LOCAL if listing.local else 0) | (HTTP if listing.scheme == "http" else 0)
        flags |= (COVERED if key in self._covers else 0) | (V6 if is_v6(subject) else 0)
        category = NO_CATEGORY if listing.category is None else _CATEGORY[listing.category]
        _RECORD.pack_into(
            self._bytes, slot * ROW.itemsize, NUMBER[subject.kind], flags, severity, round(100 * listing.probability),
            category, held.action, _seconds(listing.first_seen), _seconds(listing.last_seen),
            _seconds(listing.valid_until), held.until, held.until or int(self._held[slot]), self._seq, self._now(),
        )  # fmt: skip

    def drop(self, subject: Subject) -> None:
        """Removes an indicator, and an exemption of it."""
        if subject.kind in NUMBER:
            key = key_of(subject)
            self._allow(key)
            self._out.pop(key, None)
            self._kill(key)

    def exempt(self, subject: Subject) -> None:
        """Removes an indicator and covers the wider listings that it lies in."""
        if subject.kind not in NUMBER:
            return
        self.drop(subject)
        key = key_of(subject)
        self._exempted.add(key)
        self._covers.update(wider := wider_keys(subject))
        for one in wider:
            self._mark(one)

    def _allow(self, key: str) -> None:
        if key not in self._exempted:
            return
        self._exempted.discard(key)
        for wider in wider_keys(subject_of(key)):
            self._covers[wider] -= 1
            if not self._covers[wider]:
                del self._covers[wider]
                self._mark(wider)

    def _mark(self, key: str) -> None:
        slot = self._slots.get(key)
        if slot is not None and self._flags[slot] & LISTED:
            flags = int(self._flags[slot])
            self._flags[slot] = flags | COVERED if key in self._covers else flags & ~COVERED
            self._touch(slot)

    def _touch(self, slot: int) -> None:
        self._rows["touched"][slot], self._rows["added"][slot] = self._seq, self._now()

    def _now(self, count: int = 1) -> int:
        """A time that was never given before, the first of ``count``."""
        first = max(self._clock(), self._added + 1)
        self._added = first + count - 1
        return first

    def _kill(self, key: str) -> None:
        slot = self._slots.get(key)
        if slot is not None and self._flags[slot] & LISTED:
            self._flags[slot] &= ONCE
            self._rows["until"][slot] = 0
            self._touch(slot)
            self._dead += 1

    def _new_slot(self, key: str) -> int:
        slot = self._count
        if slot == len(self._rows):
            self._hold(np.concatenate([self._rows, np.zeros(max(1024, slot // 2), ROW)]))
        self._texts.append(key)
        self._slots[key] = slot
        self._count += 1
        return slot

    def _hold(self, rows: Rows) -> None:
        """These are the rows; a row is written through a view of bytes, ten times as fast as by its fields."""
        self._rows: Rows = rows
        self._bytes = rows.view(np.uint8).data
        self._flags, self._held = rows["flags"], rows["held"]

    def _compact(self) -> None:
        kept = np.flatnonzero(self.rows["flags"] & LISTED)
        self._texts = [self._texts[slot] for slot in kept]
        self._slots = {key: slot for slot, key in enumerate(self._texts)}
        self._hold(self._rows[kept])
        self._count, self._dead, self.horizon = len(kept), 0, self._seq


def _seconds(time: datetime) -> int:
    return min(max(0, int(time.timestamp())), LAST_SECOND)
