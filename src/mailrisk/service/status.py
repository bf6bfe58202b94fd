"""What is known and how fresh it is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailrisk import __version__
from mailrisk.service.check_url import list_age, stale
from mailrisk.service.context import Context


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One feed since its last import."""

    name: str
    format: str
    entries: int
    imports: int
    imported_at: datetime
    last_error: str
    failed_at: datetime | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What ``mailrisk status`` and ``GET /api/v1/status`` show."""

    version: str
    epoch: str
    last_seq: int
    index_seq: int
    rules: int
    list_age_s: float | None
    stale: bool
    policy: str
    network: bool
    feeds: tuple[FeedStatus, ...]


def status(context: Context) -> Status:
    """The state of the stores and feeds."""
    age = list_age(context)
    return Status(
        version=__version__,
        epoch=context.ledger.epoch,
        last_seq=context.ledger.last_seq(),
        index_seq=context.index.position()[1],
        rules=context.index.count(),
        list_age_s=None if age is None else round(age.total_seconds(), 3),
        stale=stale(context),
        policy=context.policy.hash,
        network=context.network,
        feeds=tuple(
            FeedStatus(
                name=row.name,
                format=row.format,
                entries=row.entries,
                imports=row.imports,
                imported_at=row.imported_at,
                last_error=row.last_error,
                failed_at=row.failed_at,
            )
            for row in context.ledger.feeds()
        ),
    )
