"""The one table of feed formats, and the way in: :func:`read_feed`.

To add a format, write one file with ``parse(lines, options)``, enter it here, and put one sample
with its expected result into ``tests/samples/feeds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailrisk.collect.feeds import openphish_text, urlhaus_csv
from mailrisk.collect.feeds.lines import Entries, split_lines
from mailrisk.model.errors import NotFound
from mailrisk.model.feed import FeedOptions


class Format(NamedTuple):
    """A parser and how it wants its input: cut into lines, or (``whole``) in pieces of any size."""

    parse: Callable[[Iterable[bytes], FeedOptions], Entries]
    whole: bool = False


FORMATS: dict[str, Format] = {
    "openphish-text": Format(openphish_text.parse),
    "urlhaus-csv": Format(urlhaus_csv.parse),
}


def read_feed(name: str, pieces: Iterable[bytes], options: FeedOptions | None = None) -> Entries:
    """Reads a feed of format ``name`` from its bytes, in pieces of any size (64 KiB read well).

    Yields Sighting and BadEntry in the feed's order. Raises NotFound for a format that is not in
    the table, and FeedRefused, also after some entries, when the feed is unfit as a whole:
    what came before must then not be kept.
    """
    chosen = FORMATS.get(name)
    if chosen is None:
        raise NotFound(f"no feed format {name!r}; known: {', '.join(sorted(FORMATS))}")
    return chosen.parse(pieces if chosen.whole else split_lines(pieces), options or FeedOptions())
