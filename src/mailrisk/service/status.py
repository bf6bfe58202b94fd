"""What is known and how fresh it is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailrisk import __version__
from mailrisk.service.check_url import list_age, stale
from mailrisk.service.context import Context
from mailrisk.service.deep_count import DeepStatus
from mailrisk.store.microseconds import EPOCH
from mailrisk.store.rows import FeedRow


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One feed that is fetched or was imported.

    ``age_s``: since its publisher last said what is in it, also by "nothing new"; None if never.
    """

    name: str
    format: str
    enabled: bool  # fetched on schedule
    entries: int
    imports: int
    imported_at: datetime | None
    checked_at: datetime | None
    age_s: int | None
    due_at: datetime | None  # None: not fetched on schedule, or at once
    failures: int
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
    fetching: bool  # feeds are fetched on schedule
    feeds: tuple[FeedStatus, ...]
    deepening: DeepStatus  # of this process, since it started
    surfaces: dict[str, dict[str, int]] = {}  # what each surface holds, and what it cannot express


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
        fetching=context.network and context.feeds.scheduled,
        feeds=feed_status(context),
        deepening=context.deep_count.status(),
        surfaces=context.surface_counts,
    )


def feed_status(context: Context) -> tuple[FeedStatus, ...]:
    """Every feed that is enabled or was imported before, by name."""
    rows = {row.name: row for row in context.ledger.feeds()}
    names = sorted(context.feeds.enabled | set(rows))
    return tuple(_feed(context, name, rows.get(name)) for name in names)


def _feed(context: Context, name: str, row: FeedRow | None) -> FeedStatus:
    source = context.feeds.sources.get(name)
    enabled = name in context.feeds.enabled
    if row is None:
        assert source is not None
        return FeedStatus(
            name=name, format=source.format, enabled=enabled, entries=0, imports=0, imported_at=None,
            checked_at=None, age_s=None, due_at=None, failures=0, last_error="", failed_at=None,
        )  # fmt: skip
    imported_at = row.imported_at if row.imported_at > EPOCH else None
    heard = [at for at in (imported_at, row.checked_at) if at is not None]
    age_s = int((context.clock() - max(heard)).total_seconds()) if heard else None
    return FeedStatus(
        name=name,
        format=row.format,
        enabled=enabled,
        entries=row.entries,
        imports=row.imports,
        imported_at=imported_at,
        checked_at=row.checked_at,
        age_s=None if age_s is None else max(0, age_s),
        due_at=row.due_at if enabled and context.feeds.scheduled else None,
        failures=row.failures,
        last_error=row.last_error,
        failed_at=row.failed_at,
    )
