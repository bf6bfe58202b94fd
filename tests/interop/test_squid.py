"""The real Squid asks mailrisk about visits: pages are let through, blocked and warned of, with and without opening TLS."""

from __future__ import annotations

import contextlib
import ssl
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.interop.certificates import certificate_authority, server_certificate
from tests.interop.page import block
from tests.interop.squid import helper_socket, origin, squid
from tests.listen.conftest import start, stop

PAGE = "squid.md"
HOSTS = (
    "good.example",
    "phish.example",
    "evil.example",
    "paypal.com.secure-login.verify-account.example.top",
)
WARNED = "paypal.com.secure-login.verify-account.example.top"
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@dataclass
class Site:
    """A Squid with a mailrisk behind it, and a web."""

    proxy: str
    web: int
    secure_web: int
    service: httpx.Client
    trust: ssl.SSLContext

    def get(self, url: str, **headers: str) -> httpx.Response:
        """Fetches a page through the proxy, as a browser of its own, without following redirects."""
        with httpx.Client(proxy=self.proxy, verify=self.trust, timeout=60, trust_env=False) as browser:
            return browser.get(url, headers=headers)

    def list(self, indicator: str) -> None:
        body = {"indicator": indicator, "reason": "a test", "category": "credential-phishing"}
        assert self.service.post("/api/v1/listings", json=body).status_code == 200


@contextlib.contextmanager
def site(tmp_path: Path, *, bump: bool) -> Iterator[Site]:
    config = tmp_path / "mailrisk.toml"
    config.write_text("[network]\nenabled = false\n" + block(PAGE, "toml"))
    process, url, _ = start(tmp_path / "data", "--workers", "0", "--config", str(config))
    key = tmp_path / "data" / "admin.key"
    helper = [
        sys.executable,
        "-m",
        "mailrisk",
        "squid-helper",
        "--url",
        url,
        "--key-file",
        str(key),
    ]
    authority = certificate_authority()
    (tmp_path / "web.pem").write_bytes(server_certificate(authority, HOSTS))
    try:
        with (
            httpx.Client(base_url=url, headers={"X-API-Key": key.read_text().strip()}, timeout=30) as service,
            tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
            origin() as web,
            origin(tmp_path / "web.pem") as secure,
            helper_socket(helper) as program,
        ):
            changes = {
                "/usr/bin/mailrisk squid-helper --key-file /etc/squid/mailrisk.key": program,
                "http://127.0.0.1:8025": url,
            }
            ours = block(PAGE, "squid.conf", **changes)
            if bump:
                ours = block(PAGE, "squid.conf-bump") + ours
            trust = ssl.create_default_context(cadata=authority.pem().decode())
            with squid(Path(own), ours, HOSTS, authority.with_key() if bump else b"") as proxy:
                yield Site(proxy, web, secure, service, trust)
    finally:
        stop(process)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("plain"), bump=False) as one:
        yield one


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("opened"), bump=True) as one:
        yield one


def test_a_harmless_page_is_fetched(plain: Site) -> None:
    answer = plain.get(f"http://good.example:{plain.web}/")
    assert answer.status_code == 200 and answer.text == "the page itself"


def test_a_listed_page_is_blocked_and_the_visitor_is_told_why_in_his_language(plain: Site) -> None:
    plain.list("http://phish.example/login")
    answer = plain.get(f"http://phish.example:{plain.web}/login")
    assert answer.status_code == 302, answer.text
    page = httpx.get(answer.headers["Location"], headers=CHINESE)
    assert page.status_code == 403
    assert "该页面已被拦截" in page.text and "phish[.]example" in page.text and "<form" not in page.text
    english = httpx.get(answer.headers["Location"])
    assert "This page was blocked" in english.text
    assert plain.get(f"http://phish.example:{plain.web}/other").status_code == 200


def test_a_warned_visitor_reads_why_and_goes_on(plain: Site) -> None:
    url = f"http://{WARNED}:{plain.web}/signin.php?user=a"
    answer = plain.get(url)
    assert answer.status_code == 302, answer.text
    where = answer.headers["Location"]
    assert "This page may be dangerous" in httpx.get(where).text
    token = parse_qs(urlsplit(where).query)["t"][0]
    on = httpx.post(where.partition("?")[0], data={"t": token})
    assert (on.status_code, on.headers["Location"]) == (303, url)
    assert plain.get(url).text == "the page itself"


def test_without_opening_tls_a_listed_host_is_stopped_and_a_listed_page_is_not(plain: Site) -> None:
    plain.list("https://good.example/hacked.html")
    assert plain.get(f"https://good.example:{plain.secure_web}/hacked.html").status_code == 200
    plain.list("host:evil.example")
    with pytest.raises(httpx.ProxyError, match=r"302|403"):
        plain.get(f"https://evil.example:{plain.secure_web}/")


def test_with_tls_opened_the_page_is_shown_in_place_of_the_lure(opened: Site) -> None:
    opened.list("https://phish.example/login")
    assert opened.get(f"https://good.example:{opened.secure_web}/").text == "the page itself"
    answer = opened.get(f"https://phish.example:{opened.secure_web}/login")
    assert answer.status_code == 302
    assert "该页面已被拦截" in httpx.get(answer.headers["Location"], headers=CHINESE).text
    assert opened.get(f"https://phish.example:{opened.secure_web}/other").status_code == 200


def test_without_mailrisk_visits_are_denied_or_let_through_as_the_helper_is_told(tmp_path: Path) -> None:
    for options, status in (("", 302), ("--fail-open", 200)):  # 302: to the page, by deny_info
        ours = block(PAGE, "squid.conf")
        command = [
            sys.executable,
            "-m",
            "mailrisk",
            "squid-helper",
            "--url",
            "http://127.0.0.1:9",
            *options.split(),
        ]
        with (
            tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
            origin() as web,
            helper_socket(command) as program,
        ):
            line = ours.replace("/usr/bin/mailrisk squid-helper --key-file /etc/squid/mailrisk.key", program)
            with (
                squid(Path(own), line, HOSTS) as proxy,
                httpx.Client(proxy=proxy, trust_env=False) as browser,
            ):
                assert browser.get(f"http://good.example:{web}/").status_code == status, options
