"""Another mailrisk's change feed: the answers of ``GET /api/v1/changes`` as its partners read them.

One JSON object a page: ``changes`` in the order of their numbers, each with ``kind``, ``indicator`` and
``scope``; ``listed`` and ``updated`` carry ``level``, ``score``, ``category`` and ``first_seen``. The other
kinds (``withdrawn``, ``expired``, ``exempted``) take the indicator back. Read in order the pages are a fold:
what was said last holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from mailrisk.collect.feeds.entry import address_of, file_of, host_of, network_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.indicator import parse_indicator
from mailrisk.model.verdict import Category

PUTS = ("listed", "updated")
TAKES = ("withdrawn", "expired", "exempted")


class _Change(msgspec.Struct):
    """What is read of a change; a server of another version may say more."""

    seq: int
    kind: str
    indicator: str
    scope: str
    at: datetime | None = None
    score: int | None = None
    category: str | None = None


class _Page(msgspec.Struct):
    changes: list[msgspec.Raw]


def parse(pieces: Iterable[bytes], options: FeedOptions) -> Entries:
    """One sighting a change; ``gone`` for what is taken back. ``confidence`` is the partner's score."""
    page = read_document(pieces, _Page)

    def read(raw: msgspec.Raw) -> Iterable[Sighting]:
        change = json_of(raw, _Change)
        if change.kind not in PUTS + TAKES:
            return
        subject, scheme = _subject(change.scope, change.indicator)
        gone = change.kind in TAKES
        yield Sighting(
            subject=subject,
            scheme=scheme,
            seen_at=change.at,
            category=None if gone else options.category or _category(change.category),
            reference=f"change {change.seq}",
            confidence=min(100, max(0, change.score or 0)) / 100,
            gone=gone,
        )

    return each_item(page.changes, read)


def _subject(scope: str, text: str) -> tuple[Subject, str]:
    """Subject and scheme; BadInput for a private address or a scope that is none."""
    if scope == Kind.URL:
        return url_of(text)
    if scope == Kind.PATH:
        url_of(text)  # Refuses a private host.
        return parse_indicator(f"path:{text}")
    if scope == Kind.HOST:
        return host_of(text), "https"
    if scope == Kind.DOMAIN:
        return Subject(Kind.DOMAIN, host_of(text).value), "https"
    if scope in (Kind.IP, Kind.NETWORK):
        return (address_of if scope == Kind.IP else network_of)(text), "https"
    if scope == Kind.FILE:
        return file_of(text), "https"
    raise BadInput("scope", f"{scope[:20]!r} is no scope of a listing")


def _category(name: str | None) -> Category | None:
    try:
        return Category(name or "")
    except ValueError:
        return None
