"""All of authentication together: rounds, trust in headers, what is not checked."""

from __future__ import annotations

import dkim as dkimpy  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analyse.message.auth.keys import rsa_key
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.authenticate import authenticate
from mailrisk.analyse.message.auth.trusted import read_trusted
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.errors import BadInput
from mailrisk.model.facts import Fact, Facts, NeedFact
from mailrisk.model.message import Authentication, Envelope

KEY = rsa_key(1024, 1)
PLAIN = b"From: Ann <ann@sender.example>\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nHello\r\n"
SIGNED = dkimpy.sign(PLAIN, b"s1", b"sender.example", KEY.pem) + PLAIN
ENVELOPE = Envelope(client_ip="192.0.2.1", helo="mail.sender.example", mail_from="ann@sender.example")
WORLD: Records = {
    "s1._domainkey.sender.example": [("TXT", KEY.record)],
    "_dmarc.sender.example": [("TXT", b"v=DMARC1; p=reject")],
    "sender.example": [("TXT", b"v=spf1 ip4:192.0.2.0/24 -all"), ("MX", (10, "mail.sender.example"))],
}
NOBODY: frozenset[str] = frozenset()
OURS = frozenset({"mx.example.net"})


def run(
    raw: bytes,
    envelope: Envelope = ENVELOPE,
    records: Records = WORLD,
    trusted: frozenset[str] = NOBODY,
    network: bool = True,
) -> tuple[Authentication, World]:
    world = World(records)
    message = parse_message(raw)
    return world.run(lambda facts: authenticate(raw, message, envelope, facts, trusted, network)), world


def test_honest_mail_passes_everything_in_two_rounds() -> None:
    auth, world = run(SIGNED)
    assert (auth.spf.result, auth.dkim_summary, auth.dmarc.result, auth.arc.result) == (
        "pass",
        "pass",
        "pass",
        "none",
    )
    assert auth.authenticated_domain == "sender.example"
    assert (auth.policy, auth.author_mail) == ("reject", "yes")
    assert auth.spf.aligned and auth.dkim[0].aligned
    assert world.rounds == 2


def test_all_first_questions_are_asked_together() -> None:
    message = parse_message(SIGNED)
    with pytest.raises(NeedFact) as need:
        authenticate(SIGNED, message, ENVELOPE, Facts(), NOBODY, True)
    names = {(key.name, key.detail) for key in need.value.keys}
    assert {
        ("sender.example", "TXT"), ("s1._domainkey.sender.example", "TXT"), ("_dmarc.sender.example", "TXT"),
        ("_dmarc.example", "TXT"), ("sender.example", "MX"), ("sender.example", "A"),
    } <= names  # fmt: skip


class Spent(Facts):
    """Facts of a caller whose time is over: everything unknown is a time-out."""

    def get(self, topic: str, name: str, detail: str = "") -> Fact:
        return Fact("temperror", "budget spent")


def test_when_the_budget_is_spent_the_results_are_temporary_errors() -> None:
    auth = authenticate(SIGNED, parse_message(SIGNED), ENVELOPE, Spent(), NOBODY, True)
    assert {auth.spf.result, auth.dkim_summary, auth.dmarc.result} == {"temperror"}


def test_a_forged_sender_fails_with_the_policy_of_the_domain() -> None:
    envelope = Envelope(client_ip="203.0.113.9", helo="evil.example", mail_from="x@evil.example")
    auth, _ = run(PLAIN, envelope)
    assert (auth.spf.result, auth.dkim, auth.dmarc.result) == ("none", (), "fail")
    assert (auth.policy, auth.authenticated_domain) == ("reject", "")


def test_spf_alone_vouches_for_an_aligned_sender() -> None:
    auth, _ = run(PLAIN)
    assert (auth.dmarc.result, auth.authenticated_domain) == ("pass", "sender.example")


def test_without_network_nothing_is_asked_and_nothing_is_checked() -> None:
    auth, world = run(SIGNED, network=False)
    assert {auth.spf.result, auth.dkim_summary, auth.dmarc.result, auth.arc.result} == {"not-checked"}
    assert world.asked == []
    assert all(result.reason for result in (auth.spf, auth.dmarc, auth.arc))


