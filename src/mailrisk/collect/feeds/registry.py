"""The one table of feed formats, and the way in: :func:`read_feed`.

To add a format, write one file with ``parse(lines, options)``, enter it here, and put one sample
with its expected result into ``tests/samples/feeds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailrisk.collect.feeds import (
    abuseipdb_json,
    abuseipdb_text,
    adblock,
    cidr_list,
    dnsmasq,
    hosts_file,
    mailrisk_changes,
    mapped_csv,
    misp,
    openphish_json,
    openphish_text,
    phishing_database,
    phishtank_csv,
    phishtank_json,
    rpz,
    spamhaus_drop_json,
    spamhaus_drop_text,
    stix,
    threatfox_csv,
    threatfox_json,
    tor_exit_addresses,
    urlhaus_csv,
    urlhaus_hostfile,
    urlhaus_json,
)
from mailrisk.collect.feeds.lines import Entries, split_lines
from mailrisk.model.errors import FeedRefused, NotFound
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import BadEntry

MAX_BAD = 100_000
"""So many unusable entries, if they are the majority, refuse a feed. Filter lists hold 50,000 patterns."""


class Format(NamedTuple):
    """A parser and how it wants its input: cut into lines, or (``whole``) in pieces of any size.

    ``takes_back``: the format itself says when an entry goes, so that silence about one means nothing.
    """

    parse: Callable[[Iterable[bytes], FeedOptions], Entries]
    whole: bool = False
    takes_back: bool = False


FORMATS: dict[str, Format] = {
    "abuseipdb-json": Format(abuseipdb_json.parse, whole=True),
    "abuseipdb-text": Format(abuseipdb_text.parse),
    "adblock": Format(adblock.parse),
    "cidr-list": Format(cidr_list.parse),
    "csv": Format(mapped_csv.parse),
    "dnsmasq": Format(dnsmasq.parse),
    "hosts": Format(hosts_file.parse),
    "mailrisk-changes": Format(mailrisk_changes.parse, whole=True, takes_back=True),
    "misp": Format(misp.parse, whole=True),
    "openphish-json": Format(openphish_json.parse),
    "openphish-text": Format(openphish_text.parse),
    "phishing-database": Format(phishing_database.parse),
    "phishtank-csv": Format(phishtank_csv.parse),
    "phishtank-json": Format(phishtank_json.parse, whole=True),
    "rpz": Format(rpz.parse),
    "spamhaus-drop-json": Format(spamhaus_drop_json.parse),
    "spamhaus-drop-text": Format(spamhaus_drop_text.parse),
    "stix": Format(stix.parse, whole=True),
    "threatfox-csv": Format(threatfox_csv.parse),
    "threatfox-json": Format(threatfox_json.parse, whole=True),
    "tor-exit-addresses": Format(tor_exit_addresses.parse),
    "urlhaus-csv": Format(urlhaus_csv.parse),
    "urlhaus-hostfile": Format(urlhaus_hostfile.parse),
    "urlhaus-json": Format(urlhaus_json.parse, whole=True),
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
    options = options or FeedOptions()
    entries = chosen.parse(pieces if chosen.whole else split_lines(pieces), options)
    return _believable(entries, options.min_confidence)


def _believable(entries: Entries, least: float) -> Entries:
    """The entries of at least that confidence, as long as the feed looks like what it should be."""
    good = bad = 0
    for entry in entries:
        if isinstance(entry, BadEntry):
            bad += 1
            if bad > MAX_BAD and bad > good:
                raise FeedRefused(
                    f"{bad} of its first {good + bad} entries are unusable: it has another form now"
                )
        else:
            good += 1
            if entry.confidence < least:
                continue
        yield entry
