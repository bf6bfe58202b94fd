"""rspamd as a process of our own: Debian's rules, every module that asks the network off, loopback alone.

Its name server is one of ours that knows no name and says so at once, so that nothing leaves the machine, and
lists that it would fetch fall back to the files in the package.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tools.evaluate.missing import Missing

PROGRAM = "rspamd"
HOST = "127.0.0.1"
STARTS_WITHIN_S = 180.0
"""It compiles its patterns at each start, which takes long on a busy machine."""
NETWORK_MODULES = (
    "antivirus arc asn aws_s3 bimi clickhouse dcc dkim dkim_signing dmarc elastic external_relay external_services "
    "fuzzy_check greylist hfilter history_redis metadata_exporter metric_exporter mx_check neural p0f ratelimit rbl replies "
    "reputation rspamd_update spamtrap spf surbl url_redirector"
).split()
"""Modules that ask name servers, Redis or other services; with none of them there they can only cost time."""

_CONFIGURATION = """
.include "$CONFDIR/common.conf"
options {
  pidfile = "$RUNDIR/rspamd.pid";
  .include "$CONFDIR/options.inc"
  .include(priority=10) "$LOCAL_CONFDIR/override.d/options.inc"
}
logging { type = "file"; filename = "$LOGDIR/rspamd.log"; level = "error"; }
worker "normal" { bind_socket = "%(host)s:%(port)d"; count = %(workers)d; }
"""

_OPTIONS = """
filters = "chartable,regexp";
map_watch_interval = 1h;
dns { nameserver = ["%(host)s:%(names)d:1"]; timeout = 0.5s; retransmits = 1; sockets = 4; }
"""
"""Included with a priority of its own: beside the package's block of that name a second one would not count."""


@contextmanager
def no_names() -> Iterator[int]:
    """A name server on the loopback that answers every question with NXDOMAIN (RFC 1035 §4.1.1); yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))

        def serve() -> None:
            while True:
                try:
                    question, asker = server.recvfrom(4_096)
                    if not question:
                        return
                    server.sendto(question[:2] + b"\x81\x83" + question[4:], asker)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = int(server.getsockname()[1])
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", (HOST, port))
            thread.join(5)


@contextmanager
def running(workers: int = 2) -> Iterator[int]:
    """A running rspamd; yields its port. Missing: it is not installed or does not start."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise Missing("rspamd is not installed (tools/debian.sh rspamd)")
    with tempfile.TemporaryDirectory(prefix="mailrisk-rspamd-") as name, no_names() as names:
        folder, port = Path(name), _free_port()
        folders = {one: folder / one.lower() for one in ("DBDIR", "RUNDIR", "LOGDIR", "LOCAL_CONFDIR")}
        local = folders["LOCAL_CONFDIR"]
        (local / "local.d").mkdir(parents=True)
        (local / "override.d").mkdir()
        (local / "override.d" / "options.inc").write_text(_OPTIONS % {"host": HOST, "names": names})
        for path in folders.values():
            path.mkdir(exist_ok=True)
        for module in NETWORK_MODULES:
            (local / "local.d" / f"{module}.conf").write_text("enabled = false;\n")
        (folder / "rspamd.conf").write_text(
            _CONFIGURATION % {"host": HOST, "port": port, "workers": workers},
            encoding="utf-8",
        )
        variables = [f"--var={key}={path}" for key, path in folders.items()]
        command = [program, "-f", "-c", str(folder / "rspamd.conf"), "--var=CONFDIR=/etc/rspamd", *variables]
        if os.geteuid() == 0:
            command.append(
                "--insecure"
            )  # It would change to a user of Debian's, who may not read the folder.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it answers. Missing: it ended, or took too long."""
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            score(port, b"Subject: x\n\nx\n")
        except (OSError, HTTPException, ValueError):
            time.sleep(0.2)
        else:
            return
    raise Missing("rspamd did not start")


def score(port: int, raw: bytes) -> float:
    """rspamd's score of one message, over a connection of its own: it closes each after its answer.

    OSError, HTTPException, ValueError: it did not answer, or not with a score.
    """
    with closing(HTTPConnection(HOST, port, timeout=30)) as link:
        link.request("POST", "/checkv2", raw)
        answer = json.loads(link.getresponse().read())
    if "score" not in answer:
        raise ValueError("no score")
    return float(answer["score"])
