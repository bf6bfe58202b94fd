"""Unmodified clients of lists over DNS ask mailrisk: dig, rspamd, SpamAssassin, Postfix."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.interop.dns_servers import ask, free_port, need, open_folder, until
from tests.interop.page import block
from tests.interop.rspamd_server import rspamd
from tests.listen.conftest import start, stop

ROOT = Path(__file__).parents[2]
LISTED = {
    "198.51.100.7": "brute-force",
    "2001:db8::7": "phishing-source",
    "domain:evil.example": "credential-phishing",
    "host:files.host.example": "malware-file",
    "http://page.example/login/form.html": "credential-phishing",
}
LETTER = (
    "Received: from mx.sender.example (mx.sender.example [{ip}])\n\tby mail.example.org with ESMTP; "
    "Mon, 23 Nov 2026 09:00:00 +0000\nFrom: a@sender.example\nTo: bob@example.org\nSubject: now\n\n{text}\n"
)


@dataclass
class Lists:
    """A running service."""

    port: int
    client: httpx.Client


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    folder, port = tmp_path_factory.mktemp("lists"), free_port()
    config = folder / "mailrisk.toml"
    page = block("rspamd-rbl.md", "toml", **{"127.0.0.1:5353": f"127.0.0.1:{port}"})
    config.write_text(f"[network]\nenabled = false\n{page}")
    process, url, _ = start(folder / "data", "--workers", "2", "--config", str(config))
    key = (folder / "data" / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
        for indicator, category in LISTED.items():
            body = {"indicator": indicator, "reason": "a test", "category": category}
            assert client.post("/api/v1/listings", json=body).status_code == 200
        until(lambda: bool(ask(port, "7.100.51.198.ip.mailrisk.internal").answer), "never listed")
        yield Lists(port, client)
    stop(process)


def dig(lists: Lists, *words: str) -> str:
    command = [need("dig"), "@127.0.0.1", "-p", str(lists.port), "+short", "+tries=3", *words]
    return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode().strip()


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dig_gets_code_and_reason(lists: Lists, transport: str) -> None:
    assert dig(lists, transport, "7.100.51.198.ip.mailrisk.internal") == "127.0.0.4"
    v6 = ipaddress.ip_address("2001:db8::7").reverse_pointer.removesuffix("ip6.arpa")
    assert dig(lists, transport, f"{v6}ip.mailrisk.internal") == "127.0.0.5"
    assert dig(lists, transport, "login.evil.example.domain.mailrisk.internal", "TXT").startswith(
        '"credential-phishing since '
    )
    assert dig(lists, transport, "8.100.51.198.ip.mailrisk.internal") == ""
    assert dig(lists, transport, "ip.mailrisk.internal", "NS") == "ns.mailrisk.internal."


def test_a_withdrawal_is_gone_from_the_list(lists: Lists) -> None:
    body = {"indicator": "198.51.100.9", "reason": "a test", "category": "spam-source"}
    assert lists.client.post("/api/v1/listings", json=body).status_code == 200
    until(lambda: dig(lists, "9.100.51.198.ip.mailrisk.internal") == "127.0.0.2", "never listed")
    assert (
        lists.client.post(
            "/api/v1/withdrawals", json={k: body[k] for k in ("indicator", "reason")}
        ).status_code
        == 200
    )
    until(lambda: dig(lists, "9.100.51.198.ip.mailrisk.internal") == "", "still listed")


def test_broken_packets_are_answered_or_ignored_and_the_service_goes_on(lists: Lists) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", lists.port))
        for packet in (
            b"",
            b"x",
            bytes(12),
            b"\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
            os.urandom(2000),
            b"\xff" * 600,
        ):
            udp.send(packet)
    with socket.create_connection(("127.0.0.1", lists.port)) as tcp:
        tcp.sendall(b"\0\1x")
        assert tcp.recv(10) == b""
    assert dig(lists, "7.100.51.198.ip.mailrisk.internal") == "127.0.0.4"


def scan(url: str, text: str, ip: str) -> set[str]:
    envelope = {"IP": ip, "Helo": "mx.sender.example", "From": "a@sender.example", "Rcpt": "bob@example.org"}
    answer = httpx.post(
        f"{url}/checkv2", content=LETTER.format(ip=ip, text=text), headers=envelope, timeout=60
    )
    return {name for name in answer.json()["symbols"] if name.startswith("MAILRISK")}


def test_rspamd_finds_addresses_domains_and_pages(lists: Lists) -> None:
    rules = f'rbl {{\n{block("rspamd-rbl.md", "ucl")}\n}}\ngroup "rbl" {{\n{block("rspamd-rbl.md", "ucl", 1)}\n}}\n'
    with rspamd(rules, [Path("/usr/share/rspamd/plugins/rbl.lua")], f"127.0.0.1:{lists.port}") as url:
        until(
            lambda: "MAILRISK_IP_LOGINS" in scan(url, "hello", "198.51.100.7"),
            "rspamd does not find the address",
        )
        assert scan(url, "hello", "2001:db8::7") == {"MAILRISK_IP_PHISHING"}
        assert scan(url, "see http://login.evil.example/a", "198.51.100.8") == {"MAILRISK_DOMAIN_PHISH"}
        assert scan(url, "get http://files.host.example/x", "198.51.100.8") == {"MAILRISK_DOMAIN_MALWARE"}
        assert scan(url, "see http://page.example/login/form.html?id=4", "198.51.100.8") == {
            "MAILRISK_PAGE_PHISH"
        }
        assert (
            scan(url, "see http://page.example/other.html and http://host.example/", "198.51.100.8") == set()
        )


def assassin(lists: Lists, folder: Path, text: str, ip: str) -> str:
    assert shutil.which("spamassassin"), "run tools/debian.sh --file requirements/debian-test.txt"
    site, rules = folder / "site", folder / "rules"
    for one in (site, rules):
        one.mkdir(exist_ok=True)
    plugins = "".join(
        f"loadplugin Mail::SpamAssassin::Plugin::{name}\n" for name in ("Check", "DNSEval", "URIDNSBL")
    )
    (rules / "check.pre").write_text(plugins)
    (rules / "10_one.cf").write_text(
        "header HAS_FROM exists:From\nscore HAS_FROM 0.01\nutil_rb_tld example org\n"
    )
    own = f"dns_available yes\ndns_server [127.0.0.1]:{lists.port}\nreport_safe 0\nadd_header all Report _REPORT_\n"
    (site / "mailrisk.cf").write_text(own + block("spamassassin-dnsbl.md", "cf"))
    run = subprocess.run(
        ["spamassassin", "-C", str(rules), "--siteconfigpath", str(site), "-x"],
        input=LETTER.format(ip=ip, text=text).encode(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()


def test_spamassassin_finds_addresses_and_domains(lists: Lists, tmp_path: Path) -> None:
    said = assassin(lists, tmp_path, "see http://login.evil.example/a", "198.51.100.7")
    assert "RCVD_IN_MAILRISK_LOGINS" in said and "URIBL_MAILRISK_PHISH" in said, said
    said = assassin(lists, tmp_path, "get http://files.host.example/x", "198.51.100.8")
    assert "URIBL_MAILRISK_MALWARE" in said and "RCVD_IN" not in said, said
    assert "MAILRISK" not in assassin(lists, tmp_path, "see http://host.example/", "198.51.100.8")


def test_postfix_refuses_listed_clients_and_senders() -> None:
    assert os.getuid() == 0, "Postfix's master runs as root alone: run this test as root"
    with open_folder() as folder:
        run = subprocess.run(
            ["unshare", "--net", "--mount", sys.executable, "-m", "tests.interop.postfix_rbl_namespace", str(folder)],
            capture_output=True, check=False, cwd=ROOT, timeout=180,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr.decode()[-3000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["listed client"].startswith("554 ") and "brute-force since " in said["listed client"], said
    assert said["listed sender"].startswith("554 ") and "domain.mailrisk.internal" in said["listed sender"], (
        said
    )
    assert said["honest"].startswith("250 "), said
