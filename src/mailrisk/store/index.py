"""The look-up index: an LMDB file on every node, a fold of the change feed, mapped by every worker.

Layout (``hosts``, ``rules`` and ``addresses`` are keyed by the tenant, two bytes, and then):

- ``hosts``: host -> how many rules of each kind it has, and these rules while they are few (``index_host``).
- ``rules``: kind byte + BLAKE2b-160 of the canonical value -> the rule, for hosts with many and for files. Precedence
  is the narrowest scope first; an exemption hides every wider rule.
- ``addresses``: packed network -> rule; ``meta`` remembers which prefix lengths occur.
- ``shapes``: what many listings share (reasons, target), stored once, with the number of its uses.
- ``keys``: public id -> API key grant. ``meta``: form, epoch, seq, number of rules, time of the last agreement
  with the ledger.

Writing is idempotent and takes LMDB's own lock, so any process may bring the index up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from mailrisk.model.change import Change, KeyGrant, Listing
from mailrisk.model.errors import Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import Subject
from mailrisk.store import index_form as form
from mailrisk.store.index_fold import Fold
from mailrisk.store.index_form import Rule
from mailrisk.store.index_view import Decoded, Tables, View
from mailrisk.store.index_warm import warm
from mailrisk.store.microseconds import to_us

if TYPE_CHECKING:  # A look-up worker reads the index and has no ledger: it starts in half the time without.
    from mailrisk.store.ledger import Ledger

MAP_SIZE = 1 << 36
"""Address space reserved (64 GiB); the file itself grows with its content."""

BATCH = 5_000
"""Changes read and applied in one transaction."""

FILL_BATCH = 200_000
"""Listings written in one transaction when an empty index is filled."""

Row = tuple[int, Subject, Listing | None, datetime, str]
"""(tenant, subject, listing or None for an exemption, at, reason)."""


class LookupIndex:
    """The index in one process. Open it once in a process (LMDB's rule), after any fork."""

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        """Opens it, and makes it unless ``readonly``. Unavailable: it is damaged, or of another user."""
        if not readonly:
            folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._file = folder / "data.mdb"
        self._env = _opened(folder, readonly=readonly)
        self._tables = Tables(
            *(self._env.open_db(name.encode(), create=not readonly) for name in Tables._fields)
        )
        self._decoded = Decoded()

    def close(self) -> None:
        """Closes the map."""
        self._env.close()

    def warm(self) -> int:
        """Maps the file's pages, so that look-ups do not wait for them; returns the bytes mapped. For a thread."""
        return warm(self._file)

    # -- reading --------------------------------------------------------------------------------

    def view(self) -> View:
        """The index as it is now, for as long as the ``with`` block takes; keep that short."""
        return View(self._env.begin(), self._tables, self._decoded)

    def url(self, candidates: Sequence[Subject], registrable: str, tenant: int = SHARED) -> Rule | None:
        """The rule for a URL. ``candidates``: its url and path expressions, narrowest first, one host."""
        with self.view() as view:
            found = view.covering(candidates, registrable, tenant)
            return None if found is None else view.rule(found)

    def subject(self, subject: Subject, tenant: int = SHARED) -> Rule | None:
        """The rule for exactly this indicator."""
        with self.view() as view:
            found = view.exact(subject, tenant)
            return None if found is None else view.rule(found)

    def ip(self, address: str, tenant: int = SHARED) -> list[Rule]:
        """Every rule that covers an IP address: the address itself, then networks, narrowest first."""
        with self.view() as view:
            return [view.rule(found) for found in view.ip(address, tenant)]

    def key(self, public_id: str) -> KeyGrant | None:
        """An API key in force."""
        with self.view() as view:
            return view.key(public_id)

    def position(self) -> tuple[str, int]:
        """(epoch, seq) of the last change applied; ('', 0) for an empty index."""
        with self.view() as view:
            return view.position()

    def agreed_at(self) -> datetime | None:
        """When the index last was known to agree with the ledger."""
        with self.view() as view:
            return view.agreed_at()

    def count(self) -> int:
        """Number of rules."""
        with self.view() as view:
            return view.count()

    # -- following the change feed ----------------------------------------------------------------

    def follow(self, ledger: Ledger, now: datetime, made: Sequence[Change] = ()) -> int:
        """Applies all changes that the ledger has and the index not; returns how many.

        ``made``: changes that the caller has just committed. Where they are the next ones, they need not be read
        and decoded again. An index of another epoch (a restored ledger) or form is emptied and filled from the
        listings.
        """
        applied = 0
        if self.position()[0] != ledger.epoch or not self._is_current_form():
            applied += self._refill(ledger)
        if made and self.position()[1] == made[0].seq - 1:
            applied += self._apply(made)
        while changes := ledger.changes(self.position()[1], BATCH):
            applied += self._apply(changes)
        with self._env.begin(write=True) as transaction:
            transaction.put(b"agreed_at", str(to_us(now)).encode(), db=self._tables.meta)
        return applied

    def _apply(self, changes: Sequence[Change]) -> int:
        with self._fold() as fold:
            for change in changes:
                fold.apply(change)
            fold.agree(changes[-1].epoch, changes[-1].seq)
        return len(changes)

    def fill(self, rows: Iterable[Row], keys: Iterable[KeyGrant], epoch: str, seq: int) -> int:
        """Replaces the content by a snapshot of the listings and keys as of change ``seq``; returns its size.

        An index with a content is replaced in one step, so that nobody sees half of it. An empty one is
        filled part by part, and nobody believes it before it has agreed with the ledger.
        """
        stream, count = iter(rows), 0
        at_once = bool(self.position()[0])
        if not at_once:
            with self._fold() as fold:
                fold.empty()  # An earlier attempt may have been cut off.
            while not count % FILL_BATCH and (first := next(stream, None)) is not None:
                with self._fold() as fold:
                    for row in chain([first], islice(stream, FILL_BATCH - 1)):
                        fold.put(*row)
                        count += 1
        with self._fold() as fold:
            if at_once:
                fold.empty()
            for row in stream:
                fold.put(*row)
                count += 1
            for grant in keys:
                fold.put_key(grant)
            fold.agree(epoch, seq)
        return count

    def _refill(self, ledger: Ledger) -> int:
        seq = ledger.last_seq()
        rows = (
            (row.tenant, row.subject, row.change.listing, row.change.at, row.change.reason)
            for row in ledger.listings()
        )
        keys = (
            KeyGrant(
                public_id=key.public_id, secret_sha256=key.secret_sha256, role=key.role, tenant=key.tenant,
                expires_at=key.expires_at,
            )
            for key in ledger.all_keys()
            if key.revoked_at is None
        )  # fmt: skip
        return self.fill(rows, keys, ledger.epoch, seq)

    def _is_current_form(self) -> bool:
        with self._env.begin() as transaction:
            return bool(transaction.get(b"format", db=self._tables.meta) == form.FORMAT.encode())

    def forget_dead_readers(self) -> int:
        """Frees what readers that were killed had in view; returns how many.

        As long as a dead reader's view counts, no page that was current in it is used again, and the file grows.
        """
        return int(self._env.reader_check())

    @contextmanager
    def _fold(self) -> Iterator[Fold]:
        with self._env.begin(write=True) as transaction:
            fold = Fold(transaction, self._tables)
            yield fold
            fold.finish()


def _opened(folder: Path, *, readonly: bool) -> lmdb.Environment:
    """The map of the file in the folder. Unavailable: it cannot be mapped."""
    try:
        return lmdb.open(
            str(folder), map_size=MAP_SIZE, max_dbs=8, readonly=readonly, metasync=False, max_readers=512
        )
    except lmdb.Error as error:
        reason = str(error).removeprefix(f"{folder}: ")
        raise Unavailable(
            f"the index in {folder} cannot be opened: {reason}. If it is damaged, delete it: "
            "it is made again from the ledger"
        ) from error
