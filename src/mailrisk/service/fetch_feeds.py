"""Fetching feeds: when they are due, conditionally, with back-off, and what came of it noted in the ledger.

A feed's row holds what the next fetch needs (validators, position), when it is due and how often it failed
in a row. The position is kept only after the delivery was imported, so that a crash fetches it again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from mailrisk.edge.fetch import Egress
from mailrisk.edge.files import read_pieces
from mailrisk.edge.pull import Pulled, PullState, pull
from mailrisk.model.errors import BadInput, MailriskError, NotFound, Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.model.feed import FeedSource
from mailrisk.service.context import Context
from mailrisk.service.import_feed import FeedReport, import_documents

logger = logging.getLogger(__name__)

JITTER = 0.1
"""A feed is asked up to this share later than due, so that not everybody asks at the full hour."""

LONGEST_RETRY_S = 3600
"""After failures a feed is tried at least this often, or as often as when it is well."""

FIRST_RETRY_S = 300

_chance = secrets.SystemRandom()


class FetchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of fetching one feed. ``outcome``: imported, unchanged, failed (not reached), refused."""

    feed: str
    outcome: str
    due_at: datetime
    error: str = ""
    imported: FeedReport | None = None


def check_network(context: Context) -> None:
    """Raises Unavailable when nothing may be fetched."""
    if not context.network:
        raise Unavailable(
            "the network is switched off here (network.enabled, --no-network): nothing is fetched"
        )


def due(context: Context) -> list[FeedSource]:
    """The enabled feeds whose time has come, the longest overdue first; none without network."""
    if not (context.network and context.feeds.scheduled):
        return []
    now = context.clock()
    rows = {row.name: row.due_at for row in context.ledger.feeds()}
    waiting = [
        (rows.get(name) or datetime.min.replace(tzinfo=now.tzinfo), name) for name in context.feeds.enabled
    ]
    return [context.feeds.sources[name] for at, name in sorted(waiting) if at <= now]


async def fetch_feeds(context: Context, sources: Iterable[FeedSource]) -> list[FetchReport]:
    """Fetches feeds one after the other; a failure is reported and the others go on."""
    return [await fetch_feed(context, source) for source in sources]


async def fetch_feed(context: Context, source: FeedSource) -> FetchReport:
    """Fetches one feed now and imports what is new. Unavailable: the network is switched off."""
    check_network(context)
    try:
        report = await _fetch(context, source)
    except BadInput as error:
        return _missed(context, source, "refused", str(error))
    except MailriskError as error:
        return _missed(context, source, "failed", str(error))
    except Exception as error:  # A fault of ours in one feed must not stop the others.
        logger.exception("fetching the feed %s failed", source.name)
        return _missed(context, source, "failed", f"internal error: {type(error).__name__}")
    return report


async def _fetch(context: Context, source: FeedSource) -> FetchReport:
    plan = context.feeds
    with context.ledger.transaction(context.clock()) as transaction:
        row = transaction.feeds.open(SHARED, source.name, source.format)
    egress = Egress(proxy=plan.proxy, allow_private=source.name in plan.private)
    with tempfile.TemporaryDirectory(prefix="mailrisk-feed-") as folder:
        pulled = await pull(
            source,
            Path(folder),
            state=_state(row.validators),
            key=plan.keys.get(source.name, ""),
            egress=egress,
        )
        report = None
        if pulled.files:
            report = await asyncio.to_thread(_import, context, source, pulled)
    due_at = context.clock() + timedelta(seconds=source.refresh_s * (1 + _chance.uniform(0, JITTER)))
    with context.ledger.transaction(context.clock()) as transaction:
        transaction.feeds.reached(row.id, due_at, msgspec.json.encode(pulled.state).decode())
    outcome = "unchanged" if report is None or report.unchanged else "imported"
    return FetchReport(feed=source.name, outcome=outcome, due_at=due_at, imported=report)


def _import(context: Context, source: FeedSource, pulled: Pulled) -> FeedReport:
    documents = (read_pieces(str(path)) for path in pulled.files)
    return import_documents(context, source, documents, complete=pulled.complete)


def _state(stored: str) -> PullState:
    """What the last fetch left; nothing when another version wrote it in another form."""
    try:
        return msgspec.json.decode(stored or "{}", type=PullState)
    except msgspec.MsgspecError:
        return PullState()


def _missed(context: Context, source: FeedSource, outcome: str, error: str) -> FetchReport:
    """Notes a failure: the next try comes later each time, at the latest when the feed would be due anyway."""
    with context.ledger.transaction(context.clock()) as transaction:
        row = transaction.feeds.open(SHARED, source.name, source.format)
        due_at = context.clock() + timedelta(seconds=retry_after_s(row.failures, source.refresh_s))
        transaction.feeds.missed(row.id, due_at, row.failures + 1, error)
    logger.info("feed %s: %s (%s)", source.name, error, outcome)
    return FetchReport(feed=source.name, outcome=outcome, due_at=due_at, error=error)


def retry_after_s(failures: int, refresh_s: int) -> float:
    """Seconds until the next try after ``failures`` failures before this one.

    Doubles from five minutes, or from an eighth of the feed's own time where that is longer (publishers
    with slow feeds forbid frequent requests), to an hour or the feed's own time.
    """
    first = max(FIRST_RETRY_S, refresh_s / 8)
    return min(first * 2.0 ** min(failures, 20), max(LONGEST_RETRY_S, refresh_s)) * (
        1 + _chance.uniform(0, JITTER)
    )


def find_sources(context: Context, names: Iterable[str]) -> list[FeedSource]:
    """Feeds by name; all enabled ones when no name is given. NotFound: a name that no feed has."""
    plan = context.feeds
    chosen = list(names) or sorted(plan.enabled)
    for name in chosen:
        if name not in plan.sources:
            raise NotFound(f"no feed {name!r}; there are: {', '.join(sorted(plan.sources))}")
    return [plan.sources[name] for name in chosen]
