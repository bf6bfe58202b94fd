"""The unmodified firewall bouncer of Debian takes decisions from mailrisk and drops packets with nftables."""

from __future__ import annotations

from pathlib import Path

from tests.interop.namespace import run_inside


def test_the_firewall_bouncer_drops_what_is_listed_and_lets_pass_what_is_withdrawn(tmp_path: Path) -> None:
    found = run_inside(
        "tests.interop.bouncer_namespace",
        str(tmp_path),
        needs=("crowdsec-firewall-bouncer", "nft", "ip", "unshare"),
    )
    log = found.pop("log")
    assert found == dict.fromkeys(found, True), (found, log)
    assert len(found) == 10
