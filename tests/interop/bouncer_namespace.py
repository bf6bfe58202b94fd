"""Run by test_crowdsec.py inside a network namespace: a real bouncer with nftables, an attacker and an office.

Prints what passed as JSON. Everything is on the namespace's loopback; nothing leaves it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from tests.interop.page import block
from tests.listen.conftest import start, stop

SERVER, ATTACKER, LATER, OFFICE = "203.0.113.1", "203.0.113.7", "203.0.113.9", "203.0.113.50"
RANGE, IN_RANGE, BESIDE = "198.51.100.0/30", "198.51.100.2", "198.51.100.4"
V6_SERVER, V6_ATTACKER = "2001:db8::1", "2001:db8::7"
PATIENCE_S = 25


def passes(source: str) -> bool:
    """Whether a datagram from an address arrives at the server."""
    family, server = (socket.AF_INET6, V6_SERVER) if ":" in source else (socket.AF_INET, SERVER)
    with socket.socket(family, socket.SOCK_DGRAM) as there, socket.socket(family, socket.SOCK_DGRAM) as here:
        there.bind((server, 0))
        there.settimeout(0.3)
        here.bind((source, 0))
        try:
            here.sendto(b"hello", there.getsockname())
            return there.recv(10) == b"hello"
        except OSError:
            return False


def within(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true soon."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.1)
    return False


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def main(folder: Path) -> dict[str, object]:
    run("ip", "link", "set", "lo", "up")
    for address in (SERVER, ATTACKER, LATER, OFFICE, IN_RANGE, BESIDE):
        run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    for address in (V6_SERVER, V6_ATTACKER):
        run("ip", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    process, url, _ = start(folder / "data", "--workers", "1")
    key = (folder / "data" / "admin.key").read_text().strip()
    found: dict[str, object] = {}
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:

        def say(route: str, indicator: str) -> None:
            body = {"indicator": indicator, "reason": "a test"}
            if route == "listings":
                body["category"] = "brute-force"
            client.post(f"/api/v1/{route}", json=body).raise_for_status()

        for one in (ATTACKER, RANGE, V6_ATTACKER):
            say("listings", one)
        found["before"] = passes(ATTACKER) and passes(V6_ATTACKER)
        bouncer = start_bouncer(folder, url, key)
        try:
            found["attacker dropped"] = within(lambda: not passes(ATTACKER))
            found["attacker of IPv6 dropped"] = within(lambda: not passes(V6_ATTACKER))
            found["whole range dropped"] = within(lambda: not passes(IN_RANGE))
            found["beside the range"] = passes(BESIDE)
            found["office passes"] = passes(OFFICE)
            say("withdrawals", ATTACKER)
            found["withdrawn passes"] = within(lambda: passes(ATTACKER))
            say("listings", LATER)
            found["listed later dropped"] = within(lambda: not passes(LATER))
            say("withdrawals", IN_RANGE)
            found["exempted in the range passes"] = within(lambda: passes(IN_RANGE))
            found["office still passes"] = passes(OFFICE)
        finally:
            bouncer.terminate()
            bouncer.wait(timeout=20)
            stop(process)
    found["log"] = (folder / "bouncer.log").read_text()[-2000:]
    return found


def start_bouncer(folder: Path, url: str, key: str) -> subprocess.Popen[bytes]:
    """The unmodified bouncer with the configuration of the page; in the foreground, and asking every second."""
    changes = {
        "http://127.0.0.1:8025/": f"{url}/",
        "YOUR-KEY": key,
        "update_frequency: 10s": "update_frequency: 1s",
        "daemonize: true": "daemonize: false",
        "log_mode: file": "log_mode: stdout",
        "/var/run/": f"{folder}/",
    }
    config = block("crowdsec-bouncer.md", "yaml", **changes)
    (folder / "bouncer.yaml").write_text(config)
    with (folder / "bouncer.log").open("wb") as log:
        command = ["crowdsec-firewall-bouncer", "-c", str(folder / "bouncer.yaml")]
        return subprocess.Popen(command, stdout=log, stderr=log)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