def test_without_envelope_spf_is_not_checked_and_dmarc_rests_on_dkim() -> None:
    auth, _ = run(SIGNED, Envelope())
    assert (auth.spf.result, auth.dmarc.result) == ("not-checked", "pass")
    auth, _ = run(PLAIN, Envelope())
    assert (auth.spf.result, auth.dmarc.result, auth.policy) == ("not-checked", "not-checked", "reject")


RESULTS = (
    b"Authentication-Results: mx.example.net (x); spf=pass (a; b) smtp.mailfrom=ann@sender.example;\r\n"
    b' dkim=pass reason="ok; fine" header.d=sender.example header.s=s1; dmarc=pass header.from=sender.example;\r\n'
    b" arc=none\r\n"
)
BORDER = b"Received: from mail.sender.example (x [198.51.100.7]) by mx.example.net with ESMTP; Mon, 2 Mar 2026 10:00:00 +0000\r\n"
FOREIGN = b"Received: from a by b.elsewhere.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n"


@pytest.mark.parametrize("network", [True, False])
def test_results_of_a_trusted_host_count_above_the_first_foreign_line(network: bool) -> None:
    auth, _ = run(RESULTS + BORDER + FOREIGN + PLAIN, Envelope(), trusted=OURS, network=network)
    assert (auth.spf.result, auth.spf.domain, auth.spf.reason) == (
        "pass",
        "sender.example",
        "told by mx.example.net",
    )
    assert (auth.dmarc.result, auth.authenticated_domain) == ("pass", "sender.example")


@pytest.mark.parametrize(
    "raw",
    [
        RESULTS.replace(b"mx.example.net", b"mx.evil.example") + BORDER + PLAIN,
        BORDER + FOREIGN + RESULTS + PLAIN,
        FOREIGN + RESULTS + PLAIN,
        RESULTS.replace(b"mx.example.net", b"mx.example.net.evil.example") + BORDER + PLAIN,
        RESULTS.replace(b"mx.example.net (x)", b"(mx.example.net) evil.example") + BORDER + PLAIN,
        RESULTS + PLAIN,
        b"Received-SPF: pass (mx.example.net: x) envelope-from=<a@sender.example>\r\n" + PLAIN,
    ],
)
def test_results_that_a_sender_wrote_do_not_count(raw: bytes) -> None:
    auth, _ = run(raw, Envelope(), trusted=OURS, network=False)
    assert {auth.spf.result, auth.dkim_summary, auth.dmarc.result} == {"not-checked"}


def test_of_several_results_the_topmost_counts() -> None:
    forged = RESULTS.replace(b"=pass", b"=fail")
    auth, _ = run(forged + RESULTS + BORDER + PLAIN, Envelope(), trusted=OURS, network=False)
    assert auth.spf.result == "fail"


def test_a_told_dmarc_pass_for_another_domain_does_not_authenticate() -> None:
    raw = RESULTS + BORDER + PLAIN.replace(b"ann@sender.example", b"ann@bank.example")
    auth, _ = run(raw, Envelope(), trusted=OURS, network=False)
    assert (auth.dmarc.result, auth.authenticated_domain) == ("not-checked", "")


def test_received_spf_of_a_trusted_host_counts() -> None:
    line = (
        b"Received-SPF: softfail (mx.example.net: no) client-ip=1.2.3.4; envelope-from=<a@sender.example>\r\n"
    )
    auth, _ = run(line + BORDER + PLAIN, Envelope(), trusted=OURS)
    assert (auth.spf.result, auth.spf.domain) == ("softfail", "sender.example")
    auth, _ = run(
        line.replace(b"mx.example.net", b"evil.example") + FOREIGN + PLAIN, Envelope(), trusted=OURS
    )
    assert auth.spf.result == "not-checked"


