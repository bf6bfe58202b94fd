"""Debian's Postfix, unmodified, on a loopback port, asking a mailrisk about what accounts send.

Postfix's master runs as root alone. XCLIENT, which Postfix offers to hosts that it is told to trust, lets a
test be any client and any account. All mail is discarded.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAM = "/usr/sbin/postfix"
START_S = 30

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
mynetworks =
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
smtpd_client_port_logging = no
default_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_sasl_auth_enable = {sasl}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = no
smtpd_delay_reject = yes
smtpd_recipient_restrictions = {policy}, permit
relay_domains = example.net, example.com
relay_transport = discard
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_end_of_data_restrictions = {policy}
"""

MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def send(self, ip: str, account: str, to: Sequence[str], text: str = "hello") -> str:
        """Hands in one message as that account from that address; the server's last answer."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.ehlo("client.example")
            client.docmd("XCLIENT", f"ADDR={ip} LOGIN={account}")
            client.ehlo("client.example")
            client.mail(account)
            for mailbox in to:
                code, said = client.rcpt(mailbox)
                if code >= 400:
                    return f"{code} {said.decode()}"
            code, said = client.data(f"From: {account}\r\nSubject: {text}\r\n\r\n{text}\r\n")
            return f"{code} {said.decode()}"

    def login(self, ip: str, account: str, password: str) -> str:
        """Logs in from that address; the server's answer to AUTH."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.ehlo("client.example")
            client.docmd("XCLIENT", f"ADDR={ip}")
            client.ehlo("client.example")
            secret = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
            code, said = client.docmd("AUTH", f"PLAIN {secret}")
            return f"{code} {said.decode()}"

    def held(self) -> int:
        """Messages in the hold queue."""
        return sum(1 for path in (self.folder / "spool" / "hold").rglob("*") if path.is_file())


def log_of(folder: Path) -> str:
    """What the server has logged so far."""
    log = folder / "mail.log"
    return log.read_text() if log.exists() else "it never spoke"


@contextlib.contextmanager
def postfix(folder: Path, policy: int = 0, auth: int = 0, more: str = "") -> Iterator[Postfix]:
    """Runs one in a folder that other users may pass through.

    ``policy`` is the port of the service that is asked about senders, ``auth`` that of a Dovecot that is asked
    about passwords; 0 for none. ``more`` are further lines of main.cf.
    """
    assert shutil.which(PROGRAM), (
        "Postfix is missing; run tools/debian.sh --file requirements/debian-test.txt"
    )
    assert os.getuid() == 0, "Postfix's master runs as root alone: run this test as root"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
        (folder / name).chmod(
            0o755
        )  # Whatever the umask of this process: postfix's own user must get through.
    shutil.chown(folder / "data", "postfix")
    asked = f"check_policy_service inet:127.0.0.1:{policy}" if policy else ""
    main = MAIN.format(folder=folder, policy=asked, auth=auth, sasl="yes" if auth else "no")
    (folder / "etc" / "main.cf").write_text(main + more)
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{port}"))
    command = [PROGRAM, "-c", str(folder / "etc")]
    started = subprocess.run([*command, "start"], check=False, capture_output=True, timeout=60, umask=0o022)
    assert started.returncode == 0, started.stderr.decode() + log_of(folder)
    server = Postfix(folder, port)
    try:
        _wait(server)
        yield server
    finally:
        subprocess.run([*command, "stop"], check=False, capture_output=True, timeout=60)


def _wait(server: Postfix) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with (
            contextlib.suppress(OSError, smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", server.port, timeout=2),
        ):
            return
        log = server.folder / "mail.log"
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "it never spoke"
        time.sleep(0.2)
