"""The address behind a malicious message: said with care, never about providers, forwarders or ourselves."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from tests.worlds import NOW

from mailrisk.decide.verdict import decide
from mailrisk.edge.geo import Place
from mailrisk.model.message import Authentication, AuthResult, Envelope, Message
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level, Verdict
from mailrisk.service.assess import Assessment
from mailrisk.service.context import Context
from mailrisk.service.domains import NOT_ASKED
from mailrisk.service.record import record
from mailrisk.service.sending_host import excused, sending_evidence
from mailrisk.store.ledger import known_evidence

SENDER = "203.0.113.7"


def result(word: str, domain: str = "") -> AuthResult:
    return AuthResult(result=word, reason="", domain=domain)


@pytest.fixture
def found() -> Assessment:
    sample = Subject(Kind.SAMPLE, "0" * 64)
    verdict = Verdict(
        subject=sample,
        level=Level.MALICIOUS,
        probability=0.97,
        logit=3.5,
        at=NOW,
        policy="",
        category=Category.CREDENTIAL_PHISHING,
    )
    return Assessment(
        subject=sample,
        message=Message(sha256=sample.value, size=0, headers=()),
        envelope=Envelope(client_ip=SENDER, helo="bad.example"),
        authentication=checked(),
        urls=(),
        domains=NOT_ASKED,
        evidence=(),
        verdict=verdict,
        stages=(),
        missing_stages=(),
    )


def checked(
    spf: AuthResult | None = None, dkim: tuple[AuthResult, ...] = (), arc: str = "none"
) -> Authentication:
    return Authentication(spf=spf or result("none"), dkim=dkim, dmarc=result("fail"), arc=result(arc))


def level(context: Context, ip: str = SENDER) -> Level:
    subject = Subject(Kind.IP, ip)
    evidence = known_evidence(context.ledger.evidence_of(subject))
    return decide(subject, evidence, context.clock(), context.policy).level


def report(context: Context, found: Assessment, number: int, reporter: str) -> None:
    sample = Subject(Kind.SAMPLE, f"{number:064x}")
    another = msgspec.structs.replace(found, subject=sample)
    record(context, sending_evidence(context, another, f"report:{reporter}"))


def test_one_message_is_low_and_names_the_kind(context: Context, found: Assessment) -> None:
    report(context, found, 1, "a")
    assert level(context) is Level.LOW
    [row] = context.ledger.evidence_of(Subject(Kind.IP, SENDER))
    assert row.evidence.category == "phishing-source"


def test_one_reporter_needs_several_messages_for_medium_and_nobody_makes_it_high(
    context: Context, found: Assessment
) -> None:
    for number in range(4):
        report(context, found, number, "a")
    assert level(context) is Level.LOW
    report(context, found, 4, "a")
    assert level(context) is Level.MEDIUM
    for number in range(5, 40):
        report(context, found, number, f"reporter {number}")
    assert level(context) is Level.MEDIUM


def test_the_same_message_reported_again_is_one_message(context: Context, found: Assessment) -> None:
    for _ in range(9):
        report(context, found, 1, "a")
    assert level(context) is Level.LOW


def test_spam_is_another_category(context: Context, found: Assessment) -> None:
    verdict = msgspec.structs.replace(found.verdict, category=Category.GAMBLING_PORN_SPAM)
    [said] = sending_evidence(context, msgspec.structs.replace(found, verdict=verdict), "report:a")
    assert said.category == "spam-source"


@pytest.mark.parametrize(
    ("authentication", "why"),
    [
        (checked(result("not-checked")), "unknown"),
        (checked(result("temperror")), "unknown"),
        (checked(result("pass", "gmail.com")), "shared"),
        (checked(result("pass", "mail.qq.com")), "shared"),
        (checked(result("fail", "a.example"), (result("pass", "a.example"),)), "forwarder"),
        (checked(result("pass", "a.example"), arc="pass"), "forwarder"),
        (checked(result("pass", "a.example"), (result("pass", "sendgrid.net"),)), "shared"),
        (checked(result("pass", "small-shop.example")), ""),
        (checked(result("fail", "small-shop.example")), ""),
    ],
)
def test_providers_forwarders_and_bulk_mailers_are_never_accused(
    context: Context, found: Assessment, authentication: Authentication, why: str
) -> None:
    judged = msgspec.structs.replace(found, authentication=authentication)
    assert excused(context, judged) == why
    assert bool(sending_evidence(context, judged, "report:a")) is (why == "")


def test_ourselves_are_never_accused(context: Context, found: Assessment) -> None:
    knowledge = msgspec.structs.replace(
        context.knowledge,
        own_domains=frozenset({"ours.example"}),
        trusted_frontends=frozenset({SENDER}),
    )
    ours = replace(context, knowledge=knowledge)
    assert excused(ours, found) == "ours"
    for envelope in (
        Envelope(client_ip="10.0.0.1"),
        Envelope(client_ip="198.51.100.3", helo="mx1.ours.example"),
    ):
        assert excused(ours, msgspec.structs.replace(found, envelope=envelope)) == "ours"


def test_an_address_of_a_cloud_is_never_accused(context: Context, found: Assessment) -> None:
    cloud = replace(context, locate=lambda _: Place(country="US", asn=8075, as_name="MICROSOFT", network=""))
    assert excused(cloud, found) == "shared"


def test_a_message_that_is_only_suspicious_says_nothing(context: Context, found: Assessment) -> None:
    verdict = msgspec.structs.replace(found.verdict, level=Level.SUSPICIOUS)
    assert (
        sending_evidence(context, msgspec.structs.replace(found, verdict=verdict), "report:a")
        == sending_evidence(context, msgspec.structs.replace(found, envelope=Envelope()), "report:a")
        == []
    )
