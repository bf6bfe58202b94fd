"""A mail goes through the real Postfix, and its links are clicked in the real Chromium."""

from __future__ import annotations

import email.message
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.chromium import Browser, chromium
from tests.interop.dovecot import free_port
from tests.interop.milter_site import LISTED, Site, letter, site
from tests.listen.conftest import start, stop

from mailrisk.edge.gate_probe import links_error
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.url.go_links import PATH, GoLink, packed, seal_link

GOOD = "http://good.example/welcome?a=1&b=2#part"
STRANGE = "http://paypal.com.secure-login.verify-account.example.top/signin.php?user=a"
HTML = "Content-Type: text/html; charset=utf-8\r\n"


class Web(http.server.BaseHTTPRequestHandler):
    """All the web there is; it notes who asked for what, and who sent him."""

    asked: list[tuple[str, str, str]] = []

    def do_GET(self) -> None:
        """A page that says its address."""
        self.asked.append((self.headers["Host"], self.path, self.headers.get("Referer", "")))
        body = f"<title>there</title><p>arrived at {self.headers['Host']}{self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    changes = {"https://links.example.net": f"http://127.0.0.1:{port}"}
    folder = tmp_path_factory.mktemp("rewriting")
    with site(folder, page="link-rewriting.md", workers="1", http=port, changes=changes) as one:
        yield one


@pytest.fixture(scope="module")
def browser(web: str) -> Iterator[Browser]:
    hosts = (
        "good.example",
        "phish.example",
        "soon.example",
        "paypal.com.secure-login.verify-account.example.top",
    )
    with chromium(dict.fromkeys(hosts, web)) as one:
        yield one


def shown(message: email.message.Message, folder: Path) -> str:
    """The message's HTML as a page that a mail program shows."""
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    path = folder / "mail.html"
    path.write_bytes(payload)
    return path.as_uri()


def mail(gate: Site, subject: str, *urls: str, to: str = "bob@example.net") -> email.message.Message:
    text = "".join(
        f'<p><a id="l{n}" href="{url.replace("&", "&amp;")}">{url}</a></p>' for n, url in enumerate(urls)
    )
    assert gate.send(letter(subject, text, HTML), to=to).startswith("250")
    return gate.delivered(subject)


def test_a_clicked_link_leads_where_it_says_and_nobody_there_learns_of_the_mail(
    gate: Site, browser: Browser, tmp_path: Path
) -> None:
    message = mail(gate, "good", GOOD)
    assert message["X-Mailrisk-Rewritten"] == "1" and message["X-Mailrisk"]
    browser.open(shown(message, tmp_path))
    assert GOOD in browser.text and "/go/1." not in browser.text
    browser.click("#l0")
    browser.wait_for("arrived at good.example/welcome?a=1&b=2")
    assert browser.url == GOOD
    assert ("good.example", "/welcome?a=1&b=2", "") in Web.asked


def test_a_listed_page_is_never_asked_for(gate: Site, browser: Browser, tmp_path: Path) -> None:
    browser.open(shown(mail(gate, "bad", LISTED), tmp_path))
    browser.click("#l0")
    assert "This page was blocked" in browser.wait_for("hxxp://phish[.]example")
    assert not [one for one in Web.asked if one[0] == "phish.example"]


def test_a_page_listed_after_the_mail_came_is_blocked_and_opens_again_when_it_is_withdrawn(
    gate: Site, browser: Browser, tmp_path: Path
) -> None:
    url = "http://soon.example/x"
    opened = shown(mail(gate, "soon", url), tmp_path)

    def click() -> str:
        browser.open(opened)
        browser.click("#l0")
        return browser.text

    assert "arrived at" in click()
    body = {"indicator": url, "reason": "a test", "category": "credential-phishing"}
    assert gate.client.post("/api/v1/listings", json=body).status_code == 200
    assert "This page was blocked" in click()
    answer = gate.client.post("/api/v1/withdrawals", json={"indicator": url, "reason": "wrong"})
    assert answer.status_code == 200, answer.text
    assert "arrived at" in click()


