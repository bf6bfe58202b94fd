"""Login evidence in the ledger: addresses and networks are answered and explained, front ends are never listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import NOW, TestClock, world

from mailrisk.collect.logs.entry import BadLine
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level
from mailrisk.service.answers import IpAnswer, UrlAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.detect import LogCounts, detect, read_log
from mailrisk.service.explain import explain
from mailrisk.service.record import record

PROXY = "203.0.113.7"


def event(at_s: float, account: str, ip: str, outcome: Outcome = Outcome.FAILURE) -> LoginEvent:
    return LoginEvent(
        seen_at=NOW - timedelta(days=1) + timedelta(seconds=at_s),
        service="dovecot",
        protocol="imap",
        account=account,
        ip=ip,
        outcome=outcome,
    )


def neighbours(network: str = "203.0.113") -> list[LoginEvent]:
    return [event(i * 30, f"user{i}", f"{network}.{i % 30 + 1}") for i in range(90)]


def found(context: Context, events: Iterable[LoginEvent | BadLine]) -> dict[str, IpAnswer]:
    return {answer.indicator: answer for answer in detect(context, events, LogCounts()).ips}


def with_frontends(context: Context, *ips: str) -> Context:
    knowledge = msgspec.structs.replace(context.knowledge, trusted_frontends=frozenset(ips))
    return replace(context, knowledge=knowledge)


def test_a_network_that_attacks_is_answered_and_covers_its_silent_addresses(context: Context) -> None:
    answers = found(context, neighbours())
    assert answers["203.0.113.0/24"].level is Level.HIGH
    assert "nobody logs in from it" in answers["203.0.113.0/24"].reasons[0].text
    [silent] = check_ips(context, ["203.0.113.250"])
    assert isinstance(silent, IpAnswer)
    assert (silent.level, silent.indicator) == (Level.HIGH, "203.0.113.0/24")


def test_an_address_that_moves_within_its_64_is_listed_as_the_64(context: Context) -> None:
    answers = found(context, [event(i, f"user{i}", f"2001:db8:1:2::{i + 1:x}") for i in range(40)])
    assert answers["2001:db8:1:2::/64"].level is Level.HIGH
    [other] = check_ips(context, ["2001:db8:1:2:ffff::1"])
    assert isinstance(other, IpAnswer) and other.level is Level.HIGH


def test_the_verdict_on_a_network_is_computed_again_from_its_evidence(context: Context) -> None:
    found(context, neighbours())
    for text in ("203.0.113.0/24", "203.0.113.5"):
        explained = explain(context, text)
        assert explained.recomputed_equal is True
        assert explained.level is Level.HIGH


def test_reasons_say_how_much_of_what_and_since_when(context: Context) -> None:
    first = [event(-3 * 86_400, "one", "192.0.2.9")]
    answers = found(context, first + [event(i, f"user{i % 41}", "192.0.2.9") for i in range(57)])
    text = answers["192.0.2.9"].reasons[0].text
    assert "57 failures on 41 accounts in 10 minutes, first seen 3 days ago" in text
    assert "首次出现于 3 天前" in answers["192.0.2.9"].reasons[0].text_zh


def test_a_trusted_front_end_is_never_listed_neither_by_logins_nor_by_feeds(context: Context) -> None:
    trusting = with_frontends(context, PROXY)
    answers = found(trusting, [event(i, f"user{i}", PROXY) for i in range(400)])
    assert answers == {}
    for text in (PROXY, "203.0.113.0/24"):
        subject = Subject(Kind.NETWORK if "/" in text else Kind.IP, text)
        record(trusting, [Evidence(code="feed-listed", subject=subject, source="feed:partner", seen_at=NOW)])
    assert [row for row in context.ledger.listings() if row.listing is not None] == []


def test_no_network_that_holds_a_front_end_is_listed(context: Context) -> None:
    trusting = with_frontends(context, "203.0.113.200")
    found(trusting, neighbours())
    [answer] = check_ips(trusting, ["203.0.113.250"])
    assert isinstance(answer, IpAnswer) and answer.level is Level.UNKNOWN
    kinds = {row.subject.kind for row in trusting.ledger.listings() if row.listing is not None}
    assert kinds == {Kind.IP}


@pytest.mark.parametrize("network", ["10.1.2", "192.168.7", "100.64.3", "127.0.0"])
def test_private_and_reserved_addresses_are_analysed_and_never_listed(context: Context, network: str) -> None:
    answers = found(context, [event(i, f"user{i}", f"{network}.9") for i in range(60)])
    assert answers[f"{network}.9"].suggested_response == "none"
    assert [row for row in context.ledger.listings() if row.listing is not None] == []


def test_login_evidence_alone_never_blocks_a_visit(context: Context) -> None:
    found(context, neighbours())
    [answer] = check_urls(context, ["http://203.0.113.5/login"])
    assert isinstance(answer, UrlAnswer)
    assert answer.level in (Level.UNKNOWN, Level.SUSPICIOUS)
    assert not any(reason.code.startswith("login-") for reason in answer.reasons)


def test_addresses_that_an_attacker_writes_into_his_account_name_are_blamed_for_nothing(
    context: Context, clock: TestClock
) -> None:
    line = (
        "Mar  9 10:00:{:02d} mx dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): "
        "user=<x, rip=192.0.2.66, lip=1.1.1.1>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a{}>"
    )
    lines = [line.format(i % 60, i).encode() for i in range(200)]
    counts = LogCounts()
    events = read_log(lines, counts=counts, now=clock(), timezone=UTC)
    assert "192.0.2.66" not in {answer.indicator for answer in detect(context, events, counts).ips}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e7, 1e6),
            st.sampled_from(["", "a", "b", "c"]),
            st.sampled_from(["203.0.113.7", "203.0.113.8", "10.0.0.1", "2001:db8::1", "::1", "0.0.0.0"]),
            st.sampled_from(list(Outcome)),
        ),
        max_size=40,
    )
)
def test_a_clock_that_jumps_never_lists_what_belongs_to_nobody(
    tmp_path_factory: pytest.TempPathFactory, given_events: list[tuple[float, str, str, Outcome]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("jumps")
    with world(folder) as context:
        found(context, [event(at, account, ip, outcome) for at, account, ip, outcome in given_events])
        listed = {row.subject.value for row in context.ledger.listings() if row.listing is not None}
        assert not listed & {"10.0.0.1", "::1", "0.0.0.0"}
