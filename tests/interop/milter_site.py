"""A real Postfix with a mailrisk behind it as its milter, both configured as a page of the documentation says."""

from __future__ import annotations

import contextlib
import email
import email.message
import smtplib
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.interop.dovecot import free_port
from tests.interop.page import block
from tests.interop.postfix import Postfix, log_of, postfix
from tests.listen.conftest import start, stop

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
    data_dir: Path
    core: int  # mailrisk's process

    def check_workers(self) -> dict[int, int]:
        """Processes that check messages for the core: id -> processor time so far, in ticks."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                command = (path / "cmdline").read_bytes()
                if int(fields[1]) == self.core and b"mailrisk.checks" in command:
                    found[int(path.name)] = int(fields[11]) + int(fields[12])
        return found

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
def site(
    tmp_path: Path, *, page: str = PAGE, workers: str = "0", http: int = 0, changes: Mapping[str, str] = {}
) -> Iterator[Site]:
    """Both servers, configured as the page says, with changes of its TOML. ``http``: the port of mailrisk's own pages."""
    port = free_port()
    place = {"127.0.0.1:8086": f"127.0.0.1:{port}"}
    toml = "[network]\nenabled = false\n" + block(page, "toml", **place, **changes)
    tomllib.loads(toml)
    (tmp_path / "mailrisk.toml").write_text(toml)
    with (tmp_path / "serve.log").open("wb") as log:
        process, url, _ = start(
            tmp_path / "data", "--listen", f"127.0.0.1:{http}", "--workers", workers,
            "--config", str(tmp_path / "mailrisk.toml"), stderr=log,
        )  # fmt: skip
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
            with postfix(folder, more=block(page, "main.cf", **place) + boxes) as server:
                yield Site(f"127.0.0.1:{port}", server, client, folder, tmp_path / "data", process.pid)
    finally:
        stop(process)


def letter(subject: str, text: str, more: str = "") -> bytes:
    """A message of a stranger."""
    return (
        f"From: News <news@sender.example>\r\nTo: bob@example.net\r\nSubject: {subject}\r\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <{subject}@sender.example>\r\n{more}\r\n{text}\r\n"
    ).encode()


LURE = f"Your account expires today. Confirm your password now: {LISTED}"
