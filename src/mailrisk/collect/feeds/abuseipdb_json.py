"""AbuseIPDB's blacklist in JSON (``GET /api/v2/blacklist``), the addresses reported most.

Source: https://docs.abuseipdb.com/#blacklist-endpoint. ``{"meta": {"generatedAt": ...}, "data": [{"ipAddress": ...,
"countryCode": ..., "abuseConfidenceScore": 0..100, "lastReportedAt": ...}]}``. Its plain-text form is
:mod:`.abuseipdb_text`. An error answer has ``errors`` instead of ``data`` and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailrisk.collect.feeds.entry import address_of, time_of
from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


class _Document(msgspec.Struct):
    data: list[msgspec.Raw]


class _Entry(msgspec.Struct, rename="camel"):
    ip_address: str
    abuse_confidence_score: float = 100.0
    last_reported_at: str | None = None


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed`` unless the options say otherwise."""
    category = options.category or Category.LISTED

    def read(raw: msgspec.Raw) -> tuple[Sighting]:
        entry = json_of(raw, _Entry)
        return (
            Sighting(
                subject=address_of(entry.ip_address),
                seen_at=time_of(entry.last_reported_at or ""),
                category=category,
                reference=f"https://www.abuseipdb.com/check/{address_of(entry.ip_address).value}",
                confidence=min(max(entry.abuse_confidence_score, 0.0), 100.0) / 100,
            ),
        )

    return each_item(read_document(lines, _Document).data, read)