def test_the_client_that_our_border_saw_is_checked() -> None:
    raw = b"Return-Path: <ann@sender.example>\r\n" + BORDER.replace(b"198.51.100.7", b"8.8.8.8") + PLAIN
    auth, _ = run(raw, Envelope(), trusted=OURS)
    assert (auth.spf.result, auth.spf.reason) == ("fail", "8.8.8.8 may not send for sender.example")


@pytest.mark.parametrize(
    ("said", "client"),
    [
        (b"from x (HELO a[8.8.8.8]) (9.9.9.9) by mx.example.net", "9.9.9.9"),
        (b"from unknown (EHLO x) (ident@9.9.9.9) by mx.example.net", "9.9.9.9"),
        (b"from x (HELO a (b [8.8.8.8])) (9.9.9.9) by mx.example.net", "9.9.9.9"),
        (b"from x (HELO [8.8.8.8]) by mx.example.net", ""),
        (b"from [9.9.9.9] (helo=[8.8.8.8]) by mx.example.net", "9.9.9.9"),
        (b"from x ([9.9.9.9] helo=[8.8.8.8]) by mx.example.net", "9.9.9.9"),
        (b"from [8.8.8.8] (unknown [9.9.9.9]) by mx.example.net", "9.9.9.9"),
        (b"from a([8.8.8.8]) (unknown [9.9.9.9]) by mx.example.net", "9.9.9.9"),
        (b"from a (9.9.9.9) by mx.example.net ([8.8.8.8]) with SMTP (8.8.8.8)", "9.9.9.9"),
        (b"from a (a [IPv6:2a00:1450::1]) by mx.example.net", "2a00:1450::1"),
        (b"from a (a [10.0.0.1]) by mx.example.net", ""),
    ],
)
def test_the_client_is_what_our_host_saw_and_never_what_helo_said(said: bytes, client: str) -> None:
    told = read_trusted(parse_message(b"Received: " + said + b"; x\r\n" + PLAIN), OURS)
    assert (told.client.client_ip if told.client else "") == client


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"From: a@b.example, c@d.example\r\n", "From names 2 domains"),
        (b"From: a@b.example\r\nFrom: a@b.example\r\n", "twice"),
        (b"From: nobody\r\n", "From names 0 domains"),
        (b"Subject: x\r\n", "From names 0 domains"),
    ],
)
def test_dmarc_needs_exactly_one_author_domain(head: bytes, reason: str) -> None:
    auth, _ = run(head + b"\r\nx")
    assert auth.dmarc.result == "permerror" and reason in auth.dmarc.reason
    assert auth.authenticated_domain == ""


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ({"sender.example": [("MX", (10, "m.sender.example"))]}, "yes"),
        ({"sender.example": [("AAAA", "2001:db8::1")]}, "yes"),
        ({"sender.example": [("MX", (0, ""))]}, "no"),
        ({"sender.example": [("TXT", b"x")]}, "no"),
        ({}, "nonexistent"),
        ({"sender.example": [("TIMEOUT", None)]}, ""),
    ],
)
def test_whether_the_author_domain_takes_mail_is_told(records: Records, word: str) -> None:
    assert run(PLAIN, Envelope(), records)[0].author_mail == word


def test_an_international_author_domain_is_asked_for_as_a_label() -> None:
    records: Records = {"_dmarc.xn--fiqs8s.example": [("TXT", b"v=DMARC1; p=reject")]}
    auth, _ = run("From: a@中国.example\r\n\r\nx".encode(), ENVELOPE, records)
    assert (auth.dmarc.result, auth.dmarc.domain) == ("fail", "xn--fiqs8s.example")


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"DKIM-Signature", b"ARC-Seal", b"Authentication-Results", b"Received", b"Received-SPF", b"From"]
    ),
)
def test_any_header_is_survived(content: bytes, name: bytes) -> None:
    raw = name + b": " + content + b"\r\n" + SIGNED
    try:
        message = parse_message(raw)
    except BadInput:
        return
    World(WORLD).run(lambda facts: authenticate(raw, message, Envelope(), facts, OURS, True))
