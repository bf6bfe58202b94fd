"""The lists over DNS, asked directly; and a resolver that follows the response policy zone."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
from tools.publish_probes.probe import Probe, free_port

START_S = 30
HONEST = "192.0.2.80"
"""The address that every name has where nothing is blocked."""

UNBOUND = """
server:
    interface: 127.0.0.1@{port}
    chroot: ""
    username: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    do-not-query-localhost: no
    num-threads: 1
    module-config: "respip iterator"
    cache-max-ttl: 1
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
rpz:
    name: "rpz.mailrisk.internal"
    primary: 127.0.0.1@{primary}
    allow-notify: 127.0.0.1
"""


def ask(name: str, port: int) -> dns.message.Message:
    """One question; a lost packet is asked for again."""
    query = dns.message.make_query(name, "A")
    for _ in range(5):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp(query, "127.0.0.1", 2, port)
    raise SystemExit(f"no answer from port {port}")


@contextlib.contextmanager
def everything_exists() -> Iterator[int]:
    """The port of a name server by which every name has the same address."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError, dns.exception.DNSException):
                    wire, asker = server.recvfrom(4096)
                    reply = dns.message.make_response(dns.message.from_wire(wire), recursion_available=True)
                    question = reply.question[0]
                    if question.rdtype == dns.rdatatype.A:
                        reply.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", HONEST))
                    server.sendto(reply.to_wire(), asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            stop.set()
            thread.join()


class DnsList(Probe):
    """``dig``'s view of the list of addresses."""

    name = "dnsbl"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    def settings(self) -> str:
        """The lists, answered by the look-up workers."""
        return f'[dns]\nlisten = "127.0.0.1:{self.port}"\n'

    def indicator(self, number: int) -> tuple[str, str]:
        """An address of the documentation range."""
        return f"198.51.100.{number + 1}", "brute-force"

    def blocked(self, number: int) -> bool:
        """Whether there is an answer."""
        return bool(ask(f"{number + 1}.100.51.198.ip.mailrisk.internal", self.port).answer)


class UnboundZone(Probe):
    """unbound, told by NOTIFY and following by IXFR."""

    name = "rpz-unbound"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.primary = free_port(), free_port()

    def settings(self) -> str:
        """The response policy zone."""
        return f'[rpz]\nlisten = "127.0.0.1:{self.primary}"\nwithout_key = ["127.0.0.1"]\nnotify = ["127.0.0.1:{self.port}"]\n'

    @contextlib.contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """unbound with the zone, asked until it has it."""
        with everything_exists() as upstream:
            yield from self._unbound(upstream)

    def _unbound(self, upstream: int) -> Iterator[None]:
        config = self.folder / "unbound.conf"
        config.write_text(
            UNBOUND.format(port=self.port, primary=self.primary, upstream=upstream, folder=self.folder)
        )
        program = shutil.which("unbound", path=f"{os.environ['PATH']}:/usr/sbin") or "unbound"
        with (self.folder / "unbound.log").open("wb") as log:
            process = subprocess.Popen([program, "-d", "-c", str(config)], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_S
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(SystemExit, OSError, dns.exception.DNSException):
                    if ask("ready.honest", self.port).answer:
                        break
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(START_S)

    def indicator(self, number: int) -> tuple[str, str]:
        """A host of a zone that unbound answers by itself."""
        return f"host:h{number}.shop.honest", "credential-phishing"

    def blocked(self, number: int) -> bool:
        """Whether the name does not exist any more."""
        return ask(f"h{number}.shop.honest", self.port).rcode() == dns.rcode.NXDOMAIN
