"""Debian's Dovecot, unmodified, on loopback ports, asking a mailrisk before it lets anybody in.

Its clients come through the PROXY protocol, so that a test may give them any address.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAM = "/usr/sbin/dovecot"
START_S = 30

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
listen = 127.0.0.1
protocols = imap pop3
haproxy_trusted_networks = 127.0.0.1
disable_plaintext_auth = no
auth_failure_delay = 0 secs
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
    haproxy = yes
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
    haproxy = yes
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_policy_server_url = {policy}
auth_policy_server_api_header = Authorization: Basic {credentials}
auth_policy_hash_nonce = localized_random_string
auth_policy_server_timeout_msecs = 2000
"""


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Dovecot:
    """A running server. ``imap`` and ``pop3`` are its ports; at ``auth`` a Postfix asks about passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imap, self.pop3, self.auth = free_port(), free_port(), free_port()

    def imap_login(self, ip: str, account: str, password: str) -> str:
        """The server's answer to LOGIN from that address: its word (OK, NO) and text."""
        with self._connected(self.imap, ip) as (connection, _):
            connection.sendall(f'a LOGIN "{account}" "{password}"\r\n'.encode())
            lines = _until(connection, b"a ")
        return lines.split(b"\r\na ")[-1].decode().removeprefix("a ").strip()

    def imap_lines(self, ip: str, account: str, password: str) -> str:
        """Everything that the server says to LOGIN."""
        with self._connected(self.imap, ip) as (connection, _):
            connection.sendall(f'a LOGIN "{account}" "{password}"\r\n'.encode())
            return _until(connection, b"a ").decode()

    def pop3_login(self, ip: str, account: str, password: str) -> str:
        """The server's answer to PASS."""
        with self._connected(self.pop3, ip) as (connection, _):
            connection.sendall(f"USER {account}\r\n".encode())
            _until(connection, b"")
            connection.sendall(f"PASS {password}\r\n".encode())
            return _until(connection, b"").decode().strip()

    @contextlib.contextmanager
    def _connected(self, port: int, ip: str) -> Iterator[tuple[socket.socket, bytes]]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            family = "TCP6" if ":" in ip else "TCP4"
            own = "::1" if ":" in ip else "127.0.0.1"
            connection.sendall(f"PROXY {family} {ip} {own} 40000 {port}\r\n".encode())
            yield connection, _until(connection, b"")


def _until(connection: socket.socket, tag: bytes) -> bytes:
    """What comes, up to the end of the line that begins with ``tag``."""
    read = b""
    while not any(line.startswith(tag) for line in read.split(b"\r\n")[:-1]):
        piece = connection.recv(4096)
        if not piece:
            break
        read += piece
    return read


@contextlib.contextmanager
def dovecot(
    folder: Path, users: Sequence[tuple[str, str]], policy: str, credentials: str, *, listen: str = ""
) -> Iterator[Dovecot]:
    """Runs one in a folder that other users may pass through. ``users``: (name, password). ``policy``: URL of the service; ``credentials``: base64 for Basic.

    ``listen``: an address where clients come directly, instead of through the PROXY protocol on loopback.
    """
    assert shutil.which(PROGRAM), (
        "Dovecot is missing; run tools/debian.sh --file requirements/debian-test.txt"
    )
    server = Dovecot(folder)
    root = os.getuid() == 0
    own = pwd.getpwuid(os.getuid()).pw_name
    mail = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(mode=0o755)
    if root:
        os.chown(folder / "mail", mail.pw_uid, mail.pw_gid)
    (folder / "users").write_text("".join(f"{name}:{password}\n" for name, password in users))
    (folder / "users").chmod(0o644)
    config = folder / "dovecot.conf"
    text = CONFIG
    if listen:
        text = text.replace("haproxy = yes", "haproxy = no").replace(
            "listen = 127.0.0.1", f"listen = {listen}"
        )
    config.write_text(
        text.format(
            folder=folder, internal="dovecot" if root else own, login="dovenull" if root else own,
            group="dovecot" if root else "", uid=mail.pw_uid, gid=mail.pw_gid, imap=server.imap,
            pop3=server.pop3, auth=server.auth, policy=policy, credentials=credentials,
        )
    )  # fmt: skip
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)])
    try:
        _wait(server, listen or "127.0.0.1")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(server: Dovecot, address: str) -> None:
    deadline = time.monotonic() + START_S
    for port in (server.imap, server.pop3):
        while True:
            with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
                break
            log = server.folder / "dovecot.log"
            assert time.monotonic() < deadline, log.read_text() if log.exists() else "it never spoke"
            time.sleep(0.1)
