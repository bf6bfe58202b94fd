"""What facts about a domain say, and which domains are worth asking about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.worlds import NOW, shipped_knowledge, shipped_policy

from mailrisk.analyse.url.domain_facts import (
    AskedDomain,
    analyse,
    answered,
    ask,
    recorded_age_days,
    worth_asking,
)
from mailrisk.model.domain import Certificate, Registration
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact
from mailrisk.model.subject import Kind, Subject

LINK = AskedDomain(domain="evil.example", host="evil.example", artefact="part 1, link 1")
SUBJECT = Subject(Kind.SAMPLE, "0" * 64)


def registered(days: float, **more: Any) -> Fact:
    return Fact("found", Registration(registered_at=NOW - timedelta(days=days), **more))


def certificate(days: float) -> Fact:
    began = NOW - timedelta(days=days)
    return Fact(
        "found", Certificate(issuer="Let's Test", not_before=began, not_after=NOW + timedelta(days=60))
    )


def evidence(
    one: AskedDomain = LINK,
    rdap: Fact | None = None,
    shown: Fact | None = None,
    ns: Fact | None = None,
    mx: Fact | None = None,
) -> dict[str, Evidence]:
    given = {
        FactKey("rdap", one.domain): rdap,
        FactKey("certificate", one.host): shown,
        FactKey("dns", one.domain, "NS"): ns,
        FactKey("dns", one.domain, "MX"): mx,
    }
    facts = Facts({key: fact for key, fact in given.items() if fact is not None})
    return {item.code: item for item in analyse([one], facts, SUBJECT, NOW, shipped_knowledge())}


@pytest.mark.parametrize(
    ("days", "value"), [(0, 1.0), (6.9, 1.0), (7, 0.7), (29.9, 0.7), (30, 0.35), (89.9, 0.35), (90, None)]
)
def test_the_younger_a_domain_the_more_it_says(days: float, value: float | None) -> None:
    found = evidence(rdap=registered(days)).get("young-domain")
    assert (found.value if found else None) == value


def test_the_evidence_names_the_domain_the_day_and_the_place() -> None:
    found = evidence(rdap=registered(3))["young-domain"]
    assert found.data == {"domain": "evil.example", "days": 3, "registered": "2026-03-07T09:00:00+00:00"}
    assert (found.artefact, found.subject) == ("part 1, link 1", SUBJECT)


def test_a_date_in_the_future_is_today() -> None:
    assert evidence(rdap=registered(-2))["young-domain"].data["days"] == 0


@pytest.mark.parametrize(
    "rdap",
    [
        None,
        Fact("absent", "no-server"),
        Fact("absent", "not-found"),
        Fact("temperror", "timeout"),
        Fact("not-checked"),
        Fact("found", Registration()),
    ],
)
def test_an_age_that_nobody_could_tell_gives_nothing(rdap: Fact | None) -> None:
    assert evidence(rdap=rdap, shown=certificate(1)) == {}


def test_an_old_domain_lowers_only_where_it_is_proved_whose_it_is() -> None:
    vouched = AskedDomain(domain="old.example", host="old.example", vouched=True)
    assert evidence(vouched, registered(2_500))["long-registered-domain"].data["years"] == 6
    assert evidence(vouched, registered(1_700)) == {}
    assert evidence(LINK, registered(2_500)) == {}


@pytest.mark.parametrize(
    ("statuses", "code", "status"),
    [
        (("redemption period",), "lapsing-domain", "redemption period"),
        (("client hold", "pending delete"), "lapsing-domain", "pending delete"),
        (("server hold", "client hold"), "domain-on-hold", "server hold"),
    ],
)
def test_a_lapsing_or_suspended_registration_is_said(
    statuses: tuple[str, ...], code: str, status: str
) -> None:
    found = evidence(rdap=registered(900, statuses=statuses))[code]
    assert found.data["status"] == status and found.data["status_zh"]


def test_an_expiry_in_the_past_counts_half_and_ordinary_statuses_nothing() -> None:
    past = registered(900, expires_at=NOW - timedelta(days=1))
    assert evidence(rdap=past)["lapsing-domain"].value == 0.5
    fine = registered(900, expires_at=NOW + timedelta(days=1), statuses=("client transfer prohibited",))
    assert evidence(rdap=fine) == {}


def test_a_fresh_certificate_says_something_on_a_young_domain_only() -> None:
    assert "fresh-certificate" in evidence(rdap=registered(20), shown=certificate(2))
    assert "fresh-certificate" not in evidence(rdap=registered(20), shown=certificate(15))
    assert "fresh-certificate" not in evidence(rdap=registered(20), shown=certificate(-1))
    assert evidence(rdap=registered(200), shown=certificate(2)) == {}


def test_parking_name_servers_are_known_by_their_domain() -> None:
    parked = Fact("found", ("ns1.sedoparking.com", "ns2.sedoparking.com"))
    assert evidence(ns=parked)["parked-domain"].data["server"] == "ns1.sedoparking.com"
    ordinary = Fact("found", ("ns1.domaincontrol.com", "notsedoparking.com"))
    assert evidence(ns=ordinary) == {}


def test_neither_name_servers_nor_mail_servers_counts_for_a_sender_alone() -> None:
    sender = AskedDomain(domain="evil.example", host="evil.example", sender=True)
    absent, failed = Fact("absent", "nodata"), Fact("temperror", "timeout")
    assert "sender-domain-without-dns" in evidence(sender, ns=absent, mx=absent)
    assert evidence(LINK, ns=absent, mx=absent) == {}
    assert evidence(sender, ns=failed, mx=absent) == evidence(sender, ns=absent) == {}


def needed(one: AskedDomain, facts: Facts) -> set[FactKey]:
    with pytest.raises(NeedFact) as need:
        ask([one], facts, NOW)
    return set(need.value.keys)


def test_everything_is_asked_at_once_and_a_host_only_when_its_domain_is_young() -> None:
    sender = AskedDomain(domain="evil.example", host="www.evil.example", sender=True)
    rdap, ns, mx = (
        FactKey("rdap", "evil.example"),
        FactKey("dns", "evil.example", "NS"),
        FactKey("dns", "evil.example", "MX"),
    )
    assert needed(sender, Facts()) == {rdap, ns, mx}
    known = {ns: Fact("absent"), mx: Fact("absent")}
    assert needed(sender, Facts({**known, rdap: registered(3)})) == {
        FactKey("certificate", "www.evil.example")
    }
    ask([sender], Facts({**known, rdap: registered(300)}), NOW)
    ask([sender], Facts({**known, rdap: Fact("temperror")}), NOW)


def test_a_stage_counts_as_answered_when_anything_was_learnt() -> None:
    rdap, ns = FactKey("rdap", "evil.example"), FactKey("dns", "evil.example", "NS")
    assert answered([], Facts())
    assert answered([LINK], Facts({rdap: Fact("absent"), ns: Fact("temperror")}))
    assert answered([LINK], Facts({rdap: Fact("not-checked"), ns: Fact("found", ("ns.example",))}))
    assert not answered([LINK], Facts({rdap: Fact("temperror"), ns: Fact("found", ("ns.example",))}))
    assert not answered([LINK], Facts({rdap: Fact("temperror"), ns: Fact("temperror")}))
    assert not answered([LINK], Facts({rdap: Fact("not-checked")}))


@pytest.mark.parametrize(
    ("host", "domain", "shown"),
    [
        ("evil.example", "evil.example", "evil.example"),
        ("www.evil.example", "evil.example", "www.evil.example"),
        ("jane-doe.login.evil.example", "evil.example", "evil.example"),  # the name may be one reader's
        ("some-shop.co.uk", "some-shop.co.uk", "some-shop.co.uk"),
        ("free-prizes-of-today.top", "free-prizes-of-today.top", "free-prizes-of-today.top"),
    ],
)
def test_asked_about_is_the_registrable_domain(host: str, domain: str, shown: str) -> None:
    found = worth_asking(host, shipped_knowledge())
    assert found is not None and (found.domain, found.host) == (domain, shown)


@pytest.mark.parametrize(
    "host",
    [
        "google.com", "mail.qq.com", "evil.github.io", "bit.ly", "evil.blogspot.com", "203.0.113.5",
        "[2001:db8::1]", "com", "co.uk", "localhost", "",
    ],
)  # fmt: skip
def test_ranked_and_shared_hosts_customers_and_addresses_are_not_asked_about(host: str) -> None:
    assert worth_asking(host, shipped_knowledge()) is None


def test_the_age_is_found_again_in_stored_evidence() -> None:
    stored = evidence(rdap=registered(3)).values()
    assert recorded_age_days(stored, NOW + timedelta(days=10)) == 13
    assert recorded_age_days([], NOW) is None


def test_no_reason_of_this_stage_convicts_and_all_of_them_together_do_not_make_suspicious() -> None:
    rules = [rule for rule in shipped_policy().document.reasons.values() if rule.stage == "domain"]
    assert rules and not any(rule.convicts for rule in rules)
    assert shipped_policy().document.caps["domain"] < 4
