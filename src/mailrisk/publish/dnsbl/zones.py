"""The zones, and what a question in one of them asks for."""

from __future__ import annotations

from typing import Final

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.publish.dnsbl.rows import LISTED, Rows, pack_rule

MAX_ZONE: Final = 60
"""Characters of a zone's name: the names in it may have 190."""

_OCTETS: Final = {b"%c%d" % (len(str(number)), number): number for number in range(256)}
_NIBBLES: Final = {b"\1%x" % number: number for number in range(16)}

_TEST_V4: Final = bytes([127, 0, 0, 2])
_TEST_V6: Final = bytes(10) + b"\xff\xff" + _TEST_V4  # RFC 5782 §5: ::FFFF:7F00:2
_TEST_TEXT: Final = b"testtest"
TEST_RULE: Final = pack_rule(0x0002, 0, _TEST_TEXT)
TEST_SAYS: Final = b"test entry of RFC 5782, always listed"


class Zone(msgspec.Struct, frozen=True):
    """A zone by its name and by what it lists: ``ip``, ``domain`` or ``url``."""

    name: str
    kind: str

    @property
    def labels(self) -> list[bytes]:
        """The labels of the name, each with its length before it."""
        return [bytes([len(label)]) + label.encode() for label in self.name.split(".")]


def wire_name(name: str) -> bytes:
    """A host name in wire form. BadInput: it is none."""
    labels = name.strip(".").lower().split(".")
    if any(not 0 < len(label) < 64 or not label.isascii() for label in labels) or len(name) > 250:
        raise BadInput("config.dns", f"{name!r} is no domain name")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


_BEHIND_ALL: Final = b"\xff"
"""Greater than any byte of a stored name."""

EMPTY: Final = b"empty"
"""In place of a rule: nothing is listed under the name itself, and something may be below it."""


def find(kind: str, labels: list[bytes], rows: Rows) -> bytes | None:
    """The rule that lists a name (its labels without the zone's), ``EMPTY``, or None for no such name."""
    if kind == "ip":
        return _find_ip(labels, rows)
    if labels == [b"\4test"]:
        return TEST_RULE
    if kind == "url":
        return _find_url(labels, rows)
    return _find_domain(labels, rows)


def _find_ip(labels: list[bytes], rows: Rows) -> bytes | None:
    count = len(labels)
    try:
        if count == 4:
            d, c, b, a = labels
            packed = bytes((_OCTETS[a], _OCTETS[b], _OCTETS[c], _OCTETS[d]))
            return TEST_RULE if packed == _TEST_V4 else _find_network(b"4", packed, rows)
        if count == 32:
            number = 0
            for label in reversed(labels):
                number = number << 4 | _NIBBLES[label]
            packed = number.to_bytes(16, "big")
            return TEST_RULE if packed == _TEST_V6 else _find_network(b"6", packed, rows)
    except KeyError:
        return None
    # Resolvers that minimise names (RFC 9156) ask for the upper labels first: these are empty, and not absent.
    table = _OCTETS if count < 4 else _NIBBLES
    return EMPTY if count < 32 and all(label in table or label in _NIBBLES for label in labels) else None


def _find_network(version: bytes, packed: bytes, rows: Rows) -> bytes | None:
    """The rule of the narrowest network that covers an address.

    Networks stand in the order of their first address, the wide before the narrow: the last one up to the address is
    the one sought, or lies within it. Then it has all its bits, so that nothing longer than what the address and the
    row begin with need be looked for. Mostly one look into the table does for yes and for no.
    """
    size = len(packed)
    bits = 8 * size
    wanted = version + packed + bytes((bits,))
    key, raw = rows.last_upto(wanted)
    if key == wanted:
        return raw if raw[0] >= LISTED else None
    number = int.from_bytes(packed, "big")
    lengths = rows.get(b"nlengths" + version) or b"\xff"
    while key[:1] == version:
        common = bits - (int.from_bytes(key[1:-1], "big") ^ number).bit_length()
        if key[-1] <= common:
            return raw if raw[0] >= LISTED else None
        if lengths[-1] > common:  # The shortest that there is.
            return None
        length = next(one for one in lengths if one <= common)
        drop = bits - length
        key, raw = rows.last_upto(
            b"%b%b%c" % (version, (number >> drop << drop).to_bytes(size, "big"), length)
        )
    return None


def _find_url(labels: list[bytes], rows: Rows) -> bytes | None:
    if len(labels) != 1 or len(labels[0]) != 41:
        return None
    try:
        return rows.get(b"u" + bytes.fromhex(labels[0][1:].decode()))
    except ValueError:
        return None


def _find_domain(labels: list[bytes], rows: Rows) -> bytes | None:
    """The rule of a host, or of the nearest domain above it; one look into each of the two parts of the table.

    The last row up to all that lies below a name is below it, or it is the name, or it begins with whatever above the
    name is there at all: only what it begins with need be looked for.
    """
    name = b"".join([label[1:] + b"\0" for label in reversed(labels)])
    if b"\0\0" in name or len(name) > 254:
        return None
    sought = b"h" + name
    found, raw = rows.last_upto(sought + _BEHIND_ALL)
    below = found.startswith(sought)
    if below:
        rule = raw if found == sought else rows.get(sought)
        if rule is not None:
            return rule if rule[0] >= LISTED else EMPTY
    sought = b"d" + name
    found, raw = rows.last_upto(sought + _BEHIND_ALL)
    below = below or found.startswith(sought)
    while sought.count(b"\0") > 1:
        if found.startswith(sought):
            rule = raw if found == sought else rows.get(sought)
            if rule is not None:
                return rule if rule[0] >= LISTED else EMPTY
        sought = sought[: sought.rfind(b"\0", 0, len(sought) - 1) + 1]
    return EMPTY if below else None
