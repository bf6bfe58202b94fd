"""Response policy zones as a master file: names that a resolver must not answer.

Source: draft-vixie-dnsop-dns-rpz-00 over RFC 1035 §5. The form of URLhaus' and ThreatFox' zones and of our
own export. Triggers (owner names, relative to the zone or ending in it):

- ``evil.example CNAME .`` the host; ``*.evil.example`` the hosts below it (``below``), §4.2
- ``32.4.3.2.1.rpz-ip CNAME .`` answers that hold the network 1.2.3.4/32, §4.3; IPv6 as
  ``128.1.zz.db8.2001.rpz-ip``
- ``rpz-client-ip``, ``rpz-nsdname``, ``rpz-nsip`` are about clients and name servers: left out

Actions (§3): ``CNAME .``, ``CNAME *.``, ``CNAME rpz-drop.``, local data and a CNAME to a walled garden all
block; ``rpz-passthru.`` and ``rpz-tcp-only.`` do not. ``;`` begins a comment; a link in it is the reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailrisk.collect.feeds.entry import host_of, network_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Subject

_TYPES = frozenset({"CNAME", "A", "AAAA", "TXT", "NS", "SOA", "DNAME", "MX", "SRV", "RRSIG", "DNSKEY", "CAA"})
_BLOCKING_TYPES = frozenset({"CNAME", "A", "AAAA"})
_NOT_BLOCKING = frozenset({"rpz-passthru.", "rpz-tcp-only."})
_OTHER_TRIGGERS = (".rpz-client-ip", ".rpz-nsdname", ".rpz-nsip")
_LINK = re.compile(r"https?://[^\s;,]{1,190}")


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every host and network that the zone blocks."""
    origin = ""
    open_brackets = 0

    def read(text: str) -> tuple[Sighting, ...]:
        nonlocal origin, open_brackets
        record, _, comment = text.partition(";")
        continued = open_brackets > 0
        open_brackets = max(0, open_brackets + record.count("(") - record.count(")"))
        words = record.split()
        if continued or not words:
            return ()
        if words[0] == "$ORIGIN" and len(words) > 1:
            origin = words[1].lower()
        if words[0].startswith("$") or words[0].upper() in _TYPES:  # The latter repeats the last owner.
            return ()
        kind, data = _type_and_data(words)
        if kind == "SOA" and words[0] != "@":
            origin = words[0].lower()
        if kind not in _BLOCKING_TYPES or data in _NOT_BLOCKING or words[0] == "@":
            return ()
        trigger = _relative(words[0].lower(), origin)
        if trigger.endswith(_OTHER_TRIGGERS):
            return ()
        link = _LINK.search(comment)
        return (
            Sighting(
                subject=_subject(trigger),
                category=options.category,
                reference=link[0] if link else "",
                below=trigger.startswith("*."),
            ),
        )

    return each_line(lines, read, (";",))


def _type_and_data(words: list[str]) -> tuple[str, str]:
    """Type and first word of the data; a TTL and a class may stand before the type (RFC 1035 §5.1)."""
    for place, word in enumerate(words[1:4], 1):
        if word.upper() in _TYPES:
            return word.upper(), words[place + 1].lower() if place + 1 < len(words) else ""
    raise BadInput("line", "no record type that is known here")


def _relative(owner: str, origin: str) -> str:
    """The owner name without the zone's own name and without the dot at its end."""
    if origin and owner.endswith("." + origin):
        return owner[: -len(origin) - 1]
    return owner.removesuffix(".")


def _subject(trigger: str) -> Subject:
    if not trigger.endswith(".rpz-ip"):
        return host_of(trigger.removeprefix("*."))
    length, *parts = trigger.removesuffix(".rpz-ip").split(".")
    parts.reverse()
    address = ".".join(parts) if len(parts) == 4 and "zz" not in parts else _ipv6(parts)
    return network_of(f"{address}/{length}")


def _ipv6(parts: list[str]) -> str:
    """Words of an IPv6 trigger in reading order; ``zz`` stands for ``::`` (draft §4.1.1)."""
    text = ":".join("" if part == "zz" else part for part in parts)
    text = ":" + text if text.startswith(":") else text
    return text + ":" if text.endswith(":") else text
