"""MaxMind's own reader finds in our database what is listed, and nothing else."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import maxminddb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.publish.tables import SECOND, filled, listing

from mailrisk.model.subject import Kind
from mailrisk.publish.firewall.mmdb import database
from mailrisk.publish.firewall.selection import Selection, select

GLOBAL = st.integers(0x20 << 120, (0x40 << 120) - 1).map(ipaddress.IPv6Address)  # 2000::/3
ADDRESS = st.one_of(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address), GLOBAL)


def opened(folder: Path, *networks: tuple[str, float]) -> maxminddb.Reader:
    listings = [
        listing(Kind.NETWORK if "/" in text else Kind.IP, text, probability=score) for text, score in networks
    ]
    chosen = select(filled(*listings), Selection(type="ip"), SECOND)
    path = folder / "ip.mmdb"
    path.write_bytes(database(chosen, SECOND).body)
    return maxminddb.open_database(path)


def test_an_address_has_level_score_and_category(tmp_path: Path) -> None:
    with opened(tmp_path, ("192.0.2.1", 0.95), ("2001:db8::/48", 0.99)) as reader:
        assert reader.get("192.0.2.1") == {"level": "high", "score": 95, "category": "brute-force"}
        assert reader.get("192.0.2.2") is None
        assert reader.get_with_prefix_len("2001:db8::5")[1] == 48
        metadata = reader.metadata()
        assert (metadata.database_type, metadata.ip_version, metadata.build_epoch) == (
            "mailrisk-ip",
            6,
            SECOND,
        )


def test_a_narrower_network_speaks_before_the_wider_one(tmp_path: Path) -> None:
    with opened(tmp_path, ("192.0.2.77", 0.99), ("192.0.2.0/24", 0.91)) as reader:
        scores = [dict(reader.get(f"192.0.2.{last}") or {}) for last in (77, 76, 255)]  # type: ignore[arg-type]
        assert [one.get("score") for one in scores] == [99, 91, 91]


def test_an_empty_database_is_one(tmp_path: Path) -> None:
    with opened(tmp_path) as reader:
        assert reader.get("192.0.2.1") is None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ADDRESS, st.integers(8, 128)), max_size=30), st.lists(ADDRESS, max_size=10))
def test_any_networks_are_found_by_the_longest_prefix(
    tmp_path: Path,
    networks: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]],
    asked: list[Any],
) -> None:
    known: dict[Any, int] = {}
    for number, (address, length) in enumerate(networks):
        block = ipaddress.ip_network((address, min(length, address.max_prefixlen)), strict=False)
        known.setdefault(block, number % 9 + 91)
    pairs = [(str(block), score / 100) for block, score in known.items()]
    with opened(tmp_path, *pairs) as reader:
        for address in (*asked, *(one for one, _ in networks)):
            holding = [block for block in known if address in block]
            found: Any = reader.get(str(address))
            best = max(holding, key=lambda block: block.prefixlen, default=None)
            assert (None if found is None else found["score"]) == (None if best is None else known[best])


def test_a_database_of_another_record_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailrisk.publish.firewall import mmdb

    monkeypatch.setattr(mmdb, "_SMALL", 0)
    with opened(tmp_path, ("192.0.2.1", 0.95)) as reader:
        assert reader.metadata().record_size == 32
        assert dict(reader.get("192.0.2.1") or {})["score"] == 95  # type: ignore[arg-type]
