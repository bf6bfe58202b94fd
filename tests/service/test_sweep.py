"""The agent's sweeps against servers and firewalls that fail in every way: nothing is lost, nobody wrong is blocked."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from mailrisk.edge.api_client import IpAnswer, Reason
from mailrisk.edge.log_tail import read_file
from mailrisk.model.block import Deed
from mailrisk.model.errors import Unavailable
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.service.sweep import Sweep
from mailrisk.service.sweep_intake import LogReader
from mailrisk.service.sweep_report import report
from mailrisk.store.sweep_state import load, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FAILED = (
    "2026-11-23T11:59:0{n}+00:00 mail dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): "
    "user=<u{n}@example.org>, method=PLAIN, rip={ip}, lip=192.0.2.1, session=<s{n}>\n"
)


class Server:
    """Judges as it is told; ``down``: it does not answer."""

    def __init__(self) -> None:
        self.down = False
        self.told: dict[str, LoginEvent] = {}
        self.sends: dict[str, SendEvent] = {}
        self.high: dict[str, str] = {}  # address -> source of the evidence

    async def tell(self, events: Sequence[LoginEvent], sends: Sequence[SendEvent] = ()) -> int:
        if self.down:
            raise Unavailable("no answer")
        self.told |= {event.id: event for event in events}
        self.sends |= {event.id: event for event in sends}
        return 0

    async def ask(self, ips: Sequence[str]) -> list[IpAnswer]:
        return [
            IpAnswer(ip, "high", 95, "block", 3600, 60, None, (Reason("an attack", 5.0, self.high[ip]),))
            if ip in self.high
            else IpAnswer(ip)
            for ip in ips
        ]


class Firewall:
    """Notes what is blocked; ``broken``: every command fails."""

    def __init__(self) -> None:
        self.broken = False
        self.has: dict[str, int] = {}

    def prepare(self) -> None:
        pass

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        if self.broken:
            raise Unavailable("nft failed: half way")
        self.has |= dict(blocks)

    def unblock(self, ips: Sequence[str]) -> None:
        if self.broken:
            raise Unavailable("nft failed: half way")
        for ip in ips:
            self.has.pop(ip, None)

    def blocked(self) -> frozenset[str]:
        return frozenset(self.has)


class Agent:
    """One agent with its log, over restarts."""

    def __init__(self, folder: Path, *, dry_run: bool = False) -> None:
        self.log, self.file = folder / "mail.log", folder / "agent.json"
        self.log.touch()
        self.server, self.firewall, self.now, self.dry_run = Server(), Firewall(), NOW, dry_run
        self.restart()

    def restart(self) -> None:
        state = load(self.file)
        logs = {"mail": partial(read_file, self.log)}
        reader = LogReader(logs, state.places, lambda: state.day, UTC, sends=True)
        self.sweep = Sweep(
            self.server, self.firewall, reader, state, allowed=lambda: [ipaddress.ip_network("198.51.100.0/24")],
            clock=lambda: self.now, save=partial(save, self.file), dry_run=self.dry_run, settle_s=0.0,
        )  # fmt: skip
        self.sweep.restore()

    def fail(self, *ips: str) -> None:
        with self.log.open("a") as file:
            for number, ip in enumerate(ips):
                file.write(FAILED.format(n=number, ip=ip))

    def once(self) -> list[tuple[Deed, str]]:
        return [(step.deed, step.ip) for step in asyncio.run(self.sweep.once()).steps]


def test_an_attacker_is_blocked_once_and_passes_again_when_his_time_is_over(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.fail("203.0.113.9", "203.0.113.50")
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")]
    assert agent.firewall.has == {"203.0.113.9": 3600} and len(agent.server.told) == 2
    assert agent.once() == []
    agent.now += timedelta(hours=2)
    assert agent.once() == [(Deed.UNBLOCK, "203.0.113.9")] and agent.firewall.has == {}


def test_while_the_server_does_not_answer_nobody_is_blocked_and_no_event_is_lost(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.server.down = True
    agent.fail("203.0.113.9")
    assert agent.once() == [] and agent.firewall.has == {}
    agent.restart()
    agent.server.down = False
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")] and len(agent.server.told) == 1


def test_an_event_that_is_told_twice_has_the_same_id(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.fail("203.0.113.9", "203.0.113.9")
    agent.once()
    first = set(agent.server.told)
    agent.file.unlink()  # As if the agent had been killed before it kept its place.
    agent.restart()
    agent.once()
    assert set(agent.server.told) == first and len(first) == 2


def test_a_firewall_that_fails_half_way_is_tried_again(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.firewall.broken = True
    agent.fail("203.0.113.9")
    assert agent.once() == [] and agent.sweep.state.blocks == {}
    agent.firewall.broken = False
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")]


def test_after_a_restart_of_the_machine_the_firewall_is_filled_again(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.fail("203.0.113.9")
    agent.once()
    agent.firewall = Firewall()
    agent.now += timedelta(minutes=30)
    agent.restart()
    assert agent.firewall.has == {"203.0.113.9": 1800}


def test_a_withdrawn_address_passes_again(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.fail("203.0.113.9")
    agent.once()
    agent.server.high = {}
    assert agent.once() == [(Deed.UNBLOCK, "203.0.113.9")] and agent.firewall.has == {}


def test_feeds_alone_and_allowed_addresses_are_told_once_a_day_and_not_blocked(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "feed:x", "198.51.100.7": "key:a"}
    agent.fail("203.0.113.9", "198.51.100.7")
    assert set(agent.once()) == {(Deed.OBSERVE, "203.0.113.9"), (Deed.SPARE, "198.51.100.7")}
    agent.once()
    assert agent.firewall.has == {} and agent.sweep.state.day.deeds == {"observe": 1, "spare": 1}
    for lang, words in (("en", "known from feeds alone"), ("zh", "只观察未封锁")):
        assert words in report(agent.sweep.state.day, lang=lang)


def test_a_dry_run_touches_no_firewall_and_remembers_nothing(tmp_path: Path) -> None:
    agent = Agent(tmp_path, dry_run=True)
    agent.server.high = {"203.0.113.9": "key:a"}
    agent.fail("203.0.113.9")
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")]
    assert agent.firewall.has == {} and not agent.file.exists() and agent.sweep.state.blocks == {}


def test_a_damaged_state_is_said_and_not_begun_anew(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.file.write_text('{"blocks": {')
    try:
        agent.restart()
    except Unavailable as error:
        assert "agent.json" in str(error)
    else:
        raise AssertionError("it forgot who is blocked")


SENT = (
    "2026-11-23T11:59:01+00:00 mail postfix/submission/smtpd[9]: 4XyZ12abc: client=unknown[203.0.113.9], sasl_method=PLAIN, sasl_username=anna@example.org\n",
    "2026-11-23T11:59:01+00:00 mail postfix/qmgr[8]: 4XyZ12abc: from=<anna@example.org>, size=900, nrcpt=1 (queue active)\n",
    "2026-11-23T11:59:02+00:00 mail postfix/smtp[7]: 4XyZ12abc: to=<x@example.net>, relay=x[192.0.2.7]:25, delay=1, dsn=2.0.0, status=sent (250 ok)\n",
    "2026-11-23T11:59:02+00:00 mail postfix/qmgr[8]: 4XyZ12abc: removed\n",
)


def test_what_accounts_send_is_told_once_though_its_lines_come_in_two_sweeps(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    for part in (SENT[:2], SENT[2:]):
        with agent.log.open("a") as file:
            file.write("".join(part))
        agent.once()
    (event,) = agent.server.sends.values()
    assert (
        event.account == "anna@example.org" and event.ip == "203.0.113.9" and event.to == ("x@example.net",)
    )


def test_an_answer_about_an_address_that_was_not_asked_about_blocks_nobody(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    reasons = (Reason("an attack\n2026-11-23 unblock all", 5.0, "key:a"),)

    async def ask(ips: Sequence[str]) -> list[IpAnswer]:
        named = ("203.0.113.9", "8.8.8.8", "0.0.0.0/0", "::ffff:8.8.4.4", "203.0.113.9")
        return [IpAnswer(ip, "high", 95, "block", 10**18, 60, None, reasons) for ip in named]

    agent.server.ask = ask  # type: ignore[method-assign]
    agent.fail("203.0.113.9")
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")]
    assert agent.firewall.has == {"203.0.113.9": 366 * 86_400}
    assert "\n" not in agent.sweep.state.blocks["203.0.113.9"].why


def test_a_firewall_may_use_an_event_loop_of_its_own_as_the_webhook_does(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.server.high = {"203.0.113.9": "key:a"}
    block = agent.firewall.block

    def with_a_loop(blocks: Sequence[tuple[str, int]]) -> None:
        asyncio.run(asyncio.sleep(0))
        block(blocks)

    agent.firewall.block = with_a_loop  # type: ignore[method-assign]
    agent.fail("203.0.113.9")
    assert agent.once() == [(Deed.BLOCK, "203.0.113.9")] and "203.0.113.9" in agent.firewall.has


def test_the_state_is_not_written_through_a_link_that_somebody_has_laid(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    other = tmp_path / "passwd"
    other.write_text("root")
    (tmp_path / "agent.new").symlink_to(other)
    agent.once()
    assert other.read_text() == "root" and not agent.file.is_symlink()
    assert agent.file.stat().st_mode & 0o077 == 0
