"""Country and network operator of an address, from public registries' data that is shipped with us.

Each file of ``data/geo``, and of the folder ``geo`` in the data directory, is a table of address ranges, built by ``tools/build_geo.py`` from data in the
public domain: ``country.geo.xz`` and, if it is there, ``asn.geo.xz``. The data is as old as its ``date`` says
and has errors; it explains, and decides nothing.

A table, once unpacked, is a file that is mapped into memory and searched where it lies, so that all
worker processes share it. All numbers are little-endian::

    magic (8 bytes), length of the header (u32, multiple of 8 with the 12 bytes before it), header (JSON)
    starts of IPv4 ranges (u32 each), their values (u32 each)
    starts of IPv6 ranges (u64 each, the upper half of the address), their values (u32 each)
    ends of the names in the text (u32 each), the text (UTF-8)

A range reaches to the next start. Value 0 means that nothing is known, n means the n-th name.
"""

from __future__ import annotations

import hashlib
import lzma
import mmap
import os
import sys
import tempfile
from bisect import bisect_right
from datetime import date
from functools import lru_cache
from importlib.resources import files
from ipaddress import IPv6Address
from pathlib import Path
from socket import inet_aton
from typing import Final

import msgspec

from mailrisk.model.errors import ConfigError

MAGIC: Final = b"MRGEO1\r\n"
MAX_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of one table. Larger ones are refused: they are not ours."""

TABLES: Final = ("country", "asn")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a table says of itself."""

    table: str
    date: str  # ISO 8601, of the data
    source: str
    licence: str
    ranges_v4: int
    ranges_v6: int
    names: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an address is. Unknown texts are '', an unknown number is 0."""

    country: str = ""  # ISO 3166-1 alpha-2
    asn: int = 0
    as_name: str = ""
    network: str = ""  # the widest block around the address that the operator announces as a whole


class Table:
    """One table of ranges in a buffer. ValueError if the buffer does not hold one."""

    def __init__(self, buffer: bytes | mmap.mmap) -> None:
        view = memoryview(buffer)
        if bytes(view[:8]) != MAGIC or sys.byteorder != "little":
            raise ValueError("not a table of address ranges")
        self._view = view
        self._at = 12 + int.from_bytes(view[8:12], "little")
        self.header = msgspec.json.decode(view[12 : self._at], type=Header)
        self._starts_v4 = self._part(4 * self.header.ranges_v4).cast("I")
        self._values_v4 = self._part(4 * self.header.ranges_v4).cast("I")
        self._starts_v6 = self._part(8 * self.header.ranges_v6).cast("Q")
        self._values_v6 = self._part(4 * self.header.ranges_v6).cast("I")
        self._ends = self._part(4 * self.header.names).cast("I")
        self._text = self._part(self._ends[-1] if self.header.names else 0)

    def _part(self, size: int) -> memoryview:
        """The next bytes of the buffer."""
        self._at += size
        if self._at > len(self._view):
            raise ValueError("a table of address ranges that is cut off")
        return self._view[self._at - size : self._at]

    def name(self, ip: str) -> str:
        """The name that a canonical address has; '' if nothing is known of it."""
        number, starts, values, _ = self._side(ip)
        at = bisect_right(starts, number) - 1
        return self._name(values[at]) if at >= 0 and values[at] else ""

    def find(self, ip: str) -> tuple[str, str]:
        """The name and the block of a canonical address; ('', '') if nothing is known of it."""
        number, starts, values, bits = self._side(ip)
        at = bisect_right(starts, number) - 1
        if at < 0 or not values[at]:
            return "", ""
        after = starts[at + 1] if at + 1 < len(starts) else 1 << bits
        return self._name(values[at]), _block(number, starts[at], after, bits)

    def _side(self, ip: str) -> tuple[int, memoryview, memoryview, int]:
        """(number, starts, values, bits) for the version of an address."""
        if ":" in ip:
            return int(IPv6Address(ip)) >> 64, self._starts_v6, self._values_v6, 64
        return int.from_bytes(inet_aton(ip), "big"), self._starts_v4, self._values_v4, 32

    def _name(self, value: int) -> str:
        start = self._ends[value - 2] if value > 1 else 0
        return str(self._text[start : self._ends[value - 1]], "utf-8")


def _block(number: int, start: int, after: int, bits: int) -> str:
    """The widest CIDR block around a number that lies within ``start <= n < after``.

    A block of 2^k numbers reaches neither ``start - 1`` nor ``after`` as long as both differ from the
    number in bit k or above.
    """
    below = (number ^ (start - 1)).bit_length() - 1 if start else bits
    above = (number ^ after).bit_length() - 1 if after >> bits == 0 else bits
    size = min(below, above)
    first = number >> size << size
    if bits == 32:
        return f"{first >> 24}.{first >> 16 & 255}.{first >> 8 & 255}.{first & 255}/{32 - size}"
    return f"{IPv6Address(first << 64)}/{64 - size}"


MAX_REMEMBERED: Final = 8_192
"""Addresses whose place is remembered: each login asks several times for the same one."""


class GeoDatabase:
    """The tables that are there."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self._country = tables.get("country")
        self._asn = tables.get("asn")
        self.headers: tuple[Header, ...] = tuple(table.header for table in tables.values())
        self.locate = lru_cache(MAX_REMEMBERED)(self._locate)
        """Canonical address -> where it is; None if nothing is known of it."""

    @classmethod
    def open(cls, cache_dir: Path | None = None, own: Path | None = None) -> GeoDatabase:
        """The shipped tables, unpacked into ``cache_dir`` once; in memory if it cannot be written.

        A table in the folder ``own`` (the administrator's) takes the place of the shipped one. ConfigError: it is none.
        """
        tables = {}
        for name in TABLES:
            mine = own / f"{name}.geo.xz" if own is not None else None
            packed = files("mailrisk") / "data" / "geo" / f"{name}.geo.xz"
            if mine is not None and mine.is_file():
                tables[name] = _open_own(name, mine, cache_dir)
            elif packed.is_file():
                tables[name] = _open(name, packed.read_bytes(), cache_dir)
        return cls(tables)

    @property
    def date(self) -> date | None:
        """The date of the oldest table; None if there is no table."""
        return min((date.fromisoformat(header.date) for header in self.headers), default=None)

    def _locate(self, ip: str) -> Place | None:
        country = self._country.name(ip) if self._country else ""
        operator, network = self._asn.find(ip) if self._asn else ("", "")
        if not country and not operator:
            return None
        number, _, as_name = operator.partition(" ")
        return Place(country=country, asn=int(number or 0), as_name=as_name, network=network)


