"""Firewalls that are not a program of the system: a command of the administrator's, a webhook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mailrisk.chinese.sentences import problem
from mailrisk.edge.api_client import ApiClient
from mailrisk.edge.firewall.cloud import CloudWebhook
from mailrisk.edge.firewall.command import Command
from mailrisk.edge.firewall.nftables import Nftables
from mailrisk.edge.firewall.registry import Options, firewall
from mailrisk.model.errors import ConfigError, Unavailable


def test_the_command_is_run_once_an_address_without_a_shell(tmp_path: Path) -> None:
    program = tmp_path / "fw"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/done\n')
    program.chmod(0o755)
    command = Command([str(program), "{action}", "{ip}", "for={seconds}", "$(reboot)"])
    command.block([("203.0.113.9", 60), ("2001:db8::9", 90)])
    command.unblock(["203.0.113.9"])
    assert (tmp_path / "done").read_text().splitlines() == [
        "block 203.0.113.9 for=60 $(reboot)", "block 2001:db8::9 for=90 $(reboot)", "unblock 203.0.113.9 for=0 $(reboot)",
    ]  # fmt: skip


def test_a_command_that_fails_or_is_missing_is_said() -> None:
    for words in (["/bin/false", "{ip}"], ["/no/such/program", "{ip}"]):
        with pytest.raises(Unavailable):
            Command(words).block([("203.0.113.9", 60)])
    with pytest.raises(ConfigError):
        Command(["/bin/true"])


def test_a_command_that_prints_rubbish_or_cannot_be_started_is_no_failure_of_the_sweep(
    tmp_path: Path,
) -> None:
    program = tmp_path / "fw"
    program.write_text("#!/bin/sh\nprintf '\\377\\376'\n")
    program.chmod(0o755)
    Command([str(program), "{ip}"]).block([("203.0.113.9", 60)])
    for word in ("a\0b{ip}", "x" * 3_000_000 + "{ip}"):
        with pytest.raises(Unavailable):
            Command([str(program), word]).block([("203.0.113.9", 60)])


class Receiver(BaseHTTPRequestHandler):
    got: list[tuple[bytes, str]] = []
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((body, self.headers["X-Mailrisk-Signature"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_webhook_gets_one_signed_request_and_a_refusal_is_said() -> None:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        hook = CloudWebhook(f"http://127.0.0.1:{server.server_port}/", "secret")
        hook.block([("203.0.113.9", 60), ("2001:db8::9", 90)])
        Receiver.status = 500
        with pytest.raises(Unavailable):
            hook.unblock(["203.0.113.9"])
    finally:
        server.shutdown()
        server.server_close()
    body, signature = Receiver.got[0]
    assert json.loads(body) == {
        "action": "block", "items": [{"ip": "203.0.113.9", "seconds": 60}, {"ip": "2001:db8::9", "seconds": 90}],
    }  # fmt: skip
    assert signature == "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()


def test_a_firewall_that_does_not_exist_or_lacks_what_it_needs_is_a_wrong_configuration() -> None:
    for name in ("pf", "webhook", "command"):
        with pytest.raises(ConfigError):
            firewall(name, Options())


@pytest.mark.parametrize(
    "words", ["Operation not permitted (you must be root)", "Kernel error received: Operation not permitted"]
)
def test_a_firewall_that_may_not_be_changed_names_the_right_that_is_missing(
    words: str, tmp_path: Path
) -> None:
    program = tmp_path / "nft"
    program.write_text(f"#!/bin/sh\necho first line >&2; echo '{words}' >&2; exit 1\n")
    program.chmod(0o755)
    with pytest.raises(Unavailable, match="as root or with CAP_NET_ADMIN") as error:
        Nftables(str(program)).prepare()
    assert "请以 root 或 CAP_NET_ADMIN 权限运行" in problem(str(error.value), "zh")


def test_an_agent_whose_server_is_away_says_where_it_asked_and_shows_no_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(Unavailable) as error:
        asyncio.run(ApiClient(f"http://root:hunter22@127.0.0.1:{port}", "").ask(["192.0.2.1"]))
    said = str(error.value)
    assert f"no answer from http://127.0.0.1:{port} (" in said and "[agent] server" in said
    assert "hunter22" not in said and f"http://127.0.0.1:{port} 没有应答" in problem(said, "zh")
