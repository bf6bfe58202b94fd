"""The visit gate: common domains are not checked, listed ones are stopped, logins never count, silence is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.worlds import NOW, TestClock

from mailrisk.analyse.visits.habits import HabitSettings
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.handling import HandlingRow
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.context import Context
from mailrisk.service.record import record
from mailrisk.service.visit_words import Visit, VisitAnswer
from mailrisk.service.visits import VisitGate, VisitSettings
from mailrisk.service.withdraw import list_by_hand, withdraw

ROWS = (
    HandlingRow(level=Level.MALICIOUS, category=Category.GAMBLING_PORN_SPAM, tenant=7, action="allow"),
    HandlingRow(level=Level.MALICIOUS, action="block"),
    HandlingRow(level=Level.SUSPICIOUS, action="warn"),
)
SETTINGS = VisitSettings(
    rows=ROWS, enforce=True, resolve=True, page_base="http://gate.example",
    habits=HabitSettings(visits=4, users=2, days=2),
)  # fmt: skip
PHISH = "http://phish.example/login"
STRANGE = "http://paypal.com.secure-login.verify-account.example.top/signin.php?user=a"


def list_it(context: Context, indicator: str, category: Category = Category.CREDENTIAL_PHISHING) -> None:
    list_by_hand(context, indicator, comment="a test", category=category, analyst="a")


def decide(gate: VisitGate, url: str, tenant: int = 0, **more: str) -> VisitAnswer:
    (answer,) = asyncio.run(gate.decide([Visit(url=url, client="192.0.2.7", **more)], tenant))  # type: ignore[arg-type]
    assert isinstance(answer, VisitAnswer)
    return answer


def habit(gate: VisitGate, host: str, visits: Iterable[int] = range(8)) -> None:
    now = NOW.timestamp()
    gate.learn([(host, f"u{n % 3}", now - 86_400 * (n < 4)) for n in visits], 0)


def test_a_listed_page_is_blocked_and_says_why_and_a_withdrawn_one_is_not(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    list_it(context, PHISH)
    answer = decide(gate, PHISH)
    assert (answer.action, answer.level, answer.category) == ("block", "malicious", "credential-phishing")
    assert answer.reasons and answer.page.startswith("http://gate.example/visit?t=")
    assert isinstance(context.clock, TestClock)
    context.clock.forward(seconds=1)
    withdraw(context, PHISH, comment="wrong", analyst="a")
    assert decide(gate, PHISH).action == "allow"


def test_a_long_query_leads_nobody_past_a_listing(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    list_it(context, "host:phish.example")
    for path in ("?" + "a" * 20_000, "a" * 20_000, "%41" * 20_000):
        answer = decide(gate, "http://phish.example/" + path)
        assert (
            answer.action == "block"
            and gate.explained(answer.page.partition("?t=")[2])[1].level == "malicious"
        )


def test_in_observe_nothing_is_stopped_and_the_answer_says_what_would_be(context: Context) -> None:
    gate = VisitGate(context, VisitSettings(rows=ROWS))
    list_it(context, PHISH)
    answer = decide(gate, PHISH)
    assert (answer.action, answer.wanted, answer.alert) == ("allow", "block", True)


def test_a_common_domain_is_answered_without_a_check_and_an_uncommon_one_is_checked(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    assert decide(gate, STRANGE).action == "warn"
    habit(gate, "verify-account.example.top")
    answer = decide(gate, STRANGE)
    assert answer.common and answer.action == "allow" and answer.level == "unknown"


def test_a_listing_beats_the_habit(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    habit(gate, "intranet-partner.example")
    assert decide(gate, "https://intranet-partner.example/").common
    list_it(context, "https://intranet-partner.example/hacked.html")
    assert decide(gate, "https://intranet-partner.example/hacked.html").action == "block"
    assert decide(gate, "https://intranet-partner.example/other").common


def test_hosts_where_anybody_publishes_are_never_common(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    habit(gate, "docs.google.com")
    assert not decide(gate, "https://docs.google.com/forms/d/1").common


def test_where_only_the_host_is_known_a_listed_page_says_nothing_and_a_listed_host_does(
    context: Context,
) -> None:
    gate = VisitGate(context, SETTINGS)
    list_it(context, "https://shop.example/hacked.html")
    list_it(context, "host:www.evil.example")
    assert decide(gate, "shop.example:443", method="CONNECT").action == "allow"
    assert decide(gate, "www.evil.example:443", method="CONNECT").action == "block"


@pytest.mark.parametrize(
    "target",
    ["http://x/", "www.evil.example", "a@www.evil.example:443", "good.example:443/../x", ":443", "[::1:443"],
)
def test_a_tunnel_to_what_is_no_host_and_port_is_not_decided(context: Context, target: str) -> None:
    gate = VisitGate(context, VisitSettings(enforce=True))
    (answer,) = asyncio.run(gate.decide([Visit(url=target, method="CONNECT")], 0))
    assert isinstance(answer, ErrorAnswer)


@pytest.mark.parametrize("no_page", ["allow", "block"])
def test_a_warning_that_cannot_be_shown_becomes_what_is_configured(context: Context, no_page: str) -> None:
    rows = (HandlingRow(level=Level.MALICIOUS, action="warn"),)
    gate = VisitGate(context, VisitSettings(rows=rows, enforce=True, no_page=no_page))  # type: ignore[arg-type]
    list_it(context, "host:www.evil.example")
    answer = decide(gate, "www.evil.example:443", method="CONNECT")
    assert answer.action == no_page and answer.alert == (no_page == "allow")


def test_who_has_read_the_warning_goes_on_and_others_are_still_warned(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    answer = decide(gate, STRANGE, user="anna")
    token = answer.page.partition("t=")[2]
    assert gate.consent(token) == STRANGE
    assert decide(gate, STRANGE, user="anna").action == "allow"
    assert decide(gate, STRANGE, user="bert").action == "warn"


def test_a_blocked_page_has_no_way_on_and_a_forged_token_is_refused(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    list_it(context, PHISH)
    token = decide(gate, PHISH).page.partition("t=")[2]
    with pytest.raises(BadInput):
        gate.consent(token)
    for forged in ("", "x", token[:-4], "AAAA" + token, token[:30] + "A" + token[31:]):
        with pytest.raises(BadInput):
            gate.explained(forged)
    assert isinstance(context.clock, TestClock)
    context.clock.forward(hours=2)
    with pytest.raises(BadInput):
        gate.explained(token)


def address_evidence(context: Context, ip: str, code: str, times: int = 1) -> None:
    subject = Subject(Kind.IP, ip)
    record(
        context,
        [
            Evidence(code=code, subject=subject, source=f"test:{n}", seen_at=NOW, ref=str(n), value=1.5,
                     data={"accounts": 50, "attempts": 900, "minutes": 5, "messages": 5, "pages": 5, "sites": 5})
            for n in range(times)
        ],
    )  # fmt: skip


def test_login_and_mail_evidence_about_an_address_never_stops_a_visit(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    codes = [code for code, rule in context.policy.document.reasons.items() if rule.stage == "login"]
    attack = next(code for code in codes if context.policy.rule(code).convicts and "account" not in code)
    address_evidence(context, "203.0.113.9", attack, 3)
    address_evidence(context, "203.0.113.9", "sent-malicious-message", 3)
    assert decide(gate, "http://quiet.example/", ip="203.0.113.9").action == "allow"


def test_an_address_that_serves_phishing_makes_a_visit_suspicious(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    address_evidence(context, "203.0.113.10", "hosts-malicious-pages", 1)
    answer = decide(gate, "http://quiet.example/", ip="203.0.113.10")
    assert (answer.action, answer.category) == ("warn", "phishing-host")
    assert [reason.code for reason in answer.reasons] == ["hosts-malicious-pages"]


class Slow:
    """A resolver that takes its time and knows nothing."""

    async def lookup(self, key: FactKey) -> Fact:
        await asyncio.sleep(0.2)
        return Fact("absent")


def test_a_page_is_held_while_it_is_scanned_and_let_through_after(context: Context) -> None:
    rows = (*ROWS, HandlingRow(level=Level.UNKNOWN, action="hold"))
    online = replace(context, network=True, resolver=Slow(), message_budget=timedelta(seconds=5))
    gate = VisitGate(online, VisitSettings(rows=rows, enforce=True, hold_s=0.0, resolve=False))

    async def run() -> list[str]:
        visit, said = Visit(url="http://bookbinders-society.org/", client="192.0.2.7", waits=True), []
        for _ in range(4):
            (answer,) = await gate.decide([visit], 0)
            assert isinstance(answer, VisitAnswer)
            said.append(answer.action)
            await asyncio.sleep(0.4)
        return said

    said = asyncio.run(run())
    assert said[0] == "hold" and said[-1] == "allow", said


def test_rows_may_be_a_tenants_own(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    list_it(context, "http://casino.example/play", Category.GAMBLING_PORN_SPAM)
    assert decide(gate, "http://casino.example/play").action == "block"
    assert decide(gate, "http://casino.example/play", tenant=7).action == "allow"


def test_a_stale_index_gives_no_answer_and_what_is_no_url_is_told(context: Context) -> None:
    gate = VisitGate(context, SETTINGS)
    (answer,) = asyncio.run(gate.decide([Visit(url="not a url")], 0))
    assert isinstance(answer, ErrorAnswer)
    assert isinstance(context.clock, TestClock)
    context.clock.forward(minutes=5)
    with pytest.raises(Unavailable):
        asyncio.run(gate.decide([Visit(url=PHISH)], 0))


def test_habits_outlive_the_process_and_a_broken_file_is_told(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "visits"
    gate = VisitGate(context, SETTINGS, path)
    habit(gate, "partner.example")
    gate.save()
    assert decide(VisitGate(context, SETTINGS, path), "http://partner.example/").common
    path.write_bytes(b"\xffbroken")
    assert not decide(VisitGate(context, SETTINGS, path), "http://partner.example/").common
    assert b"u0" not in path.read_bytes(), "no user's name is kept"


def test_the_addresses_behind_a_name_are_asked_for(context: Context) -> None:
    class Names:
        async def lookup(self, key: FactKey) -> Fact:
            return Fact("found", ("203.0.113.10",))

    address_evidence(context, "203.0.113.10", "hosts-malicious-pages", 1)
    online = replace(context, network=True, resolver=Names(), message_budget=timedelta(seconds=2))
    assert decide(VisitGate(online, SETTINGS), "http://quiet.example/").action == "warn"
