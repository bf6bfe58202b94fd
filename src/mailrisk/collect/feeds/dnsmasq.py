"""dnsmasq block lists: ``address=/name/`` and its relatives (dnsmasq(8)).

``address=/evil.example/0.0.0.0`` answers the name and every name below it with a sinkhole; an empty
address or ``#`` is NXDOMAIN or null. ``server=/evil.example/`` and ``local=/evil.example/`` without an address
mean: never ask anyone. One line may hold several names. With another address the line is somebody's
own host or forwarder, and no block entry.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import host_of
from mailrisk.collect.feeds.hosts_file import SINKHOLES
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every blocked name; the hosts below it are meant too (``below``)."""

    def read(text: str) -> tuple[Sighting, ...]:
        key, _, value = text.partition("=")
        begin, *names = value.split("/")
        if key.strip() not in ("address", "server", "local") or begin.strip() or len(names) < 2:
            raise BadInput("line", "neither address=/name/ nor server=/name/")
        target = names.pop().partition(" #")[0].strip()
        if target and (key != "address" or (target != "#" and target not in SINKHOLES)):
            raise BadInput("line", "its address is no sinkhole")
        return tuple(
            Sighting(subject=host_of(name.removeprefix("*.")), category=options.category, below=True)
            for name in names
        )

    return each_line(lines, read)
