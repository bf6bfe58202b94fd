"""The real Postfix hands each message to mailrisk: headers, hold, refusal, and what happens when we cannot say."""

from __future__ import annotations

import contextlib
import email
import email.message
import hashlib
import smtplib
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.interop.dovecot import free_port
from tests.interop.page import block
from tests.interop.postfix import Postfix, log_of, postfix
from tests.listen.conftest import start, stop

from mailrisk.edge.gate_probe import icap_error, milter_error

PAGE = "postfix-milter.md"
THEIRS = "198.51.100.7"
LISTED = "http://phish.example/login/form.html"
DROPPER = "http://files.example/setup.exe"

MAILBOXES = """
relay_domains =
virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""


@dataclass
class Site:
    """A Postfix with a mailrisk behind it."""

    listen: str
    server: Postfix
    client: httpx.Client
    folder: Path

    def send(self, raw: bytes, ip: str = THEIRS, account: str = "", to: str = "bob@example.net") -> str:
        """Hands in one message as it is; the server's last answer."""
        with smtplib.SMTP("127.0.0.1", self.server.port, timeout=60) as client:
            client.ehlo("client.example")
            login = f" LOGIN={account}" if account else ""
            client.docmd("XCLIENT", f"ADDR={ip}{login}")
            client.ehlo("mx.sender.example")
            client.mail("news@sender.example")
            code, said = client.rcpt(to)
            assert code == 250, said
            code, said = client.data(raw)
            return f"{code} {said.decode()}"

    def delivered(self, subject: str) -> email.message.Message:
        """The message in the mailbox."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for path in (self.folder / "mail" / "inbox" / "new").glob("*"):
                message = email.message_from_bytes(path.read_bytes())
                if message["Subject"] == subject:
                    return message
            time.sleep(0.1)
        raise AssertionError(log_of(self.folder))


@contextlib.contextmanager
def site(tmp_path: Path, **changes: str) -> Iterator[Site]:
    """Both servers, configured as the page says, with changes of its TOML."""
    port = free_port()
    place = {"127.0.0.1:8086": f"127.0.0.1:{port}"}
    toml = "[network]\nenabled = false\n" + block(PAGE, "toml", **place, **changes)
    tomllib.loads(toml)
    (tmp_path / "mailrisk.toml").write_text(toml)
    with (tmp_path / "serve.log").open("wb") as log:
        process, url, _ = start(
            tmp_path / "data", "--workers", "0", "--config", str(tmp_path / "mailrisk.toml"), stderr=log
        )
    headers = {"X-API-Key": (tmp_path / "data" / "admin.key").read_text().strip()}
    try:
        with (
            httpx.Client(base_url=url, headers=headers, timeout=30) as client,
            tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
        ):
            folder = Path(own)
            folder.chmod(0o755)
            (folder / "mail").mkdir()
            (folder / "mail").chmod(0o777)
            boxes = MAILBOXES.format(folder=folder, uid=folder.stat().st_uid or 1, gid=1)
            for indicator, category in ((LISTED, "credential-phishing"), (DROPPER, "malware-file")):
                body = {"indicator": indicator, "reason": "a test", "category": category}
                assert client.post("/api/v1/listings", json=body).status_code == 200
            with postfix(folder, more=block(PAGE, "main.cf", **place) + boxes) as server:
                yield Site(f"127.0.0.1:{port}", server, client, folder)
    finally:
        stop(process)


def letter(subject: str, text: str, more: str = "") -> bytes:
    return (
        f"From: News <news@sender.example>\r\nTo: bob@example.net\r\nSubject: {subject}\r\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <{subject}@sender.example>\r\n{more}\r\n{text}\r\n"
    ).encode()


LURE = f"Your account expires today. Confirm your password now: {LISTED}"


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("observing")) as one:
        yield one


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("enforcing"), **{'"observe"': '"enforce"'}) as one:
        yield one


def test_a_lure_gets_a_header_that_says_what_would_have_been_done(observing: Site) -> None:
    raw = letter("lure", LURE)
    assert observing.send(raw).startswith("250")
    said = str(observing.delivered("lure")["X-Mailrisk"])
    assert said.startswith("malicious; score="), said
    assert "would=quarantine" in said and "category=credential-phishing" in said
    assert f"sample={hashlib.sha256(raw).hexdigest()[:16]}" in said, "the message was judged as it was sent"


def test_an_honest_letter_is_not_malicious(observing: Site) -> None:
    assert observing.send(letter("lunch", "Shall we have lunch at noon?")).startswith("250")
    said = str(observing.delivered("lunch")["X-Mailrisk"])
    assert not said.startswith("malicious") and "would=" not in said


def test_headers_that_others_wrote_in_our_name_are_removed(observing: Site) -> None:
    forged = "X-Mailrisk: clean; score=0\r\nx-mailrisk: clean\r\nX-Mailrisk-Score: 0\r\nX-Other: stays\r\n"
    forged += "X-Mailrisk : clean\r\n" + "A: b\r\n" * 10_001 + "X-Mailrisk: clean, far below\r\n"
    assert observing.send(letter("forged", LURE, forged)).startswith("250")
    message = observing.delivered("forged")
    assert [str(one).partition(";")[0] for one in message.get_all("X-Mailrisk") or []] == ["malicious"]
    assert message["X-Mailrisk-Score"] is None and message["X-Other"] == "stays"


def test_many_messages_at_once_and_several_on_one_connection(observing: Site) -> None:
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(lambda n: observing.send(letter(f"n{n}", f"This is letter {n}.")), range(20)))
    assert all(one.startswith("250") for one in said), said
    assert all(observing.delivered(f"n{n}")["X-Mailrisk"] for n in range(20))


def test_doctor_sees_that_the_milter_answers(observing: Site) -> None:
    assert milter_error(observing.listen) == ""
    assert icap_error(observing.listen), "it speaks no ICAP"


def test_malicious_mail_is_held_and_a_link_to_malware_is_refused(enforcing: Site) -> None:
    assert enforcing.send(letter("held", LURE)).startswith("250")
    assert enforcing.server.held() == 1
    said = enforcing.send(letter("refused", f"Install the update now: {DROPPER}"))
    assert said.startswith("550 5.7.1"), said
    assert "malware-file" in said
    assert enforcing.server.held() == 1
