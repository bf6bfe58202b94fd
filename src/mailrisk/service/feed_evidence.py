"""What a feed's word becomes in the ledger: an entry that entered, an entry that left."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from mailrisk.model.evidence import Evidence
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Subject

PARTNER_FORMAT = "mailrisk-changes"


def feed_listed(
    source: FeedSource, sighting: Sighting, import_no: int, at: datetime, *, again: bool, fades: bool = False
) -> Evidence:
    """The entry of a subject into a feed. A time from the future, or of an entry that came back, is now.

    ``fades``: the feed will not say when the entry leaves, so its word loses weight from the start.
    """
    seen_at = sighting.seen_at
    if seen_at is None or seen_at > at or again:
        seen_at = at
    partner = source.format == PARTNER_FORMAT
    said = (sighting.tags, sighting.brand, sighting.reference)
    data = _data(
        source.title, str(seen_at.date()), source.tau_days, source.redistribute, fades, partner, said
    )
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


@lru_cache(maxsize=64)
def _data(
    title: str,
    since: str,
    tau_days: float,
    redistribute: bool,
    fades: bool,
    partner: bool,
    said: tuple[tuple[str, ...], str, str],
) -> dict[str, Any]:
    """What shows the entry. Entries of a feed of bare URLs share one, which is then also encoded once."""
    data: dict[str, Any] = {
        "feed": title, "since": since, "tau_days": tau_days, "redistribute": redistribute,
    }  # fmt: skip
    if fades:
        data["fades"] = True
    if partner:
        data["partner"] = True  # Decides what other partners are told; see service/record.py.
    tags, brand, reference = said
    if tags:
        data["tags"] = list(tags)
    if brand:
        data["brand"] = brand
    if reference:
        data["reference"] = reference
    return data


def feed_left(source: FeedSource, subject: Subject, import_no: int, at: datetime) -> Evidence:
    """The exit of a subject from a feed."""
    return Evidence(
        code="feed-left",
        subject=subject,
        source=f"feed:{source.name}",
        seen_at=at,
        data={"feed": source.title, "since": str(at.date()), "tau_days": source.tau_days},
        ref=str(import_no),
    )
