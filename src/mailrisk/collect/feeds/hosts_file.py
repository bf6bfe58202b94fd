"""Hosts files: ``address name [name ...]``, ``#`` begins a comment (hosts(5)).

Block lists in this form send each bad name to a sinkhole: ``0.0.0.0``, ``127.0.0.1``, ``::`` or ``::1``. The
usual first lines (``localhost``, ``broadcasthost``, ``ip6-allnodes``) are the machine's own and are left out.
A name with any other address is no block entry but somebody's private host table, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import host_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting

SINKHOLES = frozenset({"0.0.0.0", "127.0.0.1", "127.0.1.1", "::", "::1", "0", "::0"})  # noqa: S104 - text of a feed
_OWN = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"})  # noqa: S104


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every name sent to a sinkhole; no category unless the options give one."""

    def read(text: str) -> tuple[Sighting, ...]:
        address, *names = text.partition("#")[0].split()
        if address not in SINKHOLES and not address.startswith(("ff0", "fe80:", "255.")):
            raise BadInput("line", "its address is no sinkhole")
        return tuple(
            Sighting(subject=host_of(name), category=options.category)
            for name in names
            if name.lower() not in _OWN and not name.startswith("ip6-")
        )

    return each_line(lines, read)
