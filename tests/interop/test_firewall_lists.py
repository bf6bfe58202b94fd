"""Programs of Debian read our lists, as they are and as docs/integrations says; devices that we have not are not tested."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import httpx
import maxminddb
import pytest
from tests.interop.conftest import DOMAIN, SE_PAGE, Google
from tests.interop.dovecot import free_port
from tests.interop.namespace import run_inside
from tests.interop.page import block

ADDRESSES = ("203.0.113.7", "198.51.100.0/24", "198.51.100.9", "2001:db8::7", "2001:db8:5::/48")
HOST = "www.evil.example"


@pytest.fixture(scope="module")
def lists(google: Google) -> Iterator[httpx.Client]:
    for indicator in ADDRESSES:
        google.list(indicator, "brute-force")
    google.list(f"host:{HOST}")
    key = google.new_key("reader")
    with httpx.Client(base_url=google.url, auth=("any", key), timeout=60) as client:
        yield client


@contextlib.contextmanager
def emptied(google: Google) -> Iterator[None]:
    for indicator in ADDRESSES:
        google.withdraw(indicator)
    try:
        yield
    finally:
        for indicator in ADDRESSES:
            google.list(indicator, "brute-force")


def saved(lists: httpx.Client, name: str, path: Path) -> Path:
    answer = lists.get(f"/lists/{name}")
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    return path


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{name} is missing; run tools/debian.sh --file requirements/debian-test.txt"
    return found


def accepts(*command: str) -> str:
    """What a program says about a configuration that it takes."""
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    return said


def test_nft_and_ipset_replace_their_sets(google: Google, lists: httpx.Client, tmp_path: Path) -> None:
    for name in ("ip.nft", "ip.ipset"):
        saved(lists, name, tmp_path / name)
    with emptied(google):
        for name in ("nft", "ipset"):
            saved(lists, f"ip.{name}", tmp_path / f"empty.{name}")
    needs = ("nft", "ipset", "unshare")
    found = run_inside("tests.interop.list_namespace", str(tmp_path), needs=needs)
    # The service is that of all tests, which may have listings of their own.
    ours = {"198.51.100.0/24", "198.51.100.9", "203.0.113.7"}
    assert ours <= set(found["mailrisk4"]) and not ours & set(found["afterwards"])
    assert {"2001:db8:5::/48", "2001:db8::7"} <= set(found["mailrisk6"])
    assert '"203.0.113.7"' in found["blocked4"] and len(found["blocked4"]) < len(found["mailrisk4"])
    assert '"2001:db8::7"' in found["blocked6"]


def test_squid_takes_the_configuration_of_the_page(lists: httpx.Client, tmp_path: Path) -> None:
    config = block("squid-acl.md", "squid.conf")
    for name in ("domain.squid", "url.squid", "ip.squid"):
        place = saved(lists, name, tmp_path / f"mailrisk.{name}")
        config = config.replace(f"/etc/squid/mailrisk.{name}", str(place))
    path = tmp_path / "squid.conf"
    path.write_text(f"http_port 127.0.0.1:{free_port()}\npid_filename none\n{config}")
    said = accepts(program("squid"), "-k", "parse", "-f", str(path))
    assert "ERROR:" not in said and "WARNING:" not in said, said


def test_nginx_takes_the_configuration_of_the_page(lists: httpx.Client, tmp_path: Path) -> None:
    place = saved(lists, "ip.nginx", tmp_path / "mailrisk.geo")
    inside = block("nginx-geo.md", "nginx.conf", **{"/etc/nginx/mailrisk.geo": str(place)})
    path = tmp_path / "nginx.conf"
    path.write_text(
        f"pid {tmp_path}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{inside}\n}}\n"
    )
    assert "test is successful" in accepts(program("nginx"), "-t", "-c", str(path), "-p", str(tmp_path))


def test_haproxy_takes_the_configuration_of_the_page(lists: httpx.Client, tmp_path: Path) -> None:
    config = block("haproxy.md", "haproxy.cfg")
    for name in ("ip.haproxy", "domain.haproxy"):
        place = saved(lists, name, tmp_path / f"mailrisk.{name}")
        config = config.replace(f"/etc/haproxy/mailrisk.{name}", str(place))
    path = tmp_path / "haproxy.cfg"
    path.write_text(config)
    accepts(program("haproxy"), "-c", "-f", str(path))


def test_dnsmasq_answers_from_the_hosts_file(lists: httpx.Client, tmp_path: Path) -> None:
    place = saved(lists, "domain.hosts", tmp_path / "hosts")
    port = free_port()
    options = ["--no-daemon", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1"]
    command = [
        program("dnsmasq"),
        *options,
        f"--port={port}",
        f"--addn-hosts={place}",
        "--conf-file=/dev/null",
    ]
    with subprocess.Popen([*command, "--user=root"] if os.getuid() == 0 else command) as server:
        try:
            assert address(HOST, port) == address(DOMAIN, port) == "0.0.0.0"
            assert address("good.example", port) == ""
        finally:
            server.terminate()


def address(name: str, port: int) -> str:
    """What the server on loopback says, '' for nothing."""
    query = dns.message.make_query(name, "A")
    for _ in range(50):
        with contextlib.suppress(OSError, dns.exception.DNSException):
            found = dns.query.udp(query, "127.0.0.1", port=port, timeout=2).answer
            return found[0][0].to_text() if found else ""
        time.sleep(0.1)
    raise AssertionError("dnsmasq does not answer")


def test_maxminds_reader_reads_the_database(lists: httpx.Client, tmp_path: Path) -> None:
    with maxminddb.open_database(saved(lists, "ip.mmdb", tmp_path / "ip.mmdb")) as reader:
        found = reader.get("198.51.100.200")
        assert isinstance(found, dict) and found["level"] == "high"
        assert reader.get("192.0.2.1") is None


def test_curl_takes_a_list_as_the_page_says(google: Google, lists: httpx.Client, tmp_path: Path) -> None:
    command = block("ipset.md", "sh").partition(" &&")[0]
    changed = command.replace("http://127.0.0.1:8025", google.url).replace("YOUR-KEY", google.key)
    place = tmp_path / "mailrisk.ipset"
    subprocess.run(["sh", "-c", changed.replace("/run/mailrisk.ipset", str(place))], check=True)
    assert b"add mailrisk4-new 203.0.113.7" in place.read_bytes()
    wrong = changed.replace(google.key, "wrong").replace("/run/mailrisk.ipset", str(tmp_path / "none"))
    assert subprocess.run(["sh", "-c", wrong], check=False, capture_output=True).returncode == 22


def test_a_page_is_on_the_list_of_urls(lists: httpx.Client) -> None:
    assert SE_PAGE in lists.get("/lists/url.txt").text.split()


def test_a_consumer_that_hangs_up_hurts_nobody(google: Google, lists: httpx.Client) -> None:
    host, _, port = google.host.partition(":")
    for _ in range(20):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /lists/ip.mmdb HTTP/1.1\r\nHost: a\r\nX-API-Key: " + google.key.encode())
    assert lists.get("/lists/ip.txt").status_code == 200
