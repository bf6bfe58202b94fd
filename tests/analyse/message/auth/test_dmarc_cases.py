"""DMARC as a table, written by hand from RFC 9989: zone, author, what SPF and DKIM proved -> word and policy.

Appendix B.4's examples are here in full; sections are those of the RFC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from tests.analyse.message.auth.test_dmarc import check, passed, txt
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.authenticate import author_domain
from mailrisk.analyse.message.auth.dmarc_record import targets, walk
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.message import AuthResult

REJECT = "v=DMARC1; p=reject"
SILENT: Sequence[tuple[str, Any]] = [("TIMEOUT", None)]
EXISTS: Sequence[tuple[str, Any]] = [("A", "192.0.2.1")]
FAILED = AuthResult(result="fail", reason="", domain="elsewhere.example")
NONE = AuthResult(result="none", reason="")


class Case(NamedTuple):
    """One row; ``spf`` and ``dkim`` are the domains that passed."""

    name: str
    records: Records
    author: str
    word: str
    policy: str
    spf: str = ""
    dkim: tuple[str, ...] = ()


B41 = txt(example_com=REJECT, signing_example_com="v=DMARC1; p=none")
B43 = txt(bank_example="v=DMARC1; p=reject; psd=y", giant_bank_example="v=DMARC1; p=quarantine")
DEEP = "a.b.c.d.e.f.g.h.i.j.k.example.com"
LADDER = txt(example_com="v=DMARC1; p=none; sp=quarantine; np=reject") | {"real.example.com": EXISTS}

CASES = [
    # §4.4: alignment
    Case("B.4.1 SPF of the author domain itself", B41, "example.com", "pass", "reject", "example.com"),
    Case("B.4.1 DKIM below", B41, "example.com", "pass", "reject", dkim=("signing.example.com",)),
    Case("B.4.1 the other way round", B41, "signing.example.com", "pass", "none", dkim=("example.com",)),
    Case("B.4.2 a deep author", B41, DEEP, "pass", "reject", "example.com", ("signing.example.com",)),
    Case("B.4.2 nothing proved", B41, DEEP, "fail", "reject"),
    Case("B.4.3 SPF within the bank", B43, "giant.bank.example", "pass", "quarantine", "mail.giant.bank.example"),
    Case("B.4.3 DKIM of another bank", B43, "giant.bank.example", "fail", "quarantine", "", ("mail.mega.bank.example",)),
    Case("B.4.3 the suffix itself signs", B43, "giant.bank.example", "fail", "quarantine", "", ("bank.example",)),
    Case("B.4.3 a bank without a record", B43, "mega.bank.example", "fail", "reject"),
    Case("B.4.3 its own signature", B43, "mega.bank.example", "pass", "reject", "", ("x.mega.bank.example",)),
    Case("the suffix writes itself", B43, "bank.example", "pass", "reject", "bank.example"),
    Case("siblings share an organization", txt(example_com=REJECT), "a.example.com", "pass", "reject", "b.example.com"),
    Case("another organization", txt(example_com=REJECT), "example.com", "fail", "reject", "example.net"),
    Case("a name that only ends alike", txt(example_com=REJECT), "example.com", "fail", "reject", "badexample.com"),
    Case("the suffix of the author", txt(example_com=REJECT), "example.com", "fail", "reject", "com"),
    Case("one of several signatures", txt(example_com=REJECT), "example.com", "pass", "reject", "", ("x.net", "example.com")),
    Case("strict DKIM, below", txt(example_com=f"{REJECT}; adkim=s"), "example.com", "fail", "reject", "", ("a.example.com",)),
    Case("strict DKIM, same", txt(example_com=f"{REJECT}; adkim=s"), "example.com", "pass", "reject", "", ("example.com",)),
    Case("strict DKIM leaves SPF relaxed", txt(example_com=f"{REJECT}; adkim=s"), "example.com", "pass", "reject", "a.example.com"),
    Case("strict SPF, below", txt(example_com=f"{REJECT}; aspf=s"), "example.com", "fail", "reject", "a.example.com"),
    Case("strict SPF, same", txt(example_com=f"{REJECT}; aspf=S"), "example.com", "pass", "reject", "example.com"),
    Case("strict of the organization binds below", txt(example_com=f"{REJECT}; aspf=s"), "a.example.com", "fail", "reject", "example.com"),
    Case("an unknown mode is relaxed", txt(example_com=f"{REJECT}; aspf=x"), "example.com", "pass", "reject", "a.example.com"),
    # §4.10.1: which record, which tag
    Case("sp for names that exist", LADDER, "real.example.com", "fail", "quarantine"),
    Case("np for names that do not", LADDER, "made-up.example.com", "fail", "reject"),
    Case("np two levels down", LADDER, "x.made-up.example.com", "fail", "reject"),
    Case("p at the domain itself", LADDER, "example.com", "fail", "none"),
    Case("np without sp", txt(example_com="v=DMARC1; p=none; np=reject") | {"a.example.com": EXISTS}, "a.example.com", "fail", "none"),
    Case("sp stands in for np", txt(example_com="v=DMARC1; p=none; sp=reject"), "made-up.example.com", "fail", "reject"),
    Case("p stands in for both", txt(example_com="v=DMARC1; p=quarantine"), "made-up.example.com", "fail", "quarantine"),
    Case("a record of its own wins", txt(example_com=REJECT, a_example_com="v=DMARC1; p=none"), "a.example.com", "fail", "none"),
    Case("sp of a record below is not asked", txt(a_example_com="v=DMARC1; p=none; sp=reject"), "a.example.com", "fail", "none"),
    Case("a record between applies to nobody", txt(example_com=REJECT, b_example_com="v=DMARC1; p=none"), "a.b.example.com", "fail", "reject"),
    Case("psd=n ends the walk", txt(example_com=REJECT, b_example_com="v=DMARC1; p=none; psd=n"), "a.b.example.com", "fail", "none"),
    Case("psd=n is its own organization", txt(example_com=REJECT, b_example_com="v=DMARC1; p=none; psd=n"), "a.b.example.com", "fail", "none", "example.com"),
    Case("psd=n covers what is below", txt(b_example_com="v=DMARC1; p=reject; psd=n"), "a.b.example.com", "pass", "reject", "c.b.example.com"),
    Case("psd=u is the default", txt(b_example_com="v=DMARC1; p=reject; psd=u", example_com="v=DMARC1; p=none"), "b.example.com", "pass", "reject", "example.com"),
    Case("an unknown psd is u", txt(b_example_com="v=DMARC1; p=reject; psd=?", example_com="v=DMARC1; p=none"), "b.example.com", "pass", "reject", "example.com"),
    Case("the suffix's np for who has no record", txt(com="v=DMARC1; p=none; np=reject; psd=y"), "made-up.com", "fail", "reject"),
    Case("the suffix's sp", txt(com="v=DMARC1; p=reject; sp=none; psd=y") | {"real.com": EXISTS}, "real.com", "fail", "none"),
    Case("the suffix is silent where there is a record", txt(com="v=DMARC1; p=reject; psd=y", real_com="v=DMARC1; p=none"), "real.com", "fail", "none"),
    Case("relaxed below a suffix's record", txt(com="v=DMARC1; p=reject; psd=y"), "real.com", "pass", "reject", "mail.real.com"),
    Case("strangers below a suffix's record", txt(com="v=DMARC1; p=reject; psd=y"), "real.com", "fail", "reject", "other.com"),
    Case("no record anywhere", {}, "example.com", "none", ""),
    Case("only a record for another domain", txt(example_net=REJECT), "example.com", "none", ""),
    Case("beyond the eight questions", txt(b_c_d_e_f_g_h_example_com=REJECT), "a.b.c.d.e.f.g.h.example.com", "none", ""),
    Case("within the eight questions", txt(d_e_f_g_h_example_com=REJECT), "a.b.c.d.e.f.g.h.example.com", "fail", "reject"),
    # §4.7, §4.8: the record
    Case("pct is gone", txt(example_com="v=DMARC1; p=reject; pct=0"), "example.com", "fail", "reject"),
    Case("ri and rf are gone", txt(example_com="v=DMARC1; ri=86400; rf=afrf; p=reject"), "example.com", "fail", "reject"),
    Case("rua and ruf and fo say nothing here", txt(example_com=f"{REJECT}; rua=mailto:a@b.example!10m; ruf=nonsense; fo=9"), "example.com", "fail", "reject"),
    Case("test mode of reject", txt(example_com="v=DMARC1; p=reject; t=y"), "example.com", "fail", "quarantine"),
    Case("test mode of quarantine", txt(example_com="v=DMARC1; p=quarantine; t=Y"), "example.com", "fail", "none"),
    Case("test mode of none", txt(example_com="v=DMARC1; p=none; t=y"), "example.com", "fail", "none"),
    Case("test mode of sp", txt(example_com="v=DMARC1; p=none; sp=reject; t=y") | {"a.example.com": EXISTS}, "a.example.com", "fail", "quarantine"),
    Case("test mode of np", txt(example_com="v=DMARC1; p=none; np=reject; t=y"), "made-up.example.com", "fail", "quarantine"),
    Case("test mode does not spoil a pass", txt(example_com="v=DMARC1; p=reject; t=y"), "example.com", "pass", "quarantine", "example.com"),
    Case("t of something else is n", txt(example_com="v=DMARC1; p=reject; t=1"), "example.com", "fail", "reject"),
    Case("no p, reports wanted", txt(example_com="v=DMARC1; rua=mailto:a@example.com"), "example.com", "fail", "none"),
    Case("no p, nobody to tell", txt(example_com="v=DMARC1; adkim=s"), "example.com", "none", ""),
    Case("p of nonsense, reports wanted", txt(example_com="v=DMARC1; p=block; rua=mailto:a@example.com"), "example.com", "fail", "none"),
    Case("p of nonsense, nobody to tell", txt(example_com="v=DMARC1; p=block"), "example.com", "permerror", ""),
    Case("sp of nonsense weakens p too", txt(example_com=f"{REJECT}; sp=block; rua=mailto:a@example.com"), "example.com", "fail", "none"),
    Case("np of nonsense, nobody to tell", txt(example_com=f"{REJECT}; np=block"), "example.com", "permerror", ""),
    Case("an address that is none", txt(example_com="v=DMARC1; p=block; rua=a@example.com"), "example.com", "permerror", ""),
    Case("white space", txt(example_com="v\t=\tDMARC1 ;\tp\t=\treject\t;"), "example.com", "fail", "reject"),
    Case("tags in capitals", txt(example_com="V=DMARC1; P=REJECT"), "example.com", "fail", "reject"),
    Case("the version is exact", txt(example_com="v=dmarc1; p=reject"), "example.com", "none", ""),
    Case("the version is first", txt(example_com="p=reject; v=DMARC1"), "example.com", "none", ""),
    Case("no later version", txt(example_com="v=DMARC2; p=reject"), "example.com", "none", ""),
    Case("a version with a tail", txt(example_com="v=DMARC1x; p=reject"), "example.com", "none", ""),
    Case("the walk goes on past two records", txt(example_com=REJECT) | {"_dmarc.a.example.com": [("TXT", b"v=DMARC1; p=none"), ("TXT", b"v=DMARC1; p=none")], "a.example.com": EXISTS}, "a.example.com", "fail", "reject"),
    Case("the walk goes on past other texts", txt(example_com=REJECT) | {"_dmarc.a.example.com": [("TXT", b"v=spf1 -all")], "a.example.com": EXISTS}, "a.example.com", "fail", "reject"),
    Case("a record of 5,000 bytes is none", txt(example_com=f"{REJECT}; x={'a' * 5000}"), "example.com", "none", ""),
    # §5.3.6: what the DNS does not answer
    Case("silence at the author domain", {"_dmarc.example.com": SILENT}, "example.com", "temperror", ""),
    Case("silence above an author without record", txt(example_com=REJECT) | {"_dmarc.com": SILENT}, "a.example.com", "temperror", ""),
    Case("silence above, the author domain proved", txt(example_com=REJECT) | {"_dmarc.com": SILENT}, "example.com", "pass", "reject", "example.com"),
    Case("silence above, nothing proved", txt(example_com=REJECT) | {"_dmarc.com": SILENT}, "example.com", "temperror", ""),
    Case("silence at a signer beside a pass", txt(example_com=REJECT) | {"_dmarc.a.example.com": SILENT}, "example.com", "pass", "reject", "example.com", ("a.example.com",)),
    Case("silence at the only signer", txt(example_com=REJECT) | {"_dmarc.a.example.com": SILENT}, "example.com", "temperror", "reject", "", ("a.example.com",)),
    Case("silence about whether the name exists", txt(example_com="v=DMARC1; p=none; sp=quarantine; np=reject") | {"a.example.com": SILENT}, "a.example.com", "fail", "quarantine"),
]  # fmt: skip


def test_there_are_at_least_sixty_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_dmarc_follows_rfc_9989(case: Case) -> None:
    spf = passed(case.spf) if case.spf else FAILED
    result = check(case.records, case.author, spf, tuple(map(passed, case.dkim)))
    assert (result.result.result, result.policy) == (case.word, case.policy)
    assert result.result.aligned is (case.word == "pass")
    assert result.result.domain == case.author
    assert result.result.reason


@pytest.mark.parametrize(
    ("author", "asked"),
    [
        ("example.com", 2),
        ("a.b.c.d.e.example.com", 7),
        ("b.c.d.e.f.g.example.com", 8),
        ("a.b.c.d.e.f.g.example.com", 8),
        (".".join(["x"] * 120), 8),
    ],
)
def test_a_walk_asks_at_most_eight_questions(author: str, asked: int) -> None:  # §4.10
    world = World({})
    assert world.run(lambda facts: walk(author, Answers(facts))) == []
    assert len(targets(author)) == len(world.asked) == asked


@pytest.mark.parametrize(
    ("header", "domain"),
    [
        ("ann@Example.COM", "example.com"),
        ('"a@b.example" <ann@example.com>', "example.com"),
        ("ann@example.com, bob@example.com", "example.com"),
        ("ann@example.com, bob@example.net", ""),
        ("ann@xn--fa-hia.example", "xn--fa-hia.example"),
        ("ann@fa\u00df.example", "xn--fa-hia.example"),
        ("ann@\u90ae\u7bb1.example", "xn--c0zu34b.example"),
        ("ann@localhost", ""),
        ("ann", ""),
        ("undisclosed:;", ""),
    ],
)
def test_exactly_one_author_domain_is_taken_from_the_header(header: str, domain: str) -> None:  # §5.3.1
    assert author_domain(parse_message(f"From: {header}\r\n\r\nhello\r\n".encode())) == domain


@pytest.mark.parametrize("raw", [b"Subject: x\r\n\r\n", b"From: a@x.example\r\nFrom: b@x.example\r\n\r\n"])
def test_no_or_two_from_headers_are_no_author_domain(raw: bytes) -> None:  # §5.3.1
    assert author_domain(parse_message(raw)) == ""
