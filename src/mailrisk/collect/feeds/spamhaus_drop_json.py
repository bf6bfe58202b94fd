"""Spamhaus DROP as JSON lines (``drop_v4.json``, ``drop_v6.json``): networks run by criminals.

Source: https://www.spamhaus.org/blocklists/do-not-route-or-peer/. One object a line, ``{"cidr": "...", "sblid":
"SBL...", "rir": "..."}``; the last one is ``{"type": "metadata", "timestamp": ..., "size": ..., "records": ...,
"copyright": ..., "terms": ...}``. A feed without it was cut off on its way and is refused at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mailrisk.collect.feeds.entry import network_of, reference_of, tags_of
from mailrisk.collect.feeds.lines import Entries, each_line, json_of
from mailrisk.model.errors import BadInput, FeedRefused
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import BadEntry, Sighting
from mailrisk.model.verdict import Category


class _Entry(msgspec.Struct):
    cidr: str = ""
    sblid: str = ""
    rir: str = ""
    type: str = ""


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed`` unless the options say otherwise; the SBL number is the reference."""
    category = options.category or Category.LISTED
    complete = False

    def read(text: str) -> tuple[Sighting, ...]:
        nonlocal complete
        entry = json_of(text, _Entry)
        if entry.type == "metadata":
            complete = True
            return ()
        if not entry.cidr:
            raise BadInput("cidr", "missing")
        subject = network_of(entry.cidr)
        return (
            Sighting(
                subject=subject,
                category=category,
                tags=tags_of(entry.rir),
                reference=reference_of(entry.sblid),
            ),
        )

    def checked() -> Iterator[Sighting | BadEntry]:
        yield from each_line(lines, read)
        if not complete:
            raise FeedRefused("it has no metadata line: it was cut off")

    return checked()
