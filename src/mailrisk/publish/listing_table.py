"""Every listing that may leave us, in 40 bytes and its text: the fold that lists and streams are made from.

A row stays when its listing goes (a *dead* row), with the number of the change that took it away, so that
whoever followed up to an earlier number can be told what changed: see ``touched``. Dead rows are thrown
away together when they are many; from then on ``horizon`` says how far back the table remembers.

An exemption inside a wider listing (an address of a network, a host of a domain) *covers* the wider one:
no list and no firewall can say "all but this one", so that the wider listing leaves until the exemption
is lifted, and is counted. Times are Unix seconds in 32 bits, which last until 2106.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mailrisk.model.change import Change, Listing
from mailrisk.model.fold import Fold
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import SEVERITY, Category

ROW: Final = np.dtype(
    [
        ("kind", "u1"), ("flags", "u1"), ("severity", "u1"), ("score", "u1"), ("category", "u1"), ("action", "u1"),
        ("first", "u4"), ("last", "u4"), ("valid", "u4"), ("until", "u4"), ("held", "u4"), ("touched", "u8"),
    ]
)  # fmt: skip
"""One listing: ``until`` is when the response to it ends, ``held`` the last ``until`` that was ever told."""

Rows = NDArray[np.void]
Mask = NDArray[np.bool_]

LISTED: Final = 1
COVERED: Final = 2  # an exemption lies inside of it
LOCAL: Final = 4
HTTP: Final = 8  # shown with http://, everything else with https://
V6: Final = 16  # an address or network of IPv6

KINDS: Final = (Kind.IP, Kind.NETWORK, Kind.HOST, Kind.DOMAIN, Kind.URL, Kind.PATH)
NUMBER: Final = {kind: number for number, kind in enumerate(KINDS)}
CATEGORIES: Final = tuple(Category)
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

    def __init__(self, respond: Callable[[Listing], Held] = lambda _: NO_RESPONSE) -> None:
        self._respond = respond
        self._reset()

    def _reset(self) -> None:
        """Forgets everything."""
        self.horizon = 0
        self._seq = 0
        self._count = self._dead = 0
        self._rows: Rows = np.zeros(1024, ROW)
        self._texts: list[str] = []
        self._slots: dict[str, int] = {}
        self._secret: set[str] = set()  # keys of those that may not be passed on
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
        """A copy that may be read without the lock: 40 bytes and a reference a row."""
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
        return self._slots.get(_key(subject))

    def holding(self, address: str) -> Iterator[int]:
        """Rows of a canonical address and of the networks that hold it."""
        for key in (f"{NUMBER[Kind.IP]}{address}", *_networks(address)):
            slot = self._slots.get(key)
            if slot is not None:
                yield slot

    def out(self, rows: Rows) -> Mask:
        """Which rows are listed and may leave."""
        mask: Mask = (rows["flags"] & (LISTED | COVERED)) == LISTED
        return mask

    def left_out(self) -> dict[str, int]:
        """Listings that are in no list, by the reason."""
        covered = int(((self.rows["flags"] & (LISTED | COVERED)) == (LISTED | COVERED)).sum())
        return {"exemption-inside": covered, "not-redistributable": len(self._secret)}

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
        elif self._dead > max(MAX_DEAD, self._count - self._dead):
            self._compact()

    def put(self, subject: Subject, listing: Listing) -> None:
        """Adds or replaces a listing, unless it may not be passed on."""
        if subject.kind not in NUMBER:
            return
        key = _key(subject)
        self._allow(key)
        if not listing.redistribute:
            self._kill(key)
            self._secret.add(key)
            return
        self._secret.discard(key)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._new_slot(key)
        elif not self._rows["flags"][slot] & LISTED:
            self._dead -= 1
        held = self._respond(listing)
        flags = LISTED | (LOCAL if listing.local else 0) | (HTTP if listing.scheme == "http" else 0)
        flags |= (COVERED if key in self._covers else 0) | (V6 if _is_v6(subject) else 0)
        category = NO_CATEGORY if listing.category is None else CATEGORIES.index(listing.category)
        self._rows[slot] = (
            NUMBER[subject.kind], flags, max(0, SEVERITY[listing.level]), round(100 * listing.probability),
            category, held.action, _seconds(listing.first_seen), _seconds(listing.last_seen),
            _seconds(listing.valid_until), held.until, held.until or self._rows["held"][slot], self._seq,
        )  # fmt: skip

    def drop(self, subject: Subject) -> None:
        """Removes an indicator, and an exemption of it."""
        if subject.kind in NUMBER:
            key = _key(subject)
            self._allow(key)
            self._secret.discard(key)
            self._kill(key)

    def exempt(self, subject: Subject) -> None:
        """Removes an indicator and covers the wider listings that it lies in."""
        if subject.kind not in NUMBER:
            return
        self.drop(subject)
        key = _key(subject)
        self._exempted.add(key)
        self._covers.update(wider := wider_keys(subject))
        for one in wider:
            self._mark(one)

    def _allow(self, key: str) -> None:
        if key not in self._exempted:
            return
        self._exempted.discard(key)
        for wider in wider_keys(_subject(key)):
            self._covers[wider] -= 1
            if not self._covers[wider]:
                del self._covers[wider]
                self._mark(wider)

    def _mark(self, key: str) -> None:
        slot = self._slots.get(key)
        if slot is not None and self._rows["flags"][slot] & LISTED:
            flags = int(self._rows["flags"][slot])
            self._rows["flags"][slot] = flags | COVERED if key in self._covers else flags & ~COVERED
            self._rows["touched"][slot] = self._seq

    def _kill(self, key: str) -> None:
        slot = self._slots.get(key)
        if slot is not None and self._rows["flags"][slot] & LISTED:
            self._rows["flags"][slot] = 0
            self._rows["until"][slot] = 0
            self._rows["touched"][slot] = self._seq
            self._dead += 1

    def _new_slot(self, key: str) -> int:
        slot = self._count
        if slot == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros(max(1024, slot // 2), ROW)])
        self._texts.append(key)
        self._slots[key] = slot
        self._count += 1
        return slot

    def _compact(self) -> None:
        kept = np.flatnonzero(self.rows["flags"] & LISTED)
        self._texts = [self._texts[slot] for slot in kept]
        self._slots = {key: slot for slot, key in enumerate(self._texts)}
        self._rows = self._rows[kept]
        self._count, self._dead, self.horizon = len(kept), 0, self._seq


def _is_v6(subject: Subject) -> bool:
    return subject.kind in IP_KINDS and ":" in subject.value


def wider_keys(subject: Subject) -> set[str]:
    """Keys of every wider indicator that an indicator lies in."""
    if subject.kind in (Kind.IP, Kind.NETWORK):
        return set(_networks(subject.value))
    host, _, path = subject.value.partition("/")
    labels = host.split(".")
    found = {f"{NUMBER[Kind.DOMAIN]}{'.'.join(labels[at:])}" for at in range(len(labels) - 1)}
    if subject.kind in (Kind.URL, Kind.PATH):
        found.add(f"{NUMBER[Kind.HOST]}{host}")
        page, query, _ = path.partition("?")
        if query:
            found.add(f"{NUMBER[Kind.URL]}{host}/{page}")
        at = -1
        for _ in range(64):  # A path that is deeper is covered by what its first 64 folders cover.
            found.add(f"{NUMBER[Kind.PATH]}{host}/{page[: at + 1]}")
            at = page.find("/", at + 1)
            if at < 0:
                break
    found.discard(_key(subject))
    return found


def _networks(value: str) -> list[str]:
    """Keys of the networks that hold an address or a network."""
    network = ipaddress.ip_network(value)
    bits, number, longest = network.prefixlen, int(network.network_address), network.max_prefixlen
    lengths = range(min(bits, longest), 7, -1)
    one = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    found = []
    for length in lengths:
        if length == bits and "/" in value:
            continue
        base = number >> (longest - length) << (longest - length)
        found.append(f"{NUMBER[Kind.NETWORK]}{one(base)}/{length}")
    return found


def _key(subject: Subject) -> str:
    return f"{NUMBER[subject.kind]}{subject.value}"


def _subject(key: str) -> Subject:
    return Subject(KINDS[int(key[0])], key[1:])


def _seconds(time: datetime) -> int:
    return min(max(0, int(time.timestamp())), LAST_SECOND)
