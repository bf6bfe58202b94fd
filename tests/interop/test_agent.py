"""The agent end to end: real Dovecot, real attack, real nftables; and the firewalls that it can set."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from tests.interop.dns_servers import open_folder
from tests.interop.namespace import run_inside
from tests.interop.test_fail2ban import program

from mailrisk.edge.firewall.fail2ban import Fail2ban
from mailrisk.model.errors import Unavailable


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


def test_real_fail2ban_bans_and_lets_pass(tmp_path: Path) -> None:
    client, config = program("fail2ban-client"), tmp_path / "etc"
    shutil.copytree("/etc/fail2ban", config)
    for extra in (config / "jail.d").glob("*"):
        extra.unlink()
    (config / "action.d" / "note.conf").write_text("[Definition]\nactionban = true\nactionunban = true\n")
    (config / "filter.d" / "mailrisk.conf").write_text("[Definition]\nfailregex = ^never <HOST>$\n")
    (tmp_path / "log").touch()
    (config / "jail.local").write_text(
        f"[mailrisk]\nenabled = true\nbackend = polling\nlogpath = {tmp_path}/log\nbantime = 8d\naction = note\n"
    )
    (config / "fail2ban.local").write_text(
        f"[Definition]\nlogtarget = {tmp_path}/fail2ban.log\ndbfile = None\n"
    )
    command = [client, "-c", str(config), "-s", f"{tmp_path}/sock", "-p", f"{tmp_path}/pid"]
    firewall = Fail2ban("mailrisk", command)
    with subprocess.Popen([*command, "-f", "start"]) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    firewall.prepare()
                    break
                except Unavailable:
                    assert time.monotonic() < deadline, (tmp_path / "fail2ban.log").read_text()
                    time.sleep(0.2)
            firewall.block([("203.0.113.9", 3600), ("2001:db8::9", 60)])
            assert firewall.blocked() == {"203.0.113.9", "2001:db8::9"}
            firewall.unblock(["2001:db8::9", "203.0.113.77"])
            assert firewall.blocked() == {"203.0.113.9"}
        finally:
            server.terminate()
    try:
        firewall.block([("203.0.113.10", 60)])
    except Unavailable as error:
        assert "fail2ban-client" in str(error)
    else:
        raise AssertionError("a server that is not there blocked somebody")
