"""The address of a malicious page: said while the page is listed, never convicting, never about those who serve many."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest
from tests.worlds import NOW, TestClock

from mailrisk.edge.geo import Place
from mailrisk.edge.resolver import RecordedResolver
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.answers import IpAnswer, UrlAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.hosting import excused
from mailrisk.service.record import record
from mailrisk.service.serving import note_servers, served_evidence
from mailrisk.service.withdraw import list_by_hand, withdraw

SERVER = "203.0.113.7"


def listed(context: Context, *urls: str, category: str = "credential-phishing") -> None:
    for url in urls:
        list_by_hand(context, url, comment="x", category=category, analyst="t")


def known(context: Context, ip: str = SERVER) -> IpAnswer:
    [answer] = check_ips(context, [ip])
    assert isinstance(answer, IpAnswer)
    return answer


def seen(context: Context, *sites: str, servers: tuple[str, ...] = (SERVER,)) -> None:
    for site in sites:
        page = Subject(Kind.URL, f"{site}/login")
        record(context, served_evidence(context, page, servers, source="report:a", at=context.clock()))


def test_a_listed_page_on_an_address_is_told_of_the_address(context: Context) -> None:
    listed(context, f"http://{SERVER}/login")
    found = known(context)
    assert (found.level, found.category) == ("low", "phishing-host")
    [reason] = found.reasons
    assert reason.text == "Phishing pages are listed under this very address, 1 when last counted"
    assert explain(context, SERVER).recomputed_equal


def test_many_pages_make_the_address_medium_and_never_high(context: Context) -> None:
    listed(context, *(f"http://{SERVER}/{name}/login" for name in "abcdefgh"))
    seen(context, *(f"site{number}.example" for number in range(12)))
    assert known(context).level == "medium"


def test_what_is_said_goes_with_the_pages(context: Context, clock: TestClock) -> None:
    listed(context, f"http://{SERVER}/a", f"http://{SERVER}/b")
    clock.forward(hours=1)
    withdraw(context, f"http://{SERVER}/a", comment="a mistake", analyst="t")
    [*_, row] = context.ledger.evidence_of(Subject(Kind.IP, SERVER))
    assert row.evidence.data["indicator"] == f"http://{SERVER}/b"  # What was withdrawn is named no longer.
    assert known(context).level == "low"
    clock.forward(hours=1)
    withdraw(context, f"http://{SERVER}/b", comment="a mistake", analyst="t")
    assert known(context).level == "unknown"
    clock.forward(hours=1)
    listed(context, f"http://{SERVER}/c")
    assert known(context).level == "low"


def test_recording_the_same_pages_again_says_nothing_new(context: Context) -> None:
    listed(context, f"http://{SERVER}/a")
    before = len(context.ledger.evidence_of(Subject(Kind.IP, SERVER)))
    listed(context, f"http://{SERVER}/b")  # Two pages say as much as one.
    assert len(context.ledger.evidence_of(Subject(Kind.IP, SERVER))) == before


def test_an_ipv6_address_in_brackets_is_the_same_address(context: Context) -> None:
    listed(context, "http://[2001:db8::7]/login")
    assert known(context, "2001:db8::7").category == "phishing-host"


def test_malware_is_no_phishing_host(context: Context) -> None:
    listed(context, f"http://{SERVER}/a.exe", category="malware-file")
    assert known(context).level == "unknown"


@pytest.mark.parametrize("ip", ["10.0.0.7", "127.0.0.1"])
def test_nothing_is_said_of_private_addresses(context: Context, ip: str) -> None:
    listed(context, f"http://{SERVER}/a")
    assert excused(context, ip, named=False) == "ours"


def test_a_trusted_front_end_is_never_blamed(context: Context) -> None:
    knowledge = msgspec.structs.replace(context.knowledge, trusted_frontends=frozenset({SERVER}))
    ours = replace(context, knowledge=knowledge)
    listed(ours, f"http://{SERVER}/a")
    assert known(ours).level == "unknown"


@pytest.mark.parametrize(
    ("asn", "literal", "named"), [(13335, "shared", "shared"), (45090, "", "shared"), (64500, "", "")]
)
def test_operators_that_serve_many_are_excused(context: Context, asn: int, literal: str, named: str) -> None:
    placed = replace(context, locate=lambda _: Place(asn=asn))
    assert excused(placed, SERVER, named=False) == literal
    assert excused(placed, SERVER, named=True) == named


def test_one_site_served_says_next_to_nothing_and_ten_say_a_little(context: Context) -> None:
    seen(context, "a.example")
    assert known(context).level in ("none", "unknown")
    seen(context, "b.example", "www.b.example")
    assert known(context).level in ("none", "unknown")
    seen(context, "c.example")
    assert known(context).level == "low"


@pytest.mark.parametrize("site", ["github.io", "evil.github.io", "docs.google.com", "google.com"])
def test_shared_hosts_and_popular_sites_say_nothing_of_their_servers(context: Context, site: str) -> None:
    page = Subject(Kind.URL, f"{site}/login")
    assert not served_evidence(context, page, [SERVER], source="report:a", at=NOW)


def test_a_name_with_many_addresses_says_nothing_of_them(context: Context) -> None:
    servers = [f"203.0.113.{last}" for last in range(5)]
    assert not served_evidence(context, Subject(Kind.URL, "a.example/x"), servers, source="r", at=NOW)


def test_an_attacker_of_logins_is_no_reason_to_block_a_visit(context: Context, clock: TestClock) -> None:
    attack = Evidence(
        code="login-brute-force",
        subject=Subject(Kind.IP, SERVER),
        source="analyser:login",
        seen_at=clock(),
        value=1.2,
    )
    record(context, [attack])
    assert known(context).level == "high"
    [visit] = check_urls(context, [f"http://{SERVER}/"])
    assert isinstance(visit, UrlAnswer) and visit.level not in ("malicious", "suspicious")


def test_names_that_were_listed_just_now_are_resolved(context: Context) -> None:
    answers = {
        FactKey("dns", "evil.example", "A"): Fact("found", ("203.0.113.7", "no address")),
        FactKey("dns", "evil.example", "AAAA"): Fact("temperror", "timeout"),
    }
    resolving = replace(context, resolver=RecordedResolver(answers))
    outcome = list_by_hand(
        resolving, "http://evil.example/x", comment="x", category="credential-phishing", analyst="t"
    )
    asyncio.run(note_servers(resolving, outcome, source="report:a"))
    [row] = context.ledger.evidence_of(Subject(Kind.IP, SERVER))
    assert (row.evidence.code, row.evidence.data["site"]) == ("served-malicious-page", "evil.example")
