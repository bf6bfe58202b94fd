"""A message at the gate: rows of the policy, failures as configured, senders and test letters noted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import NOW, TestClock, world

from mailrisk.analyse.sending.letter import names_in
from mailrisk.edge.correspondence_key import CorrespondenceKey
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.handling import HandlingRow
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.service.context import Context
from mailrisk.service.correspondents import Correspondents
from mailrisk.service.mail_gate import GateSettings, Letter, MailGate
from mailrisk.service.watch import Watch
from mailrisk.service.withdraw import list_by_hand

ROWS = (
    HandlingRow(level=Level.MALICIOUS, category=Category.MALWARE_FILE, action="reject"),
    HandlingRow(level=Level.MALICIOUS, action="quarantine"),
)
LURE = b"From: a@sender.example\r\nSubject: now\r\n\r\nConfirm your password: http://phish.example/login\r\n"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    (tmp_path / "stores").mkdir()
    with world(tmp_path / "stores") as plain:
        key = CorrespondenceKey(tmp_path)
        yield replace(plain, correspondents=Correspondents(key))


@pytest.fixture
def watch(context: Context, tmp_path: Path) -> Iterator[Watch]:
    one = Watch(context, tmp_path / "events")
    yield one
    one.close()


def list_url(context: Context) -> None:
    list_by_hand(
        context, "http://phish.example/login", comment="a test", category=Category.CREDENTIAL_PHISHING,
        analyst="a", tenant=0,
    )  # fmt: skip


def judge(context: Context, watch: Watch, raw: bytes = LURE, **settings: Any) -> Any:
    gate = MailGate(context, watch, GateSettings(rows=ROWS, **settings))
    letter = Letter(raw=raw, size=len(raw), client_ip="198.51.100.7", mail_from="<a@sender.example>")
    return asyncio.run(gate.judge(letter))


def test_in_observe_the_header_says_what_would_be_done_and_in_enforce_it_is_done(
    context: Context, watch: Watch
) -> None:
    list_url(context)
    seen = judge(context, watch)
    assert seen.action == "accept" and "would=quarantine" in seen.header
    done = judge(context, watch, enforce=True)
    assert done.action == "quarantine" and "would=" not in done.header
    assert done.text.startswith("mailrisk: credential-phishing (")


@pytest.mark.parametrize(("on_failure", "action"), [("accept", "accept"), ("tempfail", "tempfail")])
def test_a_stale_index_and_a_lack_of_time_fail_as_configured_and_are_never_clean(
    context: Context, watch: Watch, on_failure: str, action: str
) -> None:
    late = judge(context, watch, on_failure=on_failure, timeout_s=0.0)
    assert late.action == action and late.header == "unknown; error=time-out"
    assert isinstance(context.clock, TestClock)
    context.clock.forward(minutes=10)
    old = judge(context, watch, on_failure=on_failure)
    assert old.action == action and old.header == "unknown; error=list-too-old"


def test_what_is_no_message_passes_as_unknown(context: Context, watch: Watch) -> None:
    gate = MailGate(context, watch, GateSettings(rows=ROWS, on_failure="tempfail"))
    large = asyncio.run(gate.judge(Letter(raw=b"", size=99, too_large=True)))
    assert large.action == "accept" and large.header == "unknown; error=too-large"
    empty = asyncio.run(gate.judge(Letter(raw=b"", size=0)))
    assert empty.action == "accept" and empty.header.startswith("unknown")


class NoRecords:
    """A resolver for a world in which nobody publishes anything."""

    async def lookup(self, key: FactKey) -> Fact:
        return Fact("absent")


def test_the_address_that_hands_in_a_malicious_message_is_noted(context: Context, watch: Watch) -> None:
    list_url(context)
    online = replace(context, network=True, resolver=NoRecords(), message_budget=timedelta(seconds=5))
    gate = MailGate(online, watch, GateSettings(rows=ROWS))

    async def run() -> None:
        await gate.judge(Letter(raw=LURE, size=len(LURE), client_ip="198.51.100.7", helo="bad.example"))
        await asyncio.gather(*gate._under_way)

    asyncio.run(run())
    (row,) = context.ledger.evidence_of(Subject(Kind.IP, "198.51.100.7"))
    assert row.evidence.code == "sent-malicious-message" and row.evidence.source == "milter"
    assert row.evidence.category == Category.PHISHING_SOURCE


ANNA, THIEF = "anna@example.org", "203.0.113.7"


def test_a_test_letter_that_names_the_account_and_the_host_weighs_more(
    context: Context, watch: Watch
) -> None:
    for day in range(20):
        at = NOW - timedelta(days=20 - day)
        watch.take_login(login(at, "198.51.100.20"))
        watch.take_send(
            SendEvent(seen_at=at, service="x", account=ANNA, ip="198.51.100.20", to=("c@example.com",))
        )
    watch.take_login(login(NOW - timedelta(minutes=1), THIEF))
    raw = f"From: {ANNA}\r\nSubject: ok\r\n\r\nsmtp.example.org:587 {ANNA} hunter2\r\n".encode()
    letter = Letter(
        raw=raw,
        size=len(raw),
        client_ip=THIEF,
        mail_from=ANNA,
        rcpt_to=["<drop@gmail.example>"],
        account=ANNA,
    )
    gate = MailGate(context, watch, GateSettings(rows=ROWS, takes_sends=True))
    asyncio.run(gate.judge(letter))
    said = {item.code: item for item in watch._pending}
    assert "account-test-letter" in said
    assert said["account-test-letter-names"].value == 1.5
    assert said["account-test-letter-names"].data["names"] == "account, host"


def login(at: Any, ip: str) -> LoginEvent:
    return LoginEvent(
        seen_at=at, service="dovecot", protocol="imap", account=ANNA, ip=ip, outcome=Outcome.SUCCESS
    )


def test_names_are_found_as_whole_words_alone() -> None:
    assert names_in("write to anna@example.org.", ANNA, "", "") == ("account",)
    assert names_in("host mail.example.org:993 from 203.0.113.7", ANNA, "", THIEF) == ("host", "address")
    assert names_in("joanna@example.org and 1203.0.113.77", ANNA, "mx1.example.org", THIEF) == ()
    assert names_in("x" * 100_000 + " anna@example.org", ANNA, "", "") == ()