def test_who_is_warned_sees_why_and_can_go_on(gate: Site, browser: Browser, tmp_path: Path) -> None:
    browser.open(shown(mail(gate, "strange", STRANGE), tmp_path))
    browser.click("#l0")
    assert "This page may be dangerous" in browser.text and "risk" in browser.text
    assert not [one for one in Web.asked if "verify-account" in one[0]]
    browser.click("button")
    browser.wait_for("arrived at")
    assert browser.url == STRANGE
    assert [
        from_ for host, path, from_ in Web.asked if "verify-account" in host and path.startswith("/signin")
    ] == [""]


def test_a_changed_link_leads_nowhere(gate: Site, browser: Browser) -> None:
    message = mail(gate, "changed", GOOD)
    link = re.search(r'href="([^"]+)"', str(message.get_payload()))
    assert link
    before = len(Web.asked)
    browser.open(link[1].replace("/go/1.", "/go/1.A"))
    assert "Nothing to show" in browser.text and len(Web.asked) == before


def test_mail_of_the_house_and_what_leaves_it_stays_as_it_is(gate: Site) -> None:
    raw = letter("own", f'<a href="{GOOD}">x</a>', HTML)
    assert gate.send(raw, account="anna@example.net").startswith("250")
    message = gate.delivered("own")
    assert message["X-Mailrisk-Rewritten"] is None and GOOD in str(message.get_payload())


def test_a_large_body_comes_through_whole(gate: Site) -> None:
    text = "\r\n".join(f'<p>line {n} <a href="{GOOD}">x</a> {"w" * 50}</p>' for n in range(1_500))
    assert gate.send(letter("large", text, HTML)).startswith("250")
    message = gate.delivered("large")
    assert message["X-Mailrisk-Rewritten"] == "1500"
    body = str(message.get_payload()).replace("\r\n", "\n").rstrip("\n")
    assert re.sub(r'"http://127[^"]+"', f'"{GOOD}"', body) == text.replace("\r\n", "\n")


def test_doctor_opens_a_link_where_readers_do(gate: Site, web: str) -> None:
    key = LinkKeys(gate.data_dir).make()
    link = PATH + seal_link(key, GoLink(packed("http://doctor.invalid/")))
    assert links_error(str(gate.client.base_url).rstrip("/"), link) == ""
    assert "forged" not in links_error(f"http://{web}", link) and links_error(f"http://{web}", link)
    assert "a link of ours" in links_error(str(gate.client.base_url).rstrip("/"), link[:-3] + "AAA")


def test_a_page_waits_while_it_is_checked_and_is_warned_of_when_nobody_answers(
    browser: Browser, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # A name server that says nothing.
        silent.bind(("127.0.0.1", 0))
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        (tmp_path / "mailrisk.toml").write_text(
            f"[network]\nnameservers = ['127.0.0.1:{silent.getsockname()[1]}']\ndomain_facts = false\ndns_timeout_s = 1\n"
            f"[feeds]\nfetch = false\n[visits]\nhold_s = 0\nresolve = false\n[rewrite]\nbase = '{base}'\n"
        )
        process, _, _ = start(
            tmp_path / "data", "--listen", f"127.0.0.1:{port}", "--workers", "0", "--config",
            str(tmp_path / "mailrisk.toml"),
        )  # fmt: skip
        try:
            key = LinkKeys(tmp_path / "data").make()
            before = len(Web.asked)
            browser.open(base + PATH + seal_link(key, GoLink(packed(GOOD))))
            assert "This page is being checked" in browser.text and "button" not in browser.text
            browser.wait_for("This page could not be checked")
            assert len(Web.asked) == before
            browser.click("button")
            browser.wait_for("arrived at good.example")
        finally:
            stop(process)
