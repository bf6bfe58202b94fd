"""Which evidence follows from which authentication results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mailrisk.analyse.message.authentication import analyse
from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.brand import Brands
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.message import Authentication, AuthResult, Envelope
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.hosts import HostClass, Hosts

HOSTS = Hosts(
    ["com", "example", "net"],
    {HostClass.FREE_MAIL: ["freemail.com"], HostClass.BULK_MAILER: ["bulk.com"]},
    {"shop.com": 50, "big.com": 5_000, "known.com": 40_000, "freemail.com": 3, "bulk.com": 9, "own.com": 100},
)


def word(
    result: str, domain: str = "sender.example", reason: str = "why", aligned: bool = False
) -> AuthResult:
    return AuthResult(result=result, reason=reason, domain=domain, aligned=aligned)


def codes(head: str = "From: a@sender.example\n", **results: Any) -> dict[str, float]:
    defaults: dict[str, Any] = {"spf": word("none"), "dkim": (), "dmarc": word("none"), "arc": word("none")}
    message = parse_message(head.encode() + b"\nx")
    view = MessageView(
        subject=Subject(Kind.SAMPLE, message.sha256),
        message=message,
        envelope=Envelope(),
        authentication=Authentication(**(defaults | results)),
        urls=(),
        knowledge=Knowledge(
            brands=Brands([]),
            hosts=HOSTS,
            own_domains=frozenset({"own.com"}),
            trusted_hosts=frozenset({"mx.own.com"}),
        ),
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return {evidence.code: evidence.value for evidence in analyse(view)}


@pytest.mark.parametrize(
    ("policy", "code"),
    [("reject", "dmarc-fail-reject"), ("quarantine", "dmarc-fail-quarantine"), ("none", "dmarc-fail")],
)
def test_a_dmarc_failure_is_weighed_by_the_policy(policy: str, code: str) -> None:
    assert codes(dmarc=word("fail"), policy=policy) == {code: 1.0}


@pytest.mark.parametrize("result", ["none", "pass", "temperror", "permerror", "not-checked"])
def test_other_dmarc_results_are_no_evidence(result: str) -> None:
    assert codes(dmarc=word(result), policy="reject") == {}


@pytest.mark.parametrize(
    ("sealer", "excused"), [("own.com", True), ("mx.own.com", True), ("evil.example", False)]
)
def test_only_a_chain_that_our_own_host_sealed_excuses_a_failure(sealer: str, excused: bool) -> None:
    found = codes(dmarc=word("fail"), policy="reject", arc=word("pass", sealer))
    assert (found == {}) == excused


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ({"spf": word("fail")}, {"spf-fail"}),
        ({"spf": word("softfail")}, {"spf-softfail"}),
        ({"spf": word("neutral")}, {"sender-unproven"}),
        ({"spf": word("not-checked")}, set()),
        ({"dkim": (word("fail", reason="body was altered"),)}, {"dkim-body-altered"}),
        ({"dkim": (word("fail"), word("pass"))}, set()),
        ({"dkim": (word("fail"), word("fail", reason="body was altered"))}, {"dkim-signature-bad"}),
        ({"dkim": (word("permerror", reason="no key at s.x"),)}, {"dkim-no-key"}),
        ({"dkim": (word("temperror"),)}, set()),
        (
            {
                "spf": word("fail"),
                "dkim": (word("pass", aligned=True),),
                "authenticated_domain": "sender.example",
            },
            set(),
        ),
    ],
)
def test_broken_spf_and_dkim_count_only_when_nothing_vouches(
    results: dict[str, Any], found: set[str]
) -> None:
    assert set(codes(**results)) == found


@pytest.mark.parametrize(
    ("takes", "code"), [("nonexistent", "author-domain-nonexistent"), ("no", "author-domain-without-mail")]
)
def test_an_author_domain_that_cannot_answer_is_evidence(takes: str, code: str) -> None:
    assert set(codes(author_mail=takes)) == {code}
    assert codes(author_mail="yes") == codes(author_mail="") == {}


def test_a_widely_used_author_domain_exists_whatever_a_resolver_without_internet_says() -> None:
    assert codes("From: a@known.com\n", author_mail="nonexistent") == {}
    assert set(codes("From: a@x.known.com\n", author_mail="nonexistent")) == {"author-domain-nonexistent"}


def test_several_author_domains_are_evidence() -> None:
    assert set(codes("From: a@b.example, c@d.example\n")) == {"several-author-domains"}
    assert set(codes("From: a@b.example\nFrom: a@b.example\n")) == {"several-author-domains"}


@pytest.mark.parametrize(("domain", "share"), [("shop.com", 1.0), ("mail.big.com", 0.7), ("known.com", 0.4)])
def test_authenticated_mail_of_a_widely_used_domain_lowers(domain: str, share: float) -> None:
    assert codes(authenticated_domain=domain) == {"authenticated-known-sender": share}


@pytest.mark.parametrize(
    "domain", ["", "unknown.com", "freemail.com", "bulk.com", "x.bulk.com", "own.com", "m.own.com"]
)
def test_free_mail_shared_senders_and_colleagues_never_lower(domain: str) -> None:
    assert codes(authenticated_domain=domain) == {}
