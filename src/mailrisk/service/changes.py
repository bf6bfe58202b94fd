"""The change feed as others may read it, and the lists that are folds of it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.verdict import Category, Level
from mailrisk.service.context import Context

MAX_PAGE = 1_000
"""Changes in one answer."""

PRIVATE_KINDS = (ChangeKind.KEY_ISSUED, ChangeKind.KEY_REVOKED)


class ChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One change as followers get it."""

    seq: int
    at: datetime
    kind: ChangeKind
    indicator: str
    scope: str
    level: Level | None = None
    score: int | None = None
    category: Category | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    valid_until: datetime | None = None
    reason: str = ""


class ChangesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of changes. ``next`` is the ``after`` of the next request; ``more``: ask at once.

    Numbers may be missing from ``changes`` (other tenants' changes, keys, listings that may not be
    passed on), never from the feed itself: a follower goes by ``next``.
    """

    epoch: str
    changes: tuple[ChangeAnswer, ...]
    next: int
    last: int
    more: bool


def changes(context: Context, after: int, limit: int = MAX_PAGE, tenant: int = SHARED) -> ChangesAnswer:
    """Changes numbered above ``after``, in order."""
    page = context.ledger.changes(after, min(limit, MAX_PAGE))
    last = context.ledger.last_seq()
    reached = page[-1].seq if page else after
    shown = tuple(_answer(change) for change in page if _visible(change, tenant))
    return ChangesAnswer(
        epoch=context.ledger.epoch, changes=shown, next=reached, last=last, more=reached < last
    )


def _visible(change: Change, tenant: int) -> bool:
    if change.kind in PRIVATE_KINDS or change.tenant not in (SHARED, tenant):
        return False
    return change.redistribute


def _answer(change: Change) -> ChangeAnswer:
    listing: Listing | None = change.listing
    subject = (listing.kind, listing.value) if listing else (change.indicator_kind, change.indicator)
    text = change.indicator
    if subject[0] in ("url", "path"):
        text = f"{change.scheme}://{change.indicator}"
    return ChangeAnswer(
        seq=change.seq,
        at=change.at,
        kind=change.kind,
        indicator=text,
        scope=str(change.indicator_kind),
        level=listing.level if listing else None,
        score=round(100 * listing.probability) if listing else None,
        category=listing.category if listing else None,
        first_seen=listing.first_seen if listing else None,
        last_seen=listing.last_seen if listing else None,
        valid_until=listing.valid_until if listing else None,
        reason=change.reason,
    )