def _open_own(name: str, path: Path, cache_dir: Path | None) -> Table:
    try:
        if path.stat().st_size > MAX_UNPACKED:
            raise ValueError(f"larger than {MAX_UNPACKED} bytes")
        table = _open(name, path.read_bytes(), cache_dir)
        if table.header.table != name:
            raise ValueError(f"a table of {table.header.table}")
    except (OSError, ValueError, lzma.LZMAError, msgspec.DecodeError) as error:
        raise ConfigError("geo", f"{path} is no table of tools/build_geo.py: {error}") from None
    return table


def _open(name: str, packed: bytes, cache_dir: Path | None) -> Table:
    if cache_dir is None:
        return Table(unpack(packed))
    path = cache_dir / f"{name}-{hashlib.sha256(packed).hexdigest()[:16]}.geo"
    try:
        return _map(path)
    except (OSError, ValueError, msgspec.DecodeError):
        pass  # Not there yet, or cut off when a disk was full: it is written anew.
    raw = unpack(packed)
    try:
        _write(path, raw)
        return _map(path)
    except OSError:
        return Table(raw)


def _map(path: Path) -> Table:
    with path.open("rb") as file:
        return Table(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _write(path: Path, raw: bytes) -> None:
    """Writes a file that is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def unpack(packed: bytes) -> bytes:
    """The table in a ``.geo.xz`` file: several xz streams, one after the other. ValueError if too large."""
    parts = []
    size = 0
    while packed:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        parts.append(stream.decompress(packed, MAX_UNPACKED - size + 1))
        size += len(parts[-1])
        if size > MAX_UNPACKED or not stream.eof:
            raise ValueError(f"a table of address ranges of more than {MAX_UNPACKED} bytes")
        packed = stream.unused_data
    return b"".join(parts)
