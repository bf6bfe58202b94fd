"""MaxMind's database format, version 2.0: what is known of an address, for nginx, HAProxy, SIEMs and log shippers.

Source: *MaxMind DB File Format Specification* 2.0. A binary tree over the bits of the address (IPv4 addresses
lie below ``::/96``), 16 zero bytes, the data, a marker, the metadata. A record of the tree is the number of a
node, the number of nodes for "nothing", or the place of the data. Nodes are kept as packed numbers, so that a
tree of a million nodes takes eight megabytes while it is made.

Data of an address: ``{"level": "high", "score": 95, "category": "brute-force"}``.
"""

from __future__ import annotations

import ipaddress
import struct
from array import array
from collections.abc import Iterator
from typing import Any, Final

from mailrisk.publish.firewall.written import Written
from mailrisk.publish.listing_table import CATEGORIES, Snapshot

TYPE: Final = "mailrisk-ip"
_MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_BITS: Final = 128
_UINT16, _UINT32, _UINT64 = 5, 6, 9  # numbers of types: readers insist on them in the metadata
_EMPTY: Final = 0xFFFFFFFF
_SMALL: Final = 1 << 28  # numbers below it fit into records of 28 bits
_LEVELS: Final = ("none", "low", "medium", "high")
_DATA: Final = 0x80000000  # set in a record that points to data, while the tree is made


class _Tree:
    def __init__(self) -> None:
        self.records = array("I", [_EMPTY, _EMPTY])  # two for each node: the bit 0, the bit 1
        self._four = 0  # the node of ::/96, once there is one

    def __len__(self) -> int:
        return len(self.records) // 2

    def put(self, number: int, length: int, data: int) -> None:
        """Gives a network its data. Wider networks must come before the narrower ones inside of them."""
        node, begin = (self._four, 96) if self._four and length > 96 and not number >> 32 else (0, 0)
        for depth in range(begin, length - 1):
            node = self._below(node * 2 + (number >> (_BITS - 1 - depth) & 1))
            if depth == 95 and not number >> 32:
                self._four = node
        self.records[node * 2 + (number >> (_BITS - length) & 1)] = _DATA | data

    def _below(self, record: int) -> int:
        known = self.records[record]
        if known < _DATA:
            return known
        made = len(self)
        self.records.extend((known, known))  # What held for the whole holds for both halves.
        self.records[record] = made
        return made


def database(chosen: Snapshot, built_at: int) -> Written:
    """A database of addresses and networks. ``built_at`` (Unix seconds) is the newest sighting, not the clock."""
    tree, data, known = _Tree(), bytearray(), dict[tuple[int, int, int], int]()
    for length, number, *rest in sorted(_networks(chosen)):
        values = (rest[0], rest[1], rest[2])
        at = known.get(values)
        if at is None:
            at = known[values] = len(data)
            data += _encode(_described(*values))
        tree.put(number, length, at)
    count = len(tree)
    size = 28 if count + 16 + len(data) < _SMALL else 32
    body = b"".join(
        (_packed(tree, count, size), b"\0" * 16, bytes(data), _MARKER, _metadata(count, size, built_at))
    )
    return Written(body, len(chosen.texts))


def _networks(chosen: Snapshot) -> Iterator[tuple[int, int, int, int, int]]:
    """(length in bits of an IPv6 prefix, number, severity, score, category)."""
    rows = chosen.rows
    columns = zip(
        chosen.texts,
        rows["severity"].tolist(),
        rows["score"].tolist(),
        rows["category"].tolist(),
        strict=True,
    )
    for text, severity, score, category in columns:
        address, _, bits = text[1:].partition("/")
        if ":" in address:
            yield int(bits or 128), int(ipaddress.IPv6Address(address)), severity, score, category
        else:
            yield 96 + int(bits or 32), int(ipaddress.IPv4Address(address)), severity, score, category


def _described(severity: int, score: int, category: int) -> dict[str, Any]:
    known = CATEGORIES[category].value if category < len(CATEGORIES) else "listed"
    return {"level": _LEVELS[min(severity, 3)], "score": score, "category": known}


def _packed(tree: _Tree, count: int, size: int) -> bytes:
    resolved = array("I", (_resolved(record, count) for record in tree.records))
    if size == 32:
        if array("H", [1]).tobytes() == b"\x01\x00":
            resolved.byteswap()
        return resolved.tobytes()
    packed = bytearray()
    for at in range(0, len(resolved), 2):  # The middle byte holds the upper four bits of both records.
        left, right = resolved[at], resolved[at + 1]
        packed += (left & 0xFFFFFF).to_bytes(3, "big")
        packed.append((left >> 24) << 4 | right >> 24)
        packed += (right & 0xFFFFFF).to_bytes(3, "big")
    return bytes(packed)


def _resolved(record: int, count: int) -> int:
    if record == _EMPTY:
        return count
    return count + 16 + (record & ~_DATA) if record & _DATA else record


def _metadata(count: int, size: int, built_at: int) -> bytes:
    return _encode(
        {
            "binary_format_major_version": 2,
            "binary_format_minor_version": 0,
            "build_epoch": (built_at, _UINT64),
            "database_type": TYPE,
            "description": {"en": "Addresses that mailrisk lists"},
            "ip_version": 6,
            "languages": ["en"],
            "node_count": (count, _UINT32),
            "record_size": size,
        }
    )


def _encode(value: Any) -> bytes:
    """The data section's form: a control byte with type and size, then the value. A number may come with its type."""
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encode(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encode, value))
    number, type_ = value if isinstance(value, tuple) else (value, _UINT16)
    raw = struct.pack(">Q", number).lstrip(b"\0")
    return _control(type_, len(raw)) + raw


def _control(type_: int, size: int) -> bytes:
    more = b"" if size < 29 else bytes([size - 29])
    short = min(size, 29)
    return bytes([type_ << 5 | short]) + more if type_ <= 7 else bytes([short, type_ - 7]) + more
