"""The rows behind every zone: one ordered table of small byte strings, kept by the fold, read by all who answer.

The first byte of a key says what the row is. Names stand with their labels reversed, so that all that lies below
a domain lies together: ``www.evil.example`` is ``example\\0evil\\0www\\0``.

| key | value |
|---|---|
| ``4`` network (4 bytes) prefix length (1) | rule |
| ``6`` network (16 bytes) prefix length (1) | rule |
| ``d`` reversed name: a domain with all below it | rule |
| ``h`` reversed name: exactly this host | rule |
| ``u`` SHA-1 of the canonical URL | rule |
| ``x`` BLAKE2b-64 of kind and value | empty: a listing that no zone can express |
| ``t`` eight bytes | text of a reason |
| ``n`` name | a number or short text about the whole: lengths, counts, position |
| ``j`` version (8) number (4) | one difference between two versions of the response policy zone |
"""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Iterator
from hashlib import blake2b, sha1
from typing import Final, NamedTuple, Protocol

from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.publish.dnsbl.codes import dated

_RULE: Final = struct.Struct(">BHH8s")
EXEMPT: Final = b"\0"
LISTED: Final = 1
TRIGGER: Final = 2  # an address that is also a trigger of the response policy zone

MAX_NAME: Final = 190
"""Characters of a name in a zone: with the zone's own name it must stay under the 255 bytes of RFC 1035 §2.3.4."""

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Rows(Protocol):
    """An ordered table of byte strings."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose key begins so, in order."""

    def has_below(self, prefix: bytes) -> bool:
        """Whether there is a row whose key begins so."""

    def last_upto(self, key: bytes) -> tuple[bytes, bytes]:
        """The row with the greatest key that is not behind ``key``; two times b"" when there is none."""


class WritableRows(Rows, Protocol):
    """An ordered table that may be changed."""

    def put(self, key: bytes, value: bytes) -> bool:
        """Sets a row; whether it is new."""

    def delete(self, key: bytes) -> bool:
        """Removes a row; whether it was there."""

    def clear(self, prefixes: bytes) -> None:
        """Removes all rows whose key begins with one of these bytes."""


class Listed(NamedTuple):
    """A stored rule that lists."""

    code: int
    day: int
    text: bytes  # its key among the texts
    trigger: bool


def pack_rule(code: int, day: int, text: bytes, *, trigger: bool = False) -> bytes:
    """The stored form of a listing."""
    return _RULE.pack(TRIGGER if trigger else LISTED, code, day, text)


def read_rule(raw: bytes) -> Listed | None:
    """The listing of a stored rule, None for an exemption."""
    if raw == EXEMPT:
        return None
    state, code, day, text = _RULE.unpack(raw)
    return Listed(code, day, text, state == TRIGGER)


def text_key(text: str) -> bytes:
    """The eight bytes under which a text is stored."""
    return blake2b(text.encode(), digest_size=8).digest()


def txt_of(rows: Rows, listed: Listed) -> bytes:
    """What the TXT record of a listing says, at most 255 bytes."""
    stored = rows.get(b"t" + listed.text) or b"listed since {date}"
    return dated(stored.decode(), listed.day).encode()[:255]


def key_of(subject: Subject) -> bytes | None:
    """The key of an indicator; None when no zone can express it."""
    kind, value = subject.kind, subject.value
    if kind in IP_KINDS:
        network = ipaddress.ip_network(value)
        return b"%d%b%c" % (network.version, network.network_address.packed, network.prefixlen)
    if kind is Kind.URL:
        return b"u" + sha1(value.encode(), usedforsecurity=False).digest()
    if kind is Kind.HOST and is_dotted_quad(value):
        # A web server without a name is asked for with its octets reversed, as in every list of this kind.
        return b"h" + b"".join(octet.encode() + b"\0" for octet in value.split("."))
    if kind in (Kind.HOST, Kind.DOMAIN) and len(value) <= MAX_NAME and _NAME.fullmatch(value):
        return (b"h" if kind is Kind.HOST else b"d") + reversed_name(value)
    return None


def left_out_key(subject: Subject) -> bytes:
    """The key under which a listing that no zone can express is counted."""
    return b"x" + blake2b(f"{subject.kind} {subject.value}".encode(), digest_size=8).digest()


def reversed_name(name: str) -> bytes:
    """``www.evil.example`` -> ``example\\0evil\\0www\\0``."""
    return b"".join(label + b"\0" for label in reversed(name.encode().split(b".")))


def name_of(key: bytes) -> str:
    """The name of a reversed one."""
    return b".".join(reversed(key.rstrip(b"\0").split(b"\0"))).decode()


def ancestors(key: bytes) -> Iterator[bytes]:
    """The reversed names above a reversed name, the nearest first."""
    at = key.rfind(b"\0", 0, len(key) - 1)
    while at > 0:
        yield key[: at + 1]
        at = key.rfind(b"\0", 0, at)


def is_dotted_quad(text: str) -> bool:
    """Whether a canonical host is an IPv4 address."""
    return text.replace(".", "").isdecimal() and text.count(".") == 3


class MemoryRows:
    """Rows in memory, for tests and small tools."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        return self._rows.get(key)

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose key begins so, in order."""
        found = [(key, value) for key, value in self._rows.items() if key.startswith(prefix)]
        return iter(sorted(found))

    def has_below(self, prefix: bytes) -> bool:
        """Whether there is a row whose key begins so."""
        return any(key.startswith(prefix) for key in self._rows)

    def last_upto(self, key: bytes) -> tuple[bytes, bytes]:
        """The row with the greatest key that is not behind ``key``; two times b"" when there is none."""
        return max((row for row in self._rows.items() if row[0] <= key), default=(b"", b""))

    def put(self, key: bytes, value: bytes) -> bool:
        """Sets a row; whether it is new."""
        new = key not in self._rows
        self._rows[key] = value
        return new

    def delete(self, key: bytes) -> bool:
        """Removes a row; whether it was there."""
        return self._rows.pop(key, None) is not None

    def clear(self, prefixes: bytes) -> None:
        """Removes all rows whose key begins with one of these bytes."""
        for key in [key for key in self._rows if key[0] in prefixes]:
            del self._rows[key]
