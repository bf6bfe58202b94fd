"""The Tor project's ``exit-addresses``: what TorDNSEL saw exits really use.

Source: https://2019.www.torproject.org/tordnsel/exitlist-spec.txt. Blocks of ``ExitNode <fingerprint>``,
``Published <time>``, ``LastStatus <time>`` and one or more ``ExitAddress <ip> <time>``. The time of an
address is when it was last seen in use; the fingerprint of its block is the reference.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import address_of, reference_of, time_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``listed``, tag ``tor-exit``."""
    category = options.category or Category.LISTED
    node = ""

    def read(text: str) -> tuple[Sighting, ...]:
        nonlocal node
        word, _, rest = text.partition(" ")
        if word == "ExitNode":
            node = rest[:40]
        if word in ("ExitNode", "Published", "LastStatus"):
            return ()
        if word != "ExitAddress":
            raise BadInput("line", "neither ExitNode nor ExitAddress")
        address, _, at = rest.partition(" ")
        subject = address_of(address)
        tags = ("tor-exit",)
        return (
            Sighting(
                subject=subject,
                seen_at=time_of(at),
                category=category,
                tags=tags,
                reference=reference_of(node),
            ),
        )

    return each_line(lines, read)
