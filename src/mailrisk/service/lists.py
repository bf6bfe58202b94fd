"""The plain lists of one process: each is kept as a fold that follows the change feed."""

from __future__ import annotations

from mailrisk.model.errors import NotFound
from mailrisk.publish.plain_list import LISTS, PlainList
from mailrisk.service.context import Context
from mailrisk.service.follow import Follower, refuse_stale


class ListFolds:
    """Every plain list, brought up to date when it is asked for. Safe to share between threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folds = {name: PlainList(rule) for name, rule in LISTS.items()}
        self._follower = Follower(context, list(self._folds.values()))

    def get(self, name: str) -> tuple[bytes, str]:
        """(body, ETag) of a list. NotFound: no such list. Unavailable: what we know is too old."""
        fold = self._folds.get(name)
        if fold is None:
            raise NotFound(f"no list {name!r}; there are: {', '.join(sorted(self._folds))}")
        refuse_stale(self._context)
        with self._follower.lock:
            self._follower.follow()
            return fold.body(), fold.etag()
