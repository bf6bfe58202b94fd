"""The change feed as others may read it, and the lists that are folds of it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import msgspec

from mailrisk.decide.lifecycle import LISTED_LEVELS
from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.verdict import Category, Level
from mailrisk.service.context import Context

MAX_PAGE = 1_000
"""Changes in one answer."""

MAX_WAIT_S = 30.0
"""Longest time, in seconds, that a request may wait for a change."""

LOOK_EVERY_S = 0.1

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


def changes(
    context: Context, after: int, limit: int = MAX_PAGE, tenant: int = SHARED, *, own: bool = False
) -> ChangesAnswer:
    """Changes numbered above ``after``, in order.

    ``own``: as if partners had told us nothing, for partners. What rests on their word alone is told as
    ``expired``, so that two servers never keep a listing alive by quoting one another.
    """
    page = context.ledger.changes(after, min(limit, MAX_PAGE))
    last = context.ledger.last_seq()
    reached = page[-1].seq if page else after
    shown = tuple(_answer(change, own=own) for change in page if _visible(change, tenant))
    return ChangesAnswer(
        epoch=context.ledger.epoch, changes=shown, next=reached, last=last, more=reached < last
    )


async def changed(context: Context, after: int, wait_s: float) -> None:
    """Waits until there is a change above ``after``, at most ``wait_s`` seconds.

    Looks at the index, which is a read of shared memory: a thousand waiting followers cost next to nothing.
    """
    ends = time.monotonic() + wait_s
    while (left := ends - time.monotonic()) > 0 and context.index.position()[1] <= after:
        await asyncio.sleep(min(LOOK_EVERY_S, left))


def _without_partners(change: Change, listing: Listing, own_level: Level) -> Change:
    if own_level not in LISTED_LEVELS:
        return msgspec.structs.replace(change, kind=ChangeKind.EXPIRED, listing=None)
    alone = msgspec.structs.replace(listing, level=own_level, probability=listing.own_probability)
    return msgspec.structs.replace(change, listing=alone)


def _visible(change: Change, tenant: int) -> bool:
    if change.kind in PRIVATE_KINDS or change.tenant not in (SHARED, tenant):
        return False
    return change.redistribute


def _answer(change: Change, *, own: bool) -> ChangeAnswer:
    if own and change.listing is not None and change.listing.own_level is not None:
        change = _without_partners(change, change.listing, change.listing.own_level)
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
