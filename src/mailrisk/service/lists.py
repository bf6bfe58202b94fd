"""The plain lists of one process: each is kept as a fold that follows the change feed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from mailrisk.model.change import Listing
from mailrisk.model.errors import NotFound, Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.publish.plain_list import LISTS, PlainList
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context

PAGE = 5_000
"""Changes read at a time."""


class ListFolds:
    """Every plain list, brought up to date when it is asked for. Safe to share between threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._folds = {name: PlainList(rule) for name, rule in LISTS.items()}
        self._position: tuple[str, int] = ("", 0)

    def get(self, name: str) -> tuple[bytes, str]:
        """(body, ETag) of a list. NotFound: no such list. Unavailable: what we know is too old."""
        fold = self._folds.get(name)
        if fold is None:
            raise NotFound(f"no list {name!r}; there are: {', '.join(sorted(self._folds))}")
        if stale(self._context):
            raise Unavailable("the list is too old to be given out: contact to the ledger was lost")
        with self._lock:
            self._follow()
            return fold.body(), fold.etag()

    def _follow(self) -> None:
        ledger = self._context.ledger
        if self._position[0] != ledger.epoch:
            seq = ledger.last_seq()
            listings = list(self._snapshot())
            for fold in self._folds.values():
                fold.start(listings)
            self._position = (ledger.epoch, seq)
        while changes := ledger.changes(self._position[1], PAGE):
            for change in changes:
                if change.tenant != SHARED:
                    continue
                for fold in self._folds.values():
                    fold.apply(change)
            self._position = (ledger.epoch, changes[-1].seq)

    def _snapshot(self) -> Iterator[Listing]:
        for row in self._context.ledger.listings():
            if row.listing is not None and row.tenant == SHARED:
                yield row.listing
