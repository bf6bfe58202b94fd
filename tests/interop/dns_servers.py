"""Debian's name servers, unmodified, on loopback ports, with the configuration of docs/integrations."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
from tests.interop.page import block

START_S = 30
UNBOUND = """
server:
    interface: 127.0.0.1@{port}
    access-control: 127.0.0.0/8 allow
    chroot: ""
    username: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    log-time-ascii: yes
    do-not-query-localhost: no
    num-threads: 1
    verbosity: 1
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
"""

NAMED = """options {{
    directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    recursion yes;
    dnssec-validation no;
    forward only;
    forwarders {{ 127.0.0.1 port {upstream}; }};
"""


def need(program: str) -> str:
    """The program's path."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{program} is missing; run tools/debian.sh --file requirements/debian-test.txt"
    return found


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return int(tcp.getsockname()[1])


def ask(port: int, name: str, rrtype: str = "A", *, tcp: bool = False) -> dns.message.Message:
    """One question to a server on loopback; a lost packet is asked for again."""
    query = dns.message.make_query(name, rrtype)
    if tcp:
        return dns.query.tcp(query, "127.0.0.1", 5, port)
    for _ in range(3):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp(query, "127.0.0.1", 3, port)
    raise AssertionError(f"no answer to {name} {rrtype} at port {port}")


def texts(message: dns.message.Message) -> list[str]:
    """The answer's records, sorted."""
    return sorted(f"{dns.rdatatype.to_text(s.rdtype)} {one.to_text()}" for s in message.answer for one in s)


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(AssertionError, OSError, dns.exception.DNSException):
            if condition():
                return
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that servers with users of their own may read."""
    with tempfile.TemporaryDirectory(prefix="mailrisk-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> Iterator[Path]:
    """Runs a server until the block ends; yields its log."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written, cwd=folder)
    try:
        until(lambda: process.poll() is not None or ready(), f"{command[0]} did not answer", START_S)
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        process.terminate()
        process.wait(START_S)


@contextlib.contextmanager
def unbound(folder: Path, port: int, primary: int, upstream: int) -> Iterator[Path]:
    """A resolver that carries our zone; what is in it comes from the page."""
    page = block("unbound.md", "unbound.conf", **{"127.0.0.1@5354": f"127.0.0.1@{primary}"})
    config = folder / "unbound.conf"
    config.write_text(UNBOUND.format(port=port, folder=folder, upstream=upstream) + page)
    command = [need("unbound"), "-d", "-p", "-c", str(config)]
    with running(command, folder, lambda: _answers(port)) as log:
        yield log


@contextlib.contextmanager
def resolver(folder: Path, port: int) -> Iterator[Path]:
    """An unbound that finds our lists at 127.0.0.1:5353 by the lines of the page, and nothing else."""
    own = UNBOUND[: UNBOUND.index("forward-zone:")].format(port=port, folder=folder)
    config = folder / "resolver.conf"
    config.write_text(own + block("rspamd-rbl.md", "unbound.conf"))
    command = [need("unbound"), "-d", "-p", "-c", str(config)]
    with running(command, folder, lambda: bool(ask(port, "test.domain.mailrisk.internal").answer)) as log:
        yield log


@contextlib.contextmanager
def named(folder: Path, port: int, primary: int, upstream: int, **changes: str) -> Iterator[Path]:
    """As ``unbound``, with BIND and a key."""
    page = block("bind.md", "named.conf", **{"port 5354": f"port {primary}", **changes})
    own = NAMED.format(port=port, folder=folder, upstream=upstream)
    config = folder / "named.conf"
    config.write_text(page.replace("options {\n", own, 1))
    command = [need("named"), "-g", "-n", "1", "-c", str(config)]
    with running(command, folder, lambda: _answers(port)) as log:
        yield log


@contextlib.contextmanager
def rbldnsd(files: Path, folder: Path, port: int) -> Iterator[Path]:
    """rbldnsd with the command of the page."""
    changes = {"127.0.0.1/53": f"127.0.0.1/{port}", "/var/lib/mailrisk/rbldnsd": str(files)}
    command = shlex.split(block("rbldnsd.md", "sh", **changes).replace("\\\n", " "))
    command[0] = need("rbldnsd")
    if os.getuid() == 0:
        command[1:1] = ["-u", "nobody:nogroup"]

    def ready() -> bool:
        return bool(ask(port, "2.0.0.127.ip.mailrisk.internal").answer)

    with running(command, folder, ready) as log:
        yield log


def _answers(port: int) -> bool:
    return ask(port, "ready.example").rcode() == dns.rcode.NOERROR
