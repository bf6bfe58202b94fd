"""weakforced's commands: lists with an end, the whitelist first, errors in its words, nothing lost with the process."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.worlds import TestClock, world

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.listen.policy.commands import Commands
from mailrisk.listen.policy.dovecot import PolicyApp, PolicyRoutes
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.service.context import Context
from mailrisk.service.login_policy import LoginPolicy
from mailrisk.service.policy_lists import PolicyLists

BASIC = b"Basic " + base64.b64encode(b"wforce:s3cret")


class Server:
    """The application of the policy port, asked without a socket."""

    def __init__(self, context: Context, folder: Path, clock: TestClock, password: str = "s3cret") -> None:
        self.clock, self.analysis = clock, LoginAnalysis()
        self.read = 0
        self.lists = PolicyLists(folder, clock)
        policy = LoginPolicy(context, self.analysis, (), self.lists)
        routes = PolicyRoutes(policy, self.analysis.observe, clock, password)
        self._app = PolicyApp(routes, Commands(self.lists, lambda: self.analysis))

    def ask(
        self, command: str, body: Any = None, *, method: str = "POST", authorization: bytes = BASIC
    ) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        scope = {
            "type": "http", "method": method, "raw_path": b"/", "query_string": b"command=" + command.encode(),
            "headers": [(b"authorization", authorization)],
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            self.read += 1
            return {"type": "http.request", "body": raw}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self._app(scope, receive, send))
        return sent[0]["status"], msgspec.json.decode(sent[1]["body"])

    def allow(self, ip: str, login: str = "alice") -> int:
        status, said = self.ask("allow", {"login": login, "remote": ip, "protocol": "imap"})
        assert status == 200
        return int(said["status"])


@pytest.fixture
def server(tmp_path: Path) -> Any:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        yield Server(context, tmp_path / "lists", clock)


def test_a_blacklisted_address_network_and_account_are_refused_until_they_expire(server: Server) -> None:
    ok = (200, {"status": "ok"})
    assert server.ask("addBLEntry", {"ip": "::ffff:192.0.2.1", "expire_secs": 60, "reason": "x"}) == ok
    assert server.ask("addBLEntry", {"netmask": "2001:db8::/48", "expire_secs": 60, "reason": "x"}) == ok
    assert server.ask("addBLEntry", {"login": "Mallory", "expire_secs": 60, "reason": "x"}) == ok
    both = {"ip": "192.0.2.9", "login": "bob", "expire_secs": 60, "reason": "x"}
    assert server.ask("addBLEntry", both) == ok
    refused = [
        ("192.0.2.1", "alice"),
        ("2001:db8::7", "alice"),
        ("203.0.113.1", "mallory"),
        ("192.0.2.9", "bob"),
    ]
    assert [server.allow(*one) for one in refused] == [-1] * 4
    assert server.allow("192.0.2.2") == server.allow("192.0.2.9") == server.allow("2001:db8:1::7") == 0
    _, said = server.ask("allow", {"login": "a", "remote": "192.0.2.1"})
    assert said == {
        "status": -1,
        "msg": "Temporarily blacklisted IP Address - try again later",
        "r_attrs": {},
    }
    server.clock.forward(seconds=61)
    assert [server.allow(*one) for one in refused] == [0] * 4
    assert server.ask("getBL", method="GET")[1] == {"bl_entries": []}


def test_the_whitelist_beats_the_blacklist(server: Server) -> None:
    server.ask("addBLEntry", {"ip": "192.0.2.1", "expire_secs": 60, "reason": "x"})
    server.ask("addWLEntry", {"netmask": "192.0.2.0/24", "expire_secs": 60, "reason": "our office"})
    assert server.allow("192.0.2.1") == 0
    server.ask("delWLEntry", {"netmask": "192.0.2.0/24"})
    assert server.allow("192.0.2.1") == -1
    server.ask("delBLEntry", {"ip": "192.0.2.1"})
    assert server.allow("192.0.2.1") == 0


def test_lists_are_shown_as_weakforced_shows_them(server: Server) -> None:
    server.ask("addBLEntry", {"ip": "192.0.2.1", "expire_secs": 60, "reason": "tried"})
    server.ask("addBLEntry", {"login": "bob", "ip": "192.0.2.9", "expire_secs": 3600, "reason": "y"})
    server.ask("addWLEntry", {"netmask": "198.51.100.7/24", "expire_secs": 60, "reason": "z"})
    first, second = server.ask("getBL", method="GET")[1]["bl_entries"]
    assert first == {"ip": "192.0.2.1", "expiration": "2026-Mar-10 09:01:00", "reason": "tried"}
    assert second["iplogin"] == "192.0.2.9:bob" and second["expiration"] == "2026-Mar-10 10:00:00"
    assert server.ask("getWL")[1]["wl_entries"][0]["ip"] == "198.51.100.0/24"
    assert server.ask("getBLFull")[1]["bl_entries"] == [first, second]


@pytest.mark.parametrize(
    ("command", "body", "status", "reason"),
    [
        ("addBLEntry", {"ip": "192.0.2.1", "reason": "x"}, 500, "Missing mandatory expire_secs field"),
        ("addWLEntry", {"ip": "192.0.2.1", "expire_secs": 5}, 500, "Missing mandatory reason field"),
        ("addBLEntry", {"expire_secs": 5, "reason": "x"}, 415, "No ip, netmask or login field supplied"),
        ("addBLEntry", {"ip": "1.2.3", "expire_secs": 5, "reason": "x"}, 500, "not an IP address: '1.2.3'"),
        ("addBLEntry", {"ip": "192.0.2.1", "expire_secs": 0, "reason": "x"}, 500, "is not between"),
        ("reset", {}, 415, "No ip or login field supplied"),
        ("getDBStats", {}, 415, "No ip or login field supplied"),
        ("addBLEntry", b"no json", 500, "JSON is malformed"),
        ("delBLEntry", b"\xff", 500, "malformed"),
        ("syncDBs", {}, 404, "unknown command"),
    ],
)  # fmt: skip
def test_errors_are_worded_and_change_nothing(
    server: Server, command: str, body: Any, status: int, reason: str
) -> None:
    got, said = server.ask(command, body)
    assert got == status and said["status"] == "failure" and reason in said["reason"]
    assert server.lists.entries("black") == server.lists.entries("white") == []


def test_who_does_not_know_the_password_is_told_so(server: Server, tmp_path: Path) -> None:
    body = {"ip": "192.0.2.1", "expire_secs": 5, "reason": "x"}
    assert server.ask("addBLEntry", body, authorization=b"Basic eDp5") == (
        401, {"status": "failure", "reason": "Unauthorized"},
    )  # fmt: skip
    assert server.ask("ping", method="GET") == server.ask("ping") == (200, {"status": "ok"})


def test_without_a_password_nobody_changes_lists(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        server = Server(context, tmp_path / "lists", clock, password="")
        body = {"ip": "192.0.2.1", "expire_secs": 5, "reason": "x"}
        assert server.ask("addWLEntry", body)[0] == 403 and server.allow("192.0.2.1") == 0


def test_lists_outlive_the_process_and_what_ran_out_does_not(tmp_path: Path) -> None:
    clock = TestClock()
    lists = PolicyLists(tmp_path, clock)
    lists.add("black", "192.0.2.1", "", 60, "short")
    lists.add("black", "192.0.2.0/24", "", 6000, "long")
    lists.add("white", "", "bob", 6000, "his")
    lists.remove("white", "", "bob")
    lists.changed()  # And the process is killed.
    for _ in range(3):
        clock.forward(seconds=30)
        lists = PolicyLists(tmp_path, clock)
    assert [entry.reason for entry in lists.entries("black")] == ["long"] and lists.entries("white") == []
    assert len(list(tmp_path.iterdir())) <= 3, "old segments are forgotten"


def test_reset_and_statistics_are_of_the_counters(server: Server) -> None:
    for number in range(4):
        event = LoginEvent(
            seen_at=server.clock(), service="dovecot", protocol="imap", account=f"user{number}", ip="192.0.2.1",
            outcome=Outcome.FAILURE,
        )  # fmt: skip
        list(server.analysis.observe(event))
    server.ask("addBLEntry", {"ip": "192.0.2.1", "expire_secs": 60, "reason": "tried"})
    _, said = server.ask("getDBStats", {"ip": "192.0.2.1"})
    assert said["ip"] == "192.0.2.1" and said["blacklisted"] and said["bl_reason"] == "tried"
    assert said["stats"]["mailrisk"]["failures"] == 4 and said["stats"]["mailrisk"]["accounts"] == 4
    assert server.ask("reset", {"ip": "192.0.2.1"}) == (200, {"status": "ok"})
    _, said = server.ask("getDBStats", {"ip": "192.0.2.1"})
    assert not said["blacklisted"] and said["stats"]["mailrisk"]["failures"] == 0
    assert server.ask("getDBStats", {"login": "user1"})[1]["stats"]["mailrisk"] == {"attacking_addresses": 1}
    server.ask("reset", {"login": "user1"})
    assert server.ask("getDBStats", {"login": "user1"})[1]["stats"]["mailrisk"] == {"attacking_addresses": 0}


def test_of_a_stranger_no_body_is_read(server: Server) -> None:
    assert server.ask("allow", {"login": "alice"}, authorization=b"Basic Og==")[0] == 401
    assert server.read == 0
