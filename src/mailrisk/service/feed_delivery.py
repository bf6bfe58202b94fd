"""One delivery of a feed as it was read: entries by subject, within limits, at the scope they may have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from mailrisk.collect.feeds.registry import read_feed
from mailrisk.decide.scope import SiteFacts, domain_barrier
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import BadEntry, Sighting
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.hosts import Hosts
from mailrisk.store.transaction import Key, key_of

MAX_ENTRIES = 5_000_000
"""Entries of one feed that are read; a feed with more is refused. Each takes some 400 bytes of memory."""

MAX_BAD_SHOWN = 5

NO_FACTS = SiteFacts()


class Bad(msgspec.Struct):
    """Unusable entries: how many, and the first few."""

    count: int = 0
    examples: list[str] = []

    def add(self, entry: BadEntry) -> None:
        """Counts one."""
        self.count += 1
        if len(self.examples) < MAX_BAD_SHOWN:
            self.examples.append(f"line {entry.line}: {entry.reason}")


class Delivery(msgspec.Struct):
    """What a delivery holds. ``gone``: what the feed itself takes back, if it tells."""

    entries: dict[Key, Sighting]
    gone: set[Key]
    bad: Bad
    complete: bool


def read_delivery(
    source: FeedSource, documents: Iterable[Iterable[bytes]], hosts: Hosts, now: datetime, *, complete: bool
) -> Delivery:
    """Reads all files of a delivery; of several sightings of a subject the earliest counts.

    Entries past their own ``valid_until`` are left out. FeedRefused: a file is unfit as a whole.
    """
    found = Delivery({}, set(), Bad(), complete)
    for pieces in documents:
        for item in read_feed(source.format, pieces, source.options):
            if isinstance(item, BadEntry):
                found.bad.add(item)
            elif item.valid_until is None or item.valid_until > now:
                _add(found, _scoped(item, hosts) if item.below else item)
            if len(found.entries) > MAX_ENTRIES:
                raise BadInput("feed", f"more than {MAX_ENTRIES} entries")
    return found


def _add(found: Delivery, item: Sighting) -> None:
    key = key_of(SHARED, item.subject)
    if item.gone:  # What a feed says later counts, so the order of its entries matters here.
        found.entries.pop(key, None)
        found.gone.add(key)
        return
    found.gone.discard(key)
    known = found.entries.get(key)
    if known is None or _earlier(item, known):
        found.entries[key] = item


def _earlier(one: Sighting, other: Sighting) -> bool:
    return one.seen_at is not None and (other.seen_at is None or one.seen_at < other.seen_at)


def _scoped(item: Sighting, hosts: Hosts) -> Sighting:
    """An entry that means a host and all below it, as wide as the scope rules allow.

    Condition: the host is a registrable domain and nothing forbids listing it whole. Else the host alone.
    """
    subject = item.subject
    if (
        subject.kind is Kind.HOST
        and hosts.registrable(subject.value) == subject.value
        and domain_barrier(subject.value, hosts, NO_FACTS) is None
    ):
        return msgspec.structs.replace(item, subject=Subject(Kind.DOMAIN, subject.value))
    return item
