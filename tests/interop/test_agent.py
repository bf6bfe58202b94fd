"""The agent end to end: real Dovecot, real attack, real nftables; and the firewalls that it can set."""

from __future__ import annotations

from pathlib import Path

from tests.interop.dns_servers import open_folder
from tests.interop.namespace import run_inside


def test_the_attacker_is_dropped_and_the_office_is_not_until_the_listing_is_withdrawn() -> None:
    needs = ("nft", "ip", "unshare", "nsenter")
    with open_folder() as folder:
        found = run_inside("tests.interop.agent_namespace", str(folder), needs=needs, own_user=True)
    swept, report = str(found.pop("sweep")), str(found.pop("report"))
    assert found == dict.fromkeys(found, True), (found, swept, report)
    assert len(found) == 10
    assert "203.0.113.9" in swept and "203.0.113.50" not in swept
    assert "1  blocked" in report and "1  let pass again" in report


def test_real_nftables_and_ipset_block_and_let_pass(tmp_path: Path) -> None:
    found = run_inside("tests.interop.firewall_namespace", str(tmp_path), needs=("nft", "ipset", "unshare"))
    assert found == dict.fromkeys(found, True), found
