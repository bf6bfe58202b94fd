"""Lists as consumers get them: made from the one table of listings, kept until something changes."""

from __future__ import annotations

import gzip
import hashlib
import threading
from typing import Final

import msgspec

from mailrisk.model.errors import NotFound
from mailrisk.publish.firewall.registry import LISTS, ListKind
from mailrisk.publish.firewall.selection import Selection, select
from mailrisk.publish.listing_table import ListingTable
from mailrisk.service.context import Context
from mailrisk.service.follow import Follower, refuse_stale

MOST_KEPT: Final = 32
MOST_BYTES: Final = 128 * 1024 * 1024
"""Lists that are kept, and the memory that they may take together."""

AGE_STEP_S: Final = 600
"""A list by age is made anew when its listings grew older by this."""


class ListFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A list: its bytes, also compressed, and a strong validator (RFC 9110 §8.8.3) of its content."""

    body: bytes
    packed: bytes
    etag: str
    media_type: str
    entries: int
    left_out: int

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body) + len(self.packed)


class Lists:
    """Every list of one process. Safe between threads."""

    def __init__(self, context: Context, table: ListingTable, follower: Follower, most_entries: int) -> None:
        """``table`` is one of the follower's folds. ``most_entries``: of a list that is not asked for fewer."""
        self._context = context
        self._table = table
        self._follower = follower
        self._most_entries = most_entries
        self._kept: dict[tuple[str, Selection], tuple[tuple[object, ...], ListFile]] = {}
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def get(self, name: str, wanted: Selection | None = None) -> ListFile:
        """A list, or the part of it that is ``wanted``. NotFound: no such list. Unavailable: we are stale."""
        kind = list_named(name)
        selection = wanted or self.default(kind)
        refuse_stale(self._context)
        known = self._current(name, selection)
        if known is not None:
            return known
        # One after the other: who asks for a thousand lengths of a list makes others wait for one of them, and never
        # takes more than one processor. What somebody else made meanwhile is there.
        with self._making:
            return self._current(name, selection) or self._made(name, kind, selection)

    def _current(self, name: str, selection: Selection) -> ListFile | None:
        """A list that is kept and as it would be made now."""
        with self._follower.lock:
            self._follower.follow()
            known = self._kept.get((name, selection))
            return known[1] if known is not None and known[0] == self._state(selection, self._now()) else None

    def _made(self, name: str, kind: ListKind, selection: Selection) -> ListFile:
        now = self._now()
        with self._follower.lock:
            self._follower.follow()
            state = self._state(selection, now)
            known = self._kept.get((name, selection))
            chosen = select(self._table, selection, now)
        written = kind.write(chosen)
        made = known[1] if known is not None and known[1].body == written.body else None
        if made is None:
            made = ListFile(
                body=written.body,
                packed=gzip.compress(written.body, 5, mtime=0),
                etag=f'"{hashlib.sha256(written.body).hexdigest()[:32]}"',
                media_type=kind.media_type,
                entries=written.entries,
                left_out=written.left_out,
            )
        self._keep((name, selection), state, made)
        return made

    def _now(self) -> int:
        return int(self._context.clock().timestamp())

    def _state(self, selection: Selection, now: int) -> tuple[object, ...]:
        """What a list is made of: two of the same are alike."""
        return (*self._follower.position, now // AGE_STEP_S if selection.max_age_s is not None else 0)

    def default(self, kind: ListKind) -> Selection:
        """What a list holds when nothing else is asked for."""
        if kind.selection.limit > self._most_entries and kind.selection.kinds:
            return kind.selection  # A list with a name of its own says itself how long it is.
        return msgspec.structs.replace(kind.selection, limit=self._most_entries)

    def left_out(self) -> dict[str, int]:
        """Listings that are on no list at all, by the reason."""
        with self._follower.lock:
            self._follower.follow()
            return self._table.left_out()

    def _keep(self, key: tuple[str, Selection], state: tuple[object, ...], made: ListFile) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (state, made)
            size = sum(one.size for _, one in self._kept.values())
            while len(self._kept) > MOST_KEPT or (size > MOST_BYTES and len(self._kept) > 1):
                size -= self._kept.pop(next(iter(self._kept)))[1].size


def list_named(name: str) -> ListKind:
    """A list by its name. NotFound: no such list."""
    kind = LISTS.get(name)
    if kind is None:
        raise NotFound(f"no list {name[:80]!r}; there are: {', '.join(sorted(LISTS))}")
    return kind
