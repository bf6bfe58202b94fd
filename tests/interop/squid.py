"""Debian's Squid (squid-openssl), unmodified, on a loopback port, and a web that it may fetch from.

It runs as its own user when the test is root's. That user may not be able to run our Python, so what Squid starts hands
its questions to a socket, behind which the test runs the real helper.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.interop.dovecot import free_port

PROGRAM = "/usr/sbin/squid"
CERTIFICATES = "/usr/lib/squid/security_file_certgen"
START_S = 60

MAIN = """
http_port 127.0.0.1:{port} {bump}
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
coredump_dir {folder}
hosts_file {folder}/hosts
cache deny all
shutdown_lifetime 0 seconds
visible_hostname proxy.example.org
pinger_enable off
{ours}
http_access allow all
"""

BUMP = (
    "ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert={folder}/ca.pem\n"
    "sslcrtd_program {program} -s {folder}/ssl_db -M 4MB\nsslcrtd_children 1\n"
    "tls_outgoing_options flags=DONT_VERIFY_PEER"
)


class _Page(BaseHTTPRequestHandler):
    """Every page of every site."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._say(b"the page itself")

    def do_POST(self) -> None:
        self._say(b"got " + self.rfile.read(int(self.headers["Content-Length"])))

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def origin(certificate: Path | None = None) -> Iterator[int]:
    """A web server on loopback; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def helper_socket(command: Sequence[str]) -> Iterator[str]:
    """Runs the command for each connection to a socket; what Squid has to start to reach it."""
    listener = socket.create_server(("127.0.0.1", 0))
    started: list[subprocess.Popen[bytes]] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                started.append(
                    subprocess.Popen(command, stdin=connection.fileno(), stdout=connection.fileno())
                )
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    try:
        yield f'/bin/bash -c "exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3 & exec cat >&3"'
    finally:
        listener.close()
        for process in started:
            process.terminate()
            process.wait(timeout=20)


@contextlib.contextmanager
def squid(folder: Path, ours: str, hosts: Sequence[str], ca: bytes = b"") -> Iterator[str]:
    """Its address. ``hosts`` all lead to loopback; with ``ca`` (certificate and key) TLS is opened."""
    assert shutil.which(PROGRAM), (
        "squid-openssl is missing; run tools/debian.sh --file requirements/debian-test.txt"
    )
    port, bump = free_port(), ""
    (folder / "hosts").write_text("".join(f"127.0.0.1 {host}\n" for host in hosts))
    if ca:
        (folder / "ca.pem").write_bytes(ca)
        bump = BUMP.format(folder=folder, program=CERTIFICATES)
        made = subprocess.run(
            [CERTIFICATES, "-c", "-s", str(folder / "ssl_db"), "-M", "4MB"], capture_output=True, check=False
        )
        assert made.returncode == 0, made.stderr.decode()
    first, _, rest = bump.partition("\n")
    text = MAIN.format(port=port, folder=folder, bump=first, ours=f"{rest}\n{ours}")
    (folder / "squid.conf").write_text(text)
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "proxy", "proxy")
    command = [PROGRAM, "-N", "-f", str(folder / "squid.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(port, process, folder / "cache.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            said = process.stderr.read().decode() if process.stderr and process.poll() is not None else ""
            raise AssertionError(said + (log.read_text() if log.exists() else ""))
        time.sleep(0.2)
