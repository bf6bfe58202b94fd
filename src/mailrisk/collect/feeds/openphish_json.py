"""OpenPhish premium feed as JSON lines: one object a line, ``url`` and what is known about the page.

Source: https://openphish.com/phishing_feeds.html. Used here: ``url``, ``brand`` (the impersonated one),
``sector``, ``isotime`` (when it was detected, ISO 8601), ``family_id`` (phishing kit). rspamd reads the
same form. Everything but ``url`` may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailrisk.collect.feeds.entry import brand_of, reference_of, tags_of, time_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_line, json_of
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


class _Entry(msgspec.Struct):
    url: str
    brand: str | None = None
    sector: str | None = None
    isotime: str | None = None
    family_id: str | None = None


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``credential-phishing``; the sector becomes a tag, the kit's id the reference."""
    category = options.category or Category.CREDENTIAL_PHISHING

    def read(text: str) -> tuple[Sighting]:
        entry = json_of(text, _Entry)
        subject, scheme = url_of(entry.url)
        return (
            Sighting(
                subject=subject,
                scheme=scheme,
                seen_at=time_of(entry.isotime or ""),
                category=category,
                tags=tags_of(entry.sector or "", "|"),
                brand=brand_of(entry.brand or ""),
                reference=reference_of(entry.family_id or ""),
            ),
        )

    return each_line(lines, read)
