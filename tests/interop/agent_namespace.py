"""Run by test_agent.py inside a network namespace: a real Dovecot, real attack, the real agent and nftables.

The attacker and the office live in a namespace of their own, on the other end of a cable. Prints what passed
as JSON; nothing leaves the two namespaces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from tests.interop.dovecot import Dovecot, dovecot
from tests.interop.page import block
from tests.listen.conftest import start, stop

SERVER, ATTACKER, OFFICE = "203.0.113.1", "203.0.113.9", "203.0.113.50"
STAFF = [(f"staff{number}", f"secret{number}") for number in range(12)]

CLIENT = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def login(word):
    account, password = word.split(":")
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3, (sys.argv[3], 0)) as connection:
        connection.settimeout(30)
        read = b""
        connection.sendall(b'a LOGIN "%b" "%b"\\r\\n' % (account.encode(), password.encode()))
        while b"\\na " not in read and (piece := connection.recv(4096)):
            read += piece
        return "in" if b"a OK" in read else "out"

with ThreadPoolExecutor(20) as pool:  # Dovecot answers each failure seconds late.
    print(*pool.map(login, sys.argv[4:]))
"""


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Outside:
    """The other end of the cable: a process in a namespace of its own, entered for each command."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self._process.pid}/ns/net") == own:
            time.sleep(0.02)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "inside", "type", "veth", "peer", "name", "outside")
        run("ip", "addr", "add", f"{SERVER}/24", "dev", "inside")
        run("ip", "link", "set", "inside", "up")
        run("ip", "link", "set", "outside", "netns", str(self._process.pid))
        self.run("ip", "link", "set", "lo", "up")
        for address in (ATTACKER, OFFICE):
            self.run("ip", "addr", "add", f"{address}/24", "dev", "outside")
        self.run("ip", "link", "set", "outside", "up")

    def run(self, *command: str) -> str:
        return run("nsenter", "-t", str(self._process.pid), "-n", *command)

    def login(self, server: Dovecot, source: str, *pairs: str) -> list[str]:
        """in or out for each account:password; nothing where no packet comes back."""
        try:
            return self.run(sys.executable, "-c", CLIENT, SERVER, str(server.imap), source, *pairs).split()
        except subprocess.CalledProcessError as error:
            assert "timed out" in error.stderr, error.stderr
            return []

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def sweep(folder: Path, *options: str) -> str:
    """Runs the agent once, with the configuration of the page."""
    command = [sys.executable, "-m", "mailrisk", "agent", "--once", "--config", str(folder / "agent.toml"),
               "--data-dir", str(folder / "agent"), *options]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def main(folder: Path) -> dict[str, object]:
    os.umask(0o022)  # Dovecot has users of its own, whatever the test before this one did.
    outside = Outside()
    process, url, _ = start(folder / "data", "--workers", "1")
    key = (folder / "data" / "admin.key").read_text().strip()
    log = folder / "mail" / "dovecot.log"
    log.parent.mkdir(mode=0o755)
    changes = {"http://127.0.0.1:8025": url, "YOUR-KEY": key, "/var/log/mail.log": str(log)}
    (folder / "agent.toml").write_text(block("agent.md", "toml", **changes))

    def say(route: str) -> None:
        body = {"indicator": ATTACKER, "reason": "a test"}
        httpx.post(f"{url}/api/v1/{route}", json=body, headers={"X-API-Key": key}).raise_for_status()

    found: dict[str, object] = {}
    try:
        with dovecot(log.parent, STAFF, "", "", listen=SERVER) as mail:
            good = [f"{name}:{secret}" for name, secret in STAFF]
            found["staff logs in"] = outside.login(mail, OFFICE, *good) == ["in"] * len(good)
            found["stale password fails"] = outside.login(mail, OFFICE, *["staff3:old"] * 10) == ["out"] * 10
            guesses = [f"{name}:guess{turn}" for turn in range(4) for name, _ in STAFF]
            guesses += [f"nobody{turn}:guess" for turn in range(40)]
            found["attack fails"] = outside.login(mail, ATTACKER, *guesses) == ["out"] * len(guesses)
            found["dry run tells"] = ATTACKER in sweep(folder, "--dry-run")
            found["dry run touches nothing"] = outside.login(mail, ATTACKER, "staff1:x") == ["out"]
            found["sweep"] = sweep(folder)
            found["attacker's packets are dropped"] = outside.login(mail, ATTACKER, good[0]) == []
            found["office logs in"] = outside.login(mail, OFFICE, *good[:2]) == ["in", "in"]
            run("nft", "delete", "table", "inet", "mailrisk")
            found["an empty firewall lets it in"] = outside.login(mail, ATTACKER, "staff1:x") == ["out"]
            sweep(folder)
            found["restart of the machine is survived"] = outside.login(mail, ATTACKER, good[0]) == []
            say("withdrawals")
            sweep(folder)
            found["withdrawal unblocks"] = outside.login(mail, ATTACKER, good[0]) == ["in"]
            found["report"] = sweep(folder, "--report")
    finally:
        stop(process)
        outside.end()
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
