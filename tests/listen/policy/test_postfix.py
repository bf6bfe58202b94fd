"""Postfix's policy delegation: requests joined by instance, one event a message, hostile ones go on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.listen.policy.postfix import DUNNO, MAX_REQUEST, PostfixPolicy, check_action
from mailrisk.model.errors import BadInput
from mailrisk.model.events import SendEvent

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Taken:
    """A policy with what it took and what it decides."""

    def __init__(self, action: str = "") -> None:
        self.events: list[SendEvent] = []
        self.policy = PostfixPolicy(self.events.append, lambda account, whole: action, lambda: NOW)

    def ask(self, state: str, **more: str) -> bytes:
        asked = {
            "request": "smtpd_access_policy", "protocol_state": state, "sasl_username": "Anna@example.org",
            "client_address": "203.0.113.7", "sender": "anna@example.org", "instance": "a.1", **more,
        }  # fmt: skip
        return self.policy.answer(
            "".join(f"{name}={value}\n" for name, value in asked.items()).encode() + b"\n"
        )


def test_recipients_and_the_end_of_a_message_are_one_event() -> None:
    taken = Taken()
    assert taken.ask("RCPT", recipient="One@example.net") == DUNNO
    assert taken.ask("RCPT", recipient="two@example.net", instance="b.2") == DUNNO
    assert taken.ask("RCPT", recipient="three@example.net") == DUNNO
    assert taken.events == []
    taken.ask("END-OF-MESSAGE", recipient="", recipient_count="2", size="1234", queue_id="4XyZ")
    [event] = taken.events
    assert event.account == "anna@example.org" and event.ip == "203.0.113.7" and event.size == 1234
    assert event.to == ("one@example.net", "three@example.net") and event.recipients == 2


def test_mail_that_nobody_logged_in_for_is_none_of_our_business() -> None:
    taken = Taken("HOLD")
    assert taken.ask("END-OF-MESSAGE", sasl_username="") == DUNNO and taken.events == []


def test_the_decision_is_answered_at_recipient_and_at_the_end() -> None:
    taken = Taken("HOLD it is looked into")
    assert taken.ask("RCPT", recipient="a@example.net") == b"action=HOLD it is looked into\n\n"
    assert taken.ask("END-OF-MESSAGE", recipient_count="1") == b"action=HOLD it is looked into\n\n"
    assert taken.ask("DATA") == DUNNO


def test_a_thousand_recipients_are_counted_and_fifty_are_named() -> None:
    taken = Taken()
    for number in range(1_000):
        taken.ask("RCPT", recipient=f"r{number}@example.net")
    taken.ask("END-OF-MESSAGE", recipient_count="1000")
    assert taken.events[0].recipients == 1_000 and len(taken.events[0].to) == 50


def test_a_broken_address_lets_the_mail_go_on_and_is_counted() -> None:
    taken = Taken("HOLD")
    assert taken.ask("END-OF-MESSAGE", client_address="not an address") == DUNNO
    assert taken.policy.unreadable == 1 and taken.events == []


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(raw: bytes) -> None:
    assert Taken().policy.answer(raw + b"\n\n") == DUNNO


def test_a_connection_carries_many_requests_and_an_endless_one_is_closed() -> None:
    async def talk() -> tuple[bytes, bytes]:
        taken = Taken()
        server = await asyncio.start_server(taken.policy.connected, "127.0.0.1", 0, limit=MAX_REQUEST)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"request=smtpd_access_policy\n\nrequest=other\n\n")
        two = await reader.readexactly(2 * len(DUNNO))
        writer.write(b"x" * (2 * MAX_REQUEST))
        rest = await reader.read()
        writer.close()
        server.close()
        assert taken.policy.unreadable == 1
        return two, rest

    two, rest = asyncio.run(talk())
    assert two == DUNNO + DUNNO and rest == b""


def test_an_action_that_would_lose_mail_in_silence_is_refused() -> None:
    assert check_action("HOLD") == "HOLD" and check_action("") == ""
    for wrong in ("DISCARD", "hold on\nX", "FILTER smtp:evil"):
        with pytest.raises(BadInput):
            check_action(wrong)
