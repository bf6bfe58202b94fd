"""Messages of accounts and their bounces, out of the lines of Postfix's queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.logs import postfix_queue
from mailrisk.collect.logs.postfix_queue import PostfixQueue, read_sends
from mailrisk.collect.logs.prefix import PrefixReader
from mailrisk.model.events import SendEvent

NOW = datetime(2026, 11, 23, tzinfo=UTC)
IN = "submission/smtpd[9]: {id}: client=laptop.example.net[198.51.100.20], sasl_method=PLAIN, sasl_username={account}"
QUEUED = "qmgr[9]: {id}: from=<Anna@example.org>, size=920, nrcpt={count} (queue active)"
TRIED = (
    "smtp[9]: {id}: to=<{to}>, relay=mx.example.net[198.51.100.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status={status} "
    "(250 2.0.0 Ok: queued as 5FFFF)"
)


def _read(lines: Sequence[str]) -> list[SendEvent]:
    raw = [
        f"Sep  8 07:{at // 60:02}:{at % 60:02} mx1 postfix/{line}\n".encode() for at, line in enumerate(lines)
    ]
    return list(read_sends(raw, timezone=UTC, now=NOW))


def _message(queue_id: str = "4XYZ1", account: str = "anna@example.org", count: int = 1) -> list[str]:
    return [IN.format(id=queue_id, account=account), QUEUED.format(id=queue_id, count=count)]


def test_a_message_is_told_once_with_its_recipients_and_bounces() -> None:
    lines = _message(count=2)
    for to, status in (("B@example.net", "sent"), ("c@example.com", "bounced")):
        lines.append(TRIED.format(id="4XYZ1", to=to, status=status))
    lines.append("qmgr[9]: 4XYZ1: removed")
    assert _read(lines) == [
        SendEvent(
            seen_at=datetime(2026, 9, 8, 7, 0, 0, tzinfo=UTC), service="postfix", account="anna@example.org",
            ip="198.51.100.20", sender="anna@example.org", recipients=2, size=920, queue_id="4XYZ1",
            to=("b@example.net", "c@example.com"), bounced=1,
        )
    ]  # fmt: skip


def test_what_bounces_after_a_deferral_is_told_by_itself() -> None:
    lines = [*_message(), TRIED.format(id="4XYZ1", to="b@example.net", status="deferred")]
    lines.append(TRIED.format(id="4XYZ1", to="b@example.net", status="bounced"))
    first, later = _read(lines)
    assert (first.recipients, first.bounced) == (1, 0)
    assert (later.recipients, later.bounced, later.to, later.account) == (0, 1, (), "anna@example.org")


def test_bounces_behind_a_content_filter_count_for_the_account() -> None:
    lines = _message()
    lines.append(
        "smtp[9]: 4XYZ1: to=<b@example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent "
        "(250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4XYZ2)"
    )
    lines += ["qmgr[9]: 4XYZ1: removed", TRIED.format(id="4XYZ2", to="b@example.net", status="bounced")]
    events = _read(lines)
    assert [event.account for event in events] == ["anna@example.org"] * 2
    assert [(event.recipients, event.bounced) for event in events] == [(1, 0), (0, 1)]


def test_recipients_that_are_not_tried_are_not_waited_for_without_end() -> None:
    lines = _message(count=3) + ["qmgr[9]: other"] * 400
    (event,) = _read(lines)
    assert (event.recipients, event.to) == (3, ())


def test_messages_without_login_and_those_refused_before_a_recipient_tell_nothing() -> None:
    lines = [
        "smtpd[9]: 4XYZ7: client=mail.example.net[198.51.100.40]",
        QUEUED.format(id="4XYZ7", count=1),
        TRIED.format(id="4XYZ7", to="b@example.org", status="sent"),
        IN.format(id="4XYZ8", account="anna@example.org"),
    ]
    assert _read(lines) == []


def test_the_message_of_a_log_that_ends_is_told() -> None:
    assert [event.queue_id for event in _read(_message())] == ["4XYZ1"]


def test_the_messages_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postfix_queue, "MAX_MESSAGES", 10)
    queue, prefixes = PostfixQueue(), PrefixReader(UTC, None, NOW)
    told = 0
    for number in range(50):
        for line in _message(f"4XYZ{number:03}"):
            told += len(list(queue.take(prefixes.read(f"Sep  8 07:00:00 mx1 postfix/{line}"))))
    assert len(queue._messages) == 10
    assert told == 40
    assert len(list(queue.finish())) == 10


@given(st.lists(st.text(max_size=60), max_size=3), st.text(max_size=60))
def test_no_text_of_a_client_names_another_address(recipients: list[str], account: str) -> None:
    lines = _message(account=account.replace("\n", ""))
    lines += [TRIED.format(id="4XYZ1", to=to.replace("\n", ""), status="bounced") for to in recipients]
    assert {event.ip for event in _read(lines)} <= {"198.51.100.20"}
