"""Listings for tests of surfaces, and a table that holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.listing_table import Held, ListingTable

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SECOND = int(NOW.timestamp())


def listing(kind: Kind, value: str, **more: Any) -> Listing:
    """A listing of now; an address is ``high``, everything else ``malicious``."""
    is_ip = kind in IP_KINDS
    named: dict[str, Any] = {
        "level": Level.HIGH if is_ip else Level.MALICIOUS,
        "probability": 0.95,
        "category": Category.BRUTE_FORCE if is_ip else Category.CREDENTIAL_PHISHING,
        "first_seen": NOW - timedelta(hours=1),
        "last_seen": NOW,
        "valid_until": NOW + timedelta(days=7),
        "local": True,
    }
    return Listing(kind=kind, value=value, **(named | more))


def an_hour(_: Listing) -> Held:
    """Every address is blocked for an hour from NOW."""
    return Held(1, SECOND + 3_600)


def filled(*listings: Listing) -> ListingTable:
    """A table that began with these."""
    table = ListingTable(an_hour)
    for one in listings:
        table.put(Subject(one.kind, one.value), one)
    table.settle("e", 100, started=True)
    return table


def change(seq: int, kind: ChangeKind, one: Listing) -> Change:
    """A change of a listing."""
    gone = kind in (ChangeKind.WITHDRAWN, ChangeKind.EXEMPTED, ChangeKind.EXPIRED)
    return Change(
        seq=seq, epoch="e", at=NOW, kind=kind, indicator_kind=one.kind, indicator=one.value,
        listing=None if gone else one,
    )  # fmt: skip
