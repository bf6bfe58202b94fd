"""Spamhaus DROP in its old text form (``drop.txt``): ``network ; SBL number``, ``;`` begins a comment.

Source: https://www.spamhaus.org/blocklists/do-not-route-or-peer/. Still published, but the JSON form
is the one that Spamhaus wants read.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import network_of, reference_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed`` unless the options say otherwise; the SBL number is the reference."""
    category = options.category or Category.LISTED

    def read(text: str) -> tuple[Sighting]:
        block, _, reference = text.partition(";")
        subject = network_of(block.strip())
        return (Sighting(subject=subject, category=category, reference=reference_of(reference.strip())),)

    return each_line(lines, read, (";", "#"))
