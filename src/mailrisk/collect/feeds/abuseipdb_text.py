"""AbuseIPDB's blacklist as plain text (``Accept: text/plain``): one address a line, most reported first.

Source: https://docs.abuseipdb.com/#blacklist-endpoint. No header, no scores. An error answer is one JSON
object, whose line is a bad entry.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import address_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed`` unless the options say otherwise."""
    category = options.category or Category.LISTED

    def read(text: str) -> tuple[Sighting]:
        return (Sighting(subject=address_of(text), category=category),)

    return each_line(lines, read)
