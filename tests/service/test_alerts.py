"""Alerts are grouped, limited, tried again and never lost; a risky account is told once and may be disabled."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from tests.interop.dovecot import free_port

from mailrisk.edge.correspondence_key import CorrespondenceKey
from mailrisk.edge.submit_mail import MailServer
from mailrisk.model.alert import Alert
from mailrisk.model.errors import Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Level
from mailrisk.service.account_response import AccountPolicy, AccountResponse
from mailrisk.service.accounts import account_subject
from mailrisk.service.alerts import Alerts, Mail
from mailrisk.service.context import Context
from mailrisk.service.correspondents import Correspondents
from mailrisk.service.record import record

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Channel:
    """Keeps what it gets; ``down``: nothing arrives."""

    def __init__(self, per_hour: int = 30, kinds: Sequence[str] = ()) -> None:
        self.name, self.kinds, self.chinese, self.per_hour = "oncall", kinds, False, per_hour
        self.got: list[str] = []
        self.down = False

    async def send(self, text: str, alerts: Sequence[Alert], now: datetime) -> None:
        if self.down:
            raise Unavailable("HTTP 500")
        self.got.append(text)


class Told:
    """Alerts with a clock that the test moves."""

    def __init__(self, *channels: Channel) -> None:
        self.now = NOW
        self.alerts = Alerts(channels, lambda: self.now, group_s=60)

    def tell(self, *names: str, kind: str = "account-high") -> None:
        for name in names:
            self.alerts.tell(Alert(kind=kind, at=self.now, en=name, zh=name))

    def after(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        asyncio.run(self.alerts.step_all())


def test_alerts_of_a_minute_are_one_message() -> None:
    channel = Channel()
    told = Told(channel)
    told.tell("a", "b")
    told.after(30)
    assert channel.got == []
    told.tell("c")
    told.after(30)
    assert [text.splitlines()[0] for text in channel.got] == ["[mailrisk] Accounts that look stolen: 3"]


def test_beyond_its_rate_a_channel_waits_and_loses_nothing() -> None:
    channel = Channel(per_hour=2)
    told = Told(channel)
    for number in range(5):
        told.tell(f"name{number}")
        told.after(61)
    assert len(channel.got) == 2
    told.after(3600)
    assert len(channel.got) == 3
    assert all(f"name{number}" in "".join(channel.got) for number in range(5))


def test_a_channel_that_fails_is_tried_again_later_and_another_one_is_not_held_up() -> None:
    broken, good = Channel(), Channel()
    broken.down = True
    told = Told(broken, good)
    told.tell("a")
    told.after(61)
    assert len(good.got) == 1 and told.alerts.status()[0].last_error == "HTTP 500"
    broken.down = False
    told.after(1)
    assert broken.got == []
    told.after(60)
    assert len(broken.got) == 1 and told.alerts.status()[0].waiting == 0


def test_a_channel_gets_the_kinds_that_it_wants() -> None:
    channel = Channel(kinds=("feed-refused",))
    told = Told(channel)
    told.tell("a")
    told.tell("b", kind="feed-refused")
    told.after(61)
    assert len(channel.got) == 1 and channel.got[0].startswith("[mailrisk] Feeds that were refused")


def test_mail_is_handed_to_a_real_server() -> None:
    class Taken:
        letters: list[bytes] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            self.letters.append(envelope.content)
            return "250 taken"

    taken = Taken()
    port = free_port()
    controller = Controller(taken, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        server = MailServer(host="127.0.0.1", port=port)
        mail = Mail("m", server, "risk@example.org", ["it@example.org"], kinds=(), chinese=True, per_hour=9)
        asyncio.run(mail.send("[mailrisk] 疑似被盗账号: 1\nalice", [], NOW))
    finally:
        controller.stop()
    letter = message_from_bytes(taken.letters[0])
    assert letter["To"] == "it@example.org" and letter["Auto-Submitted"] == "auto-generated"
    assert "alice" in letter.get_payload(decode=True).decode()  # type: ignore[union-attr]


RISKY = "alice@example.org"


@pytest.fixture
def watched(context: Context, tmp_path: Path) -> Context:
    """A context that knows accounts by a key, and one of level high."""
    key = CorrespondenceKey(tmp_path)
    context = dataclasses.replace(context, correspondents=Correspondents(key, learn=False))
    subject = account_subject(key.make(), RISKY)
    now = context.clock()
    data = {"ip": "203.0.113.9", "country": "XX", "failures": 40, "window": "1 day"}
    codes = ("account-guessed", "account-break-in", "account-test-letter", "account-strange-sending")
    known = [code for code in codes if code in context.policy.document.reasons]
    record(
        context,
        [Evidence(code=code, subject=subject, source="test", seen_at=now, data=data) for code in known],
    )
    return context


def test_a_risky_account_is_told_once_and_disabled_by_the_command(watched: Context, tmp_path: Path) -> None:
    program = tmp_path / "disable"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/disabled\n')
    program.chmod(0o755)
    alerts: list[Alert] = []
    policy = AccountPolicy(disable=(str(program), "--", "{account}"), disable_at=Level.MEDIUM)

    def response() -> AccountResponse:
        return AccountResponse(
            watched, policy, lambda: [RISKY, "bob@example.org"], alerts.append, tmp_path / "told.json"
        )

    first = response()
    asyncio.run(first.step())
    asyncio.run(first.step())
    asyncio.run(response().step())  # After a restart.
    kinds = [alert.kind for alert in alerts]
    assert kinds in (["account-high", "account-disabled"], ["account-medium", "account-disabled"])
    assert RISKY in alerts[0].en and alerts[0].zh != alerts[0].en
    assert (tmp_path / "disabled").read_text() == f"-- {RISKY}\n"


def test_a_command_that_fails_is_told(watched: Context, tmp_path: Path) -> None:
    alerts: list[Alert] = []
    policy = AccountPolicy(disable=("/bin/false", "{account}"), disable_at=Level.MEDIUM)
    response = AccountResponse(watched, policy, lambda: [RISKY], alerts.append, tmp_path / "told.json")
    asyncio.run(response.step())
    assert [alert.kind for alert in alerts][-1] == "account-not-disabled"


def test_a_channel_that_fails_in_a_way_nobody_thought_of_is_tried_again() -> None:
    channel = Channel()
    told = Told(channel)
    send = channel.send

    async def broken(text: str, alerts: Sequence[Alert], now: datetime) -> None:
        raise ValueError("a header with a line feed")

    channel.send = broken  # type: ignore[method-assign]
    told.tell("anna")
    told.after(61)
    assert told.alerts.status()[0].last_error == "a header with a line feed"
    channel.send = send  # type: ignore[method-assign]
    told.after(60)
    assert len(channel.got) == 1
