"""Run by test_list_clients.py in namespaces of its own: the real Postfix asks the system's resolver, an unbound, which asks mailrisk.

Prints what Postfix said as JSON. ``/etc/resolv.conf`` is another file in here alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
from tests.interop.dns_servers import ask, resolver, until
from tests.interop.page import block
from tests.interop.postfix import Postfix, postfix
from tests.listen.conftest import start, stop

PAGE = "postfix-rbl.md"
BAD, GOOD = "198.51.100.7", "198.51.100.8"


def main(folder: Path) -> dict[str, str]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf"], check=True)
    config = folder / "mailrisk.toml"
    config.write_text("[network]\nenabled = false\n" + block(PAGE, "toml"))
    process, url, _ = start(folder / "data", "--workers", "1", "--config", str(config))
    try:
        key = (folder / "data" / "admin.key").read_text().strip()
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
            for indicator, category in ((BAD, "brute-force"), ("domain:evil.example", "credential-phishing")):
                body = {"indicator": indicator, "reason": "a test", "category": category}
                assert client.post("/api/v1/listings", json=body).status_code == 200
        until(lambda: bool(ask(5353, "evil.example.domain.mailrisk.internal").answer), "never listed")
        (folder / "postfix").mkdir()
        (folder / "postfix").chmod(0o755)
        with resolver(folder, 53), postfix(folder / "postfix", more=block(PAGE, "main.cf")) as server:
            return {
                "listed client": _send(server, BAD, "a@honest.example"),
                "listed sender": _send(server, GOOD, "a@www.evil.example"),
                "honest": _send(server, GOOD, "a@honest.example"),
            }
    finally:
        stop(process)


def _send(server: Postfix, ip: str, sender: str) -> str:
    """Postfix's answer to a recipient, from a client that has not logged in."""
    import smtplib

    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.ehlo("client.example")
        client.docmd("XCLIENT", f"ADDR={ip} NAME=[UNAVAILABLE]")
        client.ehlo("mx.honest.example")
        client.mail(sender)
        code, said = client.rcpt("bob@example.net")
        return f"{code} {said.decode()}"


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
