"""Keeps folds of the change feed up to date: the one way from the ledger to every surface."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from mailrisk.model.errors import Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.model.fold import Fold
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context, LookupContext

PAGE = 5_000
"""Changes read at a time."""


def refuse_stale(context: LookupContext) -> None:
    """Unavailable: contact to the ledger was lost, so that neither a hit nor a miss can be vouched for."""
    if stale(context):
        raise Unavailable("the lists are too old to be given out: contact to the ledger was lost")


class Follower:
    """Folds that are brought up to date together. Safe between threads.

    Read a fold under ``lock``, after ``follow``, or note what it says in ``settle``. Shared listings alone
    go in: what a tenant knows privately stays in its look-ups.
    """

    def __init__(
        self, context: Context, folds: Sequence[Fold], *, position: tuple[str, int] = ("", 0)
    ) -> None:
        """``position``: how far the folds are already, where they are kept on disk."""
        self.lock = threading.RLock()
        self._context = context
        self._folds = folds
        self._position = position

    @property
    def position(self) -> tuple[str, int]:
        """(epoch, number of the last change that is in)."""
        return self._position

    def follow(self) -> bool:
        """Reads the changes since the last call; whether there were any. Unavailable: the ledger is not there."""
        with self.lock:
            ledger, moved = self._context.ledger, False
            started = self._position[0] != ledger.epoch
            if started:
                self._start()
            while changes := ledger.changes(self._position[1], PAGE):
                for change in changes:
                    if change.tenant == SHARED:
                        for fold in self._folds:
                            fold.apply(change)
                self._position = (ledger.epoch, changes[-1].seq)
                moved = True
            if started or moved:
                for fold in self._folds:
                    fold.settle(*self._position, started=started)
            return started or moved

    def _start(self) -> None:
        """The listings of now. Changes made while they are read come again, which changes nothing."""
        ledger = self._context.ledger
        position = (ledger.epoch, ledger.last_seq())
        for fold in self._folds:
            fold.clear()
        for row in ledger.listings():
            if row.tenant != SHARED:
                continue
            for fold in self._folds:
                if row.listing is None:
                    fold.exempt(row.subject)
                else:
                    fold.put(row.subject, row.listing)
        self._position = position
