"""Country and operator of an address come from packed tables that say how old they are."""

from __future__ import annotations

import lzma
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.build_geo import Range, asn_ranges, build

from mailrisk.edge import geo
from mailrisk.edge.geo import GeoDatabase, Place, Table, unpack
from mailrisk.model.errors import ConfigError

SAID: dict[str, Any] = {"preset": 0, "date": "2026-06-17", "source": "test", "licence": "CC0-1.0"}


def _range(first: str, last: str, name: str) -> Range:
    start = ip_address(first)
    return start.version, int(start), int(ip_address(last)), name


RANGES = [
    _range("192.0.2.0", "192.0.2.255", "64496 Example Net"),
    _range("192.0.3.0", "192.0.3.127", "64496 Example Net"),
    _range("198.51.100.0", "198.51.100.255", "64497 Zürich, 例 AG"),
    _range("255.0.0.0", "255.255.255.255", "64498 Last"),
    _range("2001:db8::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "64499 Six"),
]


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(unpack(build("asn", RANGES, **SAID)))


@pytest.mark.parametrize(
    ("ip", "name", "network"),
    [
        ("192.0.2.9", "64496 Example Net", "192.0.2.0/24"),
        ("192.0.3.9", "64496 Example Net", "192.0.3.0/25"),
        ("192.0.3.128", "", ""),
        ("198.51.100.255", "64497 Zürich, 例 AG", "198.51.100.0/24"),
        ("198.51.101.0", "", ""),
        ("0.0.0.0", "", ""),
        ("255.255.255.255", "64498 Last", "255.0.0.0/8"),
        ("2001:db8::1", "64499 Six", "2001:db8::/48"),
        ("2001:db8:1::", "", ""),
        ("::", "", ""),
    ],
)
def test_an_address_has_the_operator_of_its_range_and_the_block_around_it(
    table: Table, ip: str, name: str, network: str
) -> None:
    assert table.find(ip) == (name, network)


NUMBERS = st.integers(0, 300)


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 40), st.sampled_from("abc")), max_size=30), NUMBERS)
def test_a_look_up_finds_what_a_search_of_all_ranges_finds(
    ranges: list[tuple[int, int, str]], number: int
) -> None:
    reached, disjoint = 0, []
    for first, size, name in sorted((first, first + size, name) for first, size, name in ranges):
        if size >= reached:
            disjoint.append((max(first, reached), size, name))
            reached = size + 1
    table = Table(unpack(build("country", [(4, *one) for one in disjoint], **SAID)))
    found = table.find(str(ip_address(number)))
    assert found[0] == next((name for first, last, name in disjoint if first <= number <= last), "")
    if found[1]:
        assert ip_address(number) in ip_network(found[1])


def test_the_shipped_data_says_where_it_comes_from_and_how_old_it_is(tmp_path: Path) -> None:
    database = GeoDatabase.open(tmp_path)
    assert {header.licence for header in database.headers} <= {"PDDL-1.0", "CC0-1.0"}
    assert database.date is not None
    assert database.date >= date(2026, 6, 1)


@pytest.mark.parametrize(
    ("ip", "country"), [("8.8.8.8", "US"), ("202.96.128.86", "CN"), ("193.99.144.80", "DE")]
)
def test_the_shipped_data_knows_countries(ip: str, country: str) -> None:
    place = GeoDatabase.open().locate(ip)
    assert place is not None
    assert place.country == country


@pytest.mark.parametrize("ip", ["10.0.0.1", "127.0.0.1", "::1", "fe80::1"])
def test_nothing_is_known_of_private_addresses(ip: str) -> None:
    assert GeoDatabase.open().locate(ip) is None


def test_operator_and_country_are_joined() -> None:
    country = build("country", [_range("192.0.2.0", "192.0.2.255", "DE")], **SAID)
    tables = {"country": Table(unpack(country)), "asn": Table(unpack(build("asn", RANGES, **SAID)))}
    database = GeoDatabase(tables)
    assert database.locate("192.0.2.1") == Place(
        country="DE", asn=64496, as_name="Example Net", network="192.0.2.0/24"
    )
    assert database.locate("198.51.100.1") == Place(
        country="", asn=64497, as_name="Zürich, 例 AG", network="198.51.100.0/24"
    )
    assert database.locate("203.0.113.1") is None


def test_a_table_is_unpacked_once_and_again_if_it_was_cut_off(tmp_path: Path) -> None:
    expected = GeoDatabase.open(tmp_path).locate("8.8.8.8")
    (cached,) = tmp_path.glob("country-*.geo")
    written = cached.stat().st_mtime_ns
    GeoDatabase.open(tmp_path)
    assert cached.stat().st_mtime_ns == written
    whole = cached.read_bytes()
    for damaged in (b"", whole[:6], whole[:1000], whole[: len(whole) // 2], b"x" * 100):
        cached.unlink()
        cached.write_bytes(damaged)
        assert GeoDatabase.open(tmp_path).locate("8.8.8.8") == expected
    assert cached.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [cached]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert GeoDatabase.open(blocked / "cache").locate("8.8.8.8") is not None


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "MAX_UNPACKED", 1000)
    with pytest.raises(ValueError, match="more than"):
        unpack(lzma.compress(b"0" * 100_000))


def test_iptoasn_files_are_read_for_operators(tmp_path: Path) -> None:
    source = tmp_path / "ip2asn.tsv"
    source.write_text(
        "192.0.2.0\t192.0.2.255\t64496\tDE\tEXAMPLE - Example  Net\n"
        "192.0.3.0\t192.0.3.255\t0\tNone\tNot routed\n"
        "2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64499\tFR\tSIX\n"
    )
    table = Table(unpack(build("asn", asn_ranges(source), **SAID)))
    assert table.find("192.0.2.5") == ("64496 EXAMPLE - Example Net", "192.0.2.0/24")
    assert table.find("192.0.3.5") == ("", "")
    assert table.find("2001:db8:5::1") == ("64499 SIX", "2001:db8::/32")


def test_the_administrators_own_table_goes_first(tmp_path: Path) -> None:
    own = tmp_path / "geo"
    own.mkdir()
    (own / "asn.geo.xz").write_bytes(build("asn", RANGES, **SAID))
    place = GeoDatabase.open(tmp_path / "cache", own).locate("192.0.2.9")
    assert place is not None and (place.asn, place.network) == (64496, "192.0.2.0/24")
    assert GeoDatabase.open(tmp_path / "cache", tmp_path / "none").locate("192.0.2.9") is None


@pytest.mark.parametrize("content", [b"", b"no table", lzma.compress(b"no table"), lzma.compress(b"")])
def test_an_own_file_that_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "asn.geo.xz").write_bytes(content)
    with pytest.raises(ConfigError, match=r"asn\.geo\.xz is no table"):
        GeoDatabase.open(None, tmp_path)


def test_an_own_table_under_a_wrong_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "country.geo.xz").write_bytes(build("asn", RANGES, **SAID))
    with pytest.raises(ConfigError, match="a table of asn"):
        GeoDatabase.open(None, tmp_path)
