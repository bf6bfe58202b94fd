"""Lines as they come tell what accounts send, too: all of it, or what becomes of it where Postfix asks us itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.service.log_intake import LogIntake

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MESSAGE = (
    "submission/smtpd[9]: 4A001: client=x.example.net[198.51.100.7], sasl_method=PLAIN, sasl_username=anna@example.org",
    "qmgr[9]: 4A001: from=<anna@example.org>, size=920, nrcpt=1 (queue active)",
    "smtp[9]: 4A001: to=<b@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=1, dsn=5.1.1, status=bounced (no)",
    "qmgr[9]: 4A001: removed",
)


def taken(bounces_only: bool, lines: tuple[str, ...] = MESSAGE) -> tuple[list[LoginEvent], list[SendEvent]]:
    logins: list[LoginEvent] = []
    sends: list[SendEvent] = []
    intake = LogIntake(
        logins.append, lambda: NOW, UTC, take_send=sends.append, bounces_only=bounces_only
    )  # fmt: skip
    for line in lines:
        assert intake.line("127.0.0.1", f"<22>Nov 23 11:59:58 mx postfix/{line}".encode())
    return logins, sends


def test_a_message_is_told_with_its_recipient() -> None:
    logins, [sent] = taken(bounces_only=False)
    assert (sent.account, sent.to, sent.recipients, sent.bounced) == (
        "anna@example.org",
        ("b@example.net",),
        1,
        1,
    )
    assert [login.account for login in logins] == ["anna@example.org"]


def test_where_each_message_is_told_already_its_bounce_alone_is() -> None:
    _, [bounce] = taken(bounces_only=True)
    assert (bounce.recipients, bounce.to, bounce.bounced) == (0, (), 1)


@pytest.mark.parametrize("bounces_only", [True, False])
def test_a_line_that_cannot_be_read_tells_nothing(bounces_only: bool) -> None:
    _, sends = taken(
        bounces_only, ("submission/smtpd[9]: 4A001: client=, sasl_username=", "qmgr[9]: x: removed")
    )
    assert sends == []
