"""Importing a feed: entries in, evidence on entry and exit out. Importing the same content again is nothing.

Membership is a compact table; an entry makes evidence when it enters (``feed-listed``) and when it
leaves (``feed-left``), after which it ages out by the feed's own ``tau_days``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from mailrisk.collect.feeds.guard import check_shrink
from mailrisk.collect.feeds.registry import read_feed
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import BadEntry, Sighting
from mailrisk.model.subject import Subject
from mailrisk.service.context import Context
from mailrisk.service.record import decide_again
from mailrisk.store.transaction import Key, Transaction, key_of

MAX_ENTRIES = 5_000_000
"""Entries of one feed that are read; a feed with more is refused."""

MAX_BAD_SHOWN = 5


class Bad(msgspec.Struct):
    """Unusable entries: how many, and the first few."""

    count: int = 0
    examples: list[str] = []

    def add(self, entry: BadEntry) -> None:
        """Counts one."""
        self.count += 1
        if len(self.examples) < MAX_BAD_SHOWN:
            self.examples.append(f"line {entry.line}: {entry.reason}")


class FeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did."""

    feed: str
    format: str
    entries: int
    new: int
    left: int
    kept: int
    bad: int
    bad_examples: tuple[str, ...]
    changes: int
    unchanged: bool


def import_feed(
    context: Context, source: FeedSource, pieces: Iterable[bytes], *, force: bool = False
) -> FeedReport:
    """Imports one delivery of a feed, whole or not at all.

    Raises FeedRefused (a BadInput) when it turned into HTML, shrank by 90 % (unless ``force``), or holds
    no usable entry; NotFound for an unknown format. A refusal is noted with the feed, and what was
    imported before stays.
    """
    digest = hashlib.sha256()
    try:
        entries, bad = _read(source, _hashed(pieces, digest))
        with context.ledger.transaction(context.clock()) as transaction:
            report = _store(context, transaction, source, entries, bad, digest.hexdigest(), force)
    except BadInput as error:
        with context.ledger.transaction(context.clock()) as transaction:
            row = transaction.feeds.open(SHARED, source.name, source.format)
            transaction.feeds.failed(row.id, str(error))
        raise
    context.catch_up()
    return report


def _hashed(pieces: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _read(source: FeedSource, pieces: Iterable[bytes]) -> tuple[dict[Subject, Sighting], Bad]:
    """(one sighting a subject, unusable entries) of a delivery; the earliest sighting of a subject counts."""
    entries: dict[Subject, Sighting] = {}
    bad = Bad()
    for item in read_feed(source.format, pieces, source.options):
        if isinstance(item, BadEntry):
            bad.add(item)
            continue
        known = entries.get(item.subject)
        if known is None or _earlier(item, known):
            entries[item.subject] = item
        if len(entries) > MAX_ENTRIES:
            raise BadInput("feed", f"more than {MAX_ENTRIES} entries")
    return entries, bad


def _earlier(one: Sighting, other: Sighting) -> bool:
    return one.seen_at is not None and (other.seen_at is None or one.seen_at < other.seen_at)


def _store(
    context: Context,
    transaction: Transaction,
    source: FeedSource,
    entries: Mapping[Subject, Sighting],
    bad: Bad,
    sha256: str,
    force: bool,
) -> FeedReport:
    """Compares a delivery with the one before and records what entered and what left."""
    transaction.use_policy(context.policy, SHARED)
    row = transaction.feeds.open(SHARED, source.name, source.format)
    if row.imports and row.content_sha256 == sha256:
        transaction.feeds.imported(row.id, row.imports, row.entries, sha256)
        return _report(source, row.entries, 0, 0, bad, 0, unchanged=True)
    if not entries:
        raise BadInput("feed", f"no usable entry ({bad.count} unusable ones)")
    if not force:
        check_shrink(row.entries, len(entries))
    import_no = row.imports + 1
    by_key = {key_of(SHARED, subject): sighting for subject, sighting in entries.items()}
    ids = transaction.subject_ids({key: sighting.scheme for key, sighting in by_key.items()})
    members = transaction.feeds.members(row.id)
    entered = [key for key, id_ in ids.items() if not members.get(id_, False)]
    current = set(ids.values())
    left = [id_ for id_, present in members.items() if present and id_ not in current]
    evidence = [
        _listed(source, by_key[key], import_no, transaction.at, again=ids[key] in members) for key in entered
    ]
    gone = transaction.feeds.subjects_by_id(left)
    evidence.extend(_left(source, subject, import_no, transaction.at) for subject, _ in gone.values())
    schemes = {sighting.subject: sighting.scheme for sighting in by_key.values()}
    schemes.update(gone.values())
    touched = transaction.add_evidence(evidence, schemes)
    transaction.feeds.set_members(row.id, import_no, [ids[key] for key in entered], left)
    before = transaction.last_seq
    decide_again(context, transaction, _ordered(touched), schemes)
    transaction.feeds.imported(row.id, import_no, len(entries), sha256)
    changes = transaction.last_seq - before
    return _report(source, len(entries), len(entered), len(left), bad, changes, unchanged=False)


def _ordered(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys)


def _listed(source: FeedSource, sighting: Sighting, import_no: int, at: datetime, *, again: bool) -> Evidence:
    """The entry of a subject into a feed. A time from the future, or of an entry that came back, is now."""
    seen_at = sighting.seen_at
    if seen_at is None or seen_at > at or again:
        seen_at = at
    data: dict[str, Any] = {
        "feed": source.title,
        "since": str(seen_at.date()),
        "tau_days": source.tau_days,
        "redistribute": source.redistribute,
    }
    if sighting.tags:
        data["tags"] = list(sighting.tags)
    if sighting.brand:
        data["brand"] = sighting.brand
    if sighting.reference:
        data["reference"] = sighting.reference
    return Evidence(
        code="feed-listed",
        subject=sighting.subject,
        source=f"feed:{source.name}",
        seen_at=seen_at,
        value=source.weight * sighting.confidence,
        category=sighting.category or "",
        data=data,
        ref=str(import_no),
    )


def _left(source: FeedSource, subject: Subject, import_no: int, at: datetime) -> Evidence:
    """The exit of a subject from a feed."""
    return Evidence(
        code="feed-left",
        subject=subject,
        source=f"feed:{source.name}",
        seen_at=at,
        data={"feed": source.title, "since": str(at.date()), "tau_days": source.tau_days},
        ref=str(import_no),
    )


def _report(
    source: FeedSource,
    entries: int,
    new: int,
    left: int,
    bad: Bad,
    changes: int,
    *,
    unchanged: bool,
) -> FeedReport:
    return FeedReport(
        feed=source.name,
        format=source.format,
        entries=entries,
        new=new,
        left=left,
        kept=entries - new,
        bad=bad.count,
        bad_examples=tuple(bad.examples),
        changes=changes,
        unchanged=unchanged,
    )
