"""The real c-icap-client and the real Squid ask our ICAP server; half a request harms nobody else."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.interop.dovecot import free_port
from tests.interop.page import block
from tests.interop.squid import origin, squid
from tests.listen.conftest import start, stop

from mailrisk.edge.gate_probe import icap_error, page_error

PAGE = "icap.md"


@dataclass
class Site:
    port: int
    service: httpx.Client

    def ask(self, *options: str, folder: Path) -> tuple[str, str]:
        """(what c-icap-client says, what it got)."""
        assert shutil.which("c-icap-client"), "run tools/debian.sh --file requirements/debian-test.txt"
        got = folder / "got"
        got.unlink(missing_ok=True)
        command = ["c-icap-client", "-i", "127.0.0.1", "-p", str(self.port), "-s", "visits", "-v", *options]
        run = subprocess.run([*command, "-o", str(got)], capture_output=True, timeout=60, check=False)
        return (run.stdout + run.stderr).decode(), got.read_text() if got.exists() else ""

    def raw(self, data: bytes) -> bytes:
        """What is answered to these bytes until the other side closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=3) as line:
            line.sendall(data)
            said = b""
            try:
                while part := line.recv(65_536):
                    said += part
            except TimeoutError:
                pass
            return said


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("icap"), free_port()
    toml = "[network]\nenabled = false\n" + block(PAGE, "toml", **{"127.0.0.1:1344": f"127.0.0.1:{port}"})
    (folder / "mailrisk.toml").write_text(toml)
    process, url, _ = start(folder / "data", "--workers", "0", "--config", str(folder / "mailrisk.toml"))
    headers = {"X-API-Key": (folder / "data" / "admin.key").read_text().strip()}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as service:
        for indicator in ("http://phish.example/login", "host:evil.example"):
            body = {"indicator": indicator, "reason": "a test", "category": "credential-phishing"}
            assert service.post("/api/v1/listings", json=body).status_code == 200
        yield Site(port, service)
    stop(process)


def test_c_icap_client_is_told_what_is_offered(site: Site, tmp_path: Path) -> None:
    said, _ = site.ask(folder=tmp_path)
    assert "Methods: REQMOD" in said and "Allow 204: Yes" in said and "Preview: 0" in said, said


def test_c_icap_client_gets_204_for_a_harmless_page_and_the_page_for_a_listed_one(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "body").write_text("a=b")
    said, _ = site.ask("-req", "http://good.example/", "-f", str(tmp_path / "body"), folder=tmp_path)
    assert "204 No Content" in said or "not modified" in said.lower(), said
    # It does not read a 200 that comes within a preview; Squid, below, does.
    for options in (("-nopreview", "-f", str(tmp_path / "body")), ()):
        said, got = site.ask("-req", "http://phish.example/login", *options, folder=tmp_path)
        assert "HTTP/1.1 403 Forbidden" in said and "This page was blocked" in got, said + got


def test_a_client_that_knows_no_204_gets_its_request_back_byte_by_byte(site: Site) -> None:
    http = b"POST http://good.example/a HTTP/1.1\r\nHost: good.example\r\n\r\n"
    body = b"5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
    head = (
        b"REQMOD icap://127.0.0.1/visits ICAP/1.0\r\nHost: x\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n"
        % len(http)
    )
    said = site.raw(head + http + body)
    assert said.startswith(b"ICAP/1.0 200 OK\r\n") and said.endswith(http + body), said


def test_doctor_sees_that_proxies_and_visitors_are_answered(site: Site) -> None:
    assert icap_error(f"127.0.0.1:{site.port}") == ""
    assert page_error(str(site.service.base_url)) == ""
    assert page_error("http://127.0.0.1:9").startswith("127.0.0.1:9: ")


def test_half_a_head_and_what_is_no_icap_are_refused_and_others_are_served(
    site: Site, tmp_path: Path
) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as half:
        half.sendall(b"REQMOD icap://127.0.0.1/visits ICAP/1.0\r\nHost:")
        assert site.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"ICAP/1.0 400 ")
        assert site.raw(
            b"REQMOD icap://x/v ICAP/1.0\r\nEncapsulated: req-hdr=0, req-body=99999999\r\n\r\n"
        ).startswith(b"ICAP/1.0 400 ")
        assert site.raw(b"RESPMOD icap://x/v ICAP/1.0\r\nEncapsulated: null-body=0\r\n\r\n").startswith(
            b"ICAP/1.0 405 "
        )
        assert "Methods: REQMOD" in site.ask(folder=tmp_path)[0]


def test_squid_lets_pages_through_and_shows_ours_in_place_of_a_listed_one(site: Site) -> None:
    ours = block(PAGE, "squid.conf", **{"127.0.0.1:1344": f"127.0.0.1:{site.port}"})
    hosts = ("good.example", "phish.example", "evil.example")
    with (
        tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
        origin() as web,
        squid(Path(own), ours, hosts) as proxy,
        httpx.Client(proxy=proxy, trust_env=False, timeout=60) as browser,
    ):
        assert browser.get(f"http://good.example:{web}/").text == "the page itself"
        posted = browser.post(f"http://good.example:{web}/form", content=b"x" * 300_000)
        assert posted.text == "got " + "x" * 300_000
        lure = browser.get(f"http://phish.example:{web}/login", headers={"Accept-Language": "zh-CN"})
        assert lure.status_code == 403 and "该页面已被拦截" in lure.text
        assert browser.post(f"http://phish.example:{web}/login", content=b"x" * 300_000).status_code == 403
        assert browser.get(f"http://phish.example:{web}/other").status_code == 200


def test_a_warning_is_shown_on_our_own_site_and_not_in_place_of_the_page(tmp_path: Path) -> None:
    port = free_port()
    toml = block(PAGE, "toml", **{"127.0.0.1:1344": f"127.0.0.1:{port}"})
    toml += '\n[[visits.respond]]\nlevel = "malicious"\naction = "warn"\n'
    (tmp_path / "mailrisk.toml").write_text("[network]\nenabled = false\n" + toml)
    process, url, _ = start(tmp_path / "data", "--workers", "0", "--config", str(tmp_path / "mailrisk.toml"))
    try:
        headers = {"X-API-Key": (tmp_path / "data" / "admin.key").read_text().strip()}
        body = {
            "indicator": "http://phish.example/login",
            "reason": "test",
            "category": "credential-phishing",
        }
        httpx.post(f"{url}/api/v1/listings", json=body, headers=headers).raise_for_status()
        http = b"GET http://phish.example/login HTTP/1.1\r\nHost: phish.example\r\n\r\n"
        head = b"REQMOD icap://127.0.0.1/visits ICAP/1.0\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body=%d\r\n\r\n"
        said = Site(port, httpx.Client()).raw(head % len(http) + http).decode()
    finally:
        stop(process)
    assert "HTTP/1.1 302 Found" in said and "/visit?t=" in said and "<form" not in said, said
