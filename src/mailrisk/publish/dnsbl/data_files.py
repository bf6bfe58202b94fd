"""The zones as data files of rbldnsd, a small and very fast server of such lists.

One file for each zone, or two for the addresses: ``ip4`` (dataset ``ip4trie``), ``ip6`` (``ip6trie``), ``domain`` and
``url`` (``dnset``). The tries find the narrowest network, as we do; ``ip4set`` would answer once for each that covers an
address. Exemptions are exclusions (``!``). ``$TIMESTAMP`` makes rbldnsd stop serving a file that nobody has written
for EXPIRES_S: an old list is no list.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.publish.dnsbl.answer import TTL_S
from mailrisk.publish.dnsbl.codes import address_of, dated
from mailrisk.publish.dnsbl.rows import Rows, name_of, read_rule
from mailrisk.publish.dnsbl.zones import TEST_SAYS

EXPIRES_S: Final = 3_600
WRITTEN_AGAIN_S: Final = 900
"""A file whose content has not changed is written again after this time, so that it does not expire."""

_SETS: Final = {"ip4": b"4", "ip6": b"6", "domain": b"d", "url": b"u"}
FILES: Final = tuple(_SETS)
_TEST: Final = {"ip4": "127.0.0.2", "ip6": "::ffff:7f00:2", "domain": "test", "url": "test"}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the beginning of every file."""

    nameserver: str
    contact: str
    serial: int
    written_at: datetime  # in UTC


def data_file(name: str, rows: Rows, head: Head) -> Iterator[str]:
    """The lines of one file."""
    stamp = head.written_at.strftime("%Y:%m:%d:%H:%M:%S")
    yield f"$SOA {TTL_S} {head.nameserver} {head.contact} {head.serial & 0xFFFFFFFF} 60 30 86400 {TTL_S}\n"
    yield f"$NS {TTL_S} {head.nameserver}\n"
    yield f"$TTL {TTL_S}\n"
    yield f"$TIMESTAMP {stamp} +{EXPIRES_S}s\n"
    yield f"{_TEST[name]} :127.0.0.2:{TEST_SAYS.decode()}\n"
    texts: dict[bytes, str] = {}
    for key, raw in rows.below(_SETS[name]):
        yield from _entry(_text(key, rows), raw, rows, texts)
    if name == "domain":
        for key, raw in rows.below(b"h"):
            yield from _entry(name_of(key[1:]), raw, rows, texts)


def _text(key: bytes, rows: Rows) -> str:
    """An indicator as rbldnsd reads it."""
    if key[:1] in (b"4", b"6"):
        return f"{ipaddress.ip_address(key[1:-1])}/{key[-1]}"
    if key[:1] == b"u":
        return key[1:].hex()
    # The dot means the domain with all below it, the star means what is below; a host of that name has its own line.
    return f"{'.' if rows.get(b'h' + key[1:]) is None else '*.'}{name_of(key[1:])}"


def _entry(text: str, raw: bytes, rows: Rows, texts: dict[bytes, str]) -> Iterator[str]:
    listed = read_rule(raw)
    if listed is None:
        yield f"!{text}\n"
        return
    says = texts.get(listed.text)
    if says is None:
        says = texts[listed.text] = (rows.get(b"t" + listed.text) or b"").decode()
    yield f"{text} :{address_of(listed.code)}:{dated(says, listed.day)}\n"
