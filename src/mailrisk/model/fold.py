"""What every surface is: a fold of the numbered changes."""

from __future__ import annotations

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.subject import Subject


class Fold:
    """A surface's own picture of the listings, kept by the changes in their order.

    A follower (``service/follow.py``) calls: ``clear``, then ``put`` and ``exempt`` for the snapshot, then
    ``apply`` for each later change; and ``settle`` whenever all changes up to a number are in. The
    methods must not fail on any listing: what a surface cannot express is left out there and counted.
    """

    def clear(self) -> None:
        """Forgets everything."""
        raise NotImplementedError

    def put(self, subject: Subject, listing: Listing) -> None:
        """The indicator is listed so from now on, in place of what was known of it."""
        raise NotImplementedError

    def drop(self, subject: Subject) -> None:
        """The indicator is not listed any more; it may never have been."""
        raise NotImplementedError

    def exempt(self, subject: Subject) -> None:
        """The indicator is exempted: not listed, and what lists it by a wider scope does not count for it."""
        self.drop(subject)

    def apply(self, change: Change) -> None:
        """Folds one change in; changes of keys are none of a surface's business."""
        if change.indicator_kind is None:
            return
        subject = Subject(change.indicator_kind, change.indicator)
        if change.kind in (ChangeKind.WITHDRAWN, ChangeKind.EXEMPTED):
            self.exempt(subject)
        elif change.listing is not None and change.kind is not ChangeKind.EXPIRED:
            self.put(subject, change.listing)
        else:
            self.drop(subject)

    def settle(self, epoch: str, seq: int, *, started: bool) -> None:
        """All changes up to ``seq`` are in. ``started``: ``clear`` and a snapshot came before."""
