"""Plain lists of addresses and networks: one a line, then perhaps more words that do not matter.

The form of FireHOL ``*.netset`` and ``*.ipset`` (``#`` header), blocklist.de (``all.txt``), CINS Army
(``ci-badguys.txt``), the Tor project's ``torbulkexitlist``, Emerging Threats ``emerging-Block-IPs.txt``,
Binary Defense and IPsum (``address<TAB>number of lists``). What begins
with ``#``, ``;`` or ``//`` is a comment, also after an entry.

FireHOL level 1 holds the bogons (``10.0.0.0/8``, ``0.0.0.0/8``): they become bad entries, because
no list of ours may ever block a private network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailrisk.collect.feeds.entry import network_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category

_END = re.compile(r"[\s#;,]")


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed`` unless the options say otherwise."""
    category = options.category or Category.LISTED

    def read(text: str) -> tuple[Sighting]:
        return (Sighting(subject=network_of(_END.split(text, 1)[0]), category=category),)

    return each_line(lines, read, ("#", ";", "//"))
