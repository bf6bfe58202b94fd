"""Addresses that must never be blocked, read from the kernel's tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailrisk.edge.own_addresses import gateways, operators, own_addresses

ROUTE = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
)
ROUTE6 = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
)
TCP = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0A0200C0:0016 097100CB:D431 01 00000000:00000000 02:000A 00000000     0        0 1 4\n"
    "   1: 0A0200C0:0019 0A7100CB:D432 01 00000000:00000000 02:000A 00000000     0        0 2 4\n"
    "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:0000 00000000     0        0 3 1\n"
)
TCP6 = (
    "  sl  local_address rem_address st\n"
    "   0: 00000000000000000000000001000000:0016 B80D0120000000000000000009000000:D431 01 0:0 0:0 0 0 0 1 4\n"
)
TRIE = "Local:\n  +-- 192.0.2.0/24 2 0 2\n     |-- 192.0.2.10\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    (tmp_path / "net").mkdir()
    tables = {"route": ROUTE, "ipv6_route": ROUTE6, "tcp": TCP, "tcp6": TCP6, "fib_trie": TRIE}
    for name, text in tables.items():
        (tmp_path / "net" / name).write_text(text)
    return tmp_path


def test_gateways_are_the_routers_of_both_versions(proc: Path) -> None:
    assert gateways(proc) == {"192.0.2.1", "fe80::1"}


def test_operators_are_the_other_ends_of_ssh_alone(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert operators(proc) == {"203.0.113.9", "2001:db8::9"}
    monkeypatch.setenv("SSH_CONNECTION", "198.51.100.7 5000 192.0.2.10 22")
    assert "198.51.100.7" in operators(proc)


def test_own_addresses_are_the_local_ones(proc: Path) -> None:
    assert "192.0.2.10" in own_addresses(proc) and "192.0.2.255" not in own_addresses(proc)


def test_a_system_without_these_tables_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert gateways(tmp_path) == frozenset() and operators(tmp_path) == frozenset()
