"""DMARC, cases written by hand from RFC 9989; each names the section it follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.dmarc import Dmarc, check_dmarc
from mailrisk.analyse.message.auth.dmarc_record import (
    Record,
    organizational_domain,
    parse_record,
    targets,
    walk,
)
from mailrisk.model.facts import Facts
from mailrisk.model.message import AuthResult

NO_SPF = AuthResult(result="fail", reason="", domain="elsewhere.example")


def passed(domain: str) -> AuthResult:
    return AuthResult(result="pass", reason="", domain=domain)


def txt(**records: str) -> dict[str, Sequence[tuple[str, Any]]]:
    """``example_com='v=DMARC1; ...'`` becomes the record of _dmarc.example.com, which exists."""
    world: dict[str, list[tuple[str, Any]]] = {}
    for name, text in records.items():
        domain = name.replace("_", ".")
        world[f"_dmarc.{domain}"] = [("TXT", text.encode())]
        world.setdefault(domain, []).append(("A", "192.0.2.1"))
    return {**world}


def check(
    records: Records, author: str, spf: AuthResult = NO_SPF, dkim: tuple[AuthResult, ...] = ()
) -> Dmarc:
    return World(records).run(lambda facts: check_dmarc(author, spf, dkim, Answers(facts)))


def test_walk_asks_at_most_eight_names() -> None:  # §4.10, the section's own example
    names = targets("a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert names == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
        "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com",
    ]  # fmt: skip
    assert len(targets("a.b.c.d.e.f.g.h")) == 8
    assert targets("example.com") == ["example.com", "com"]


@pytest.mark.parametrize(
    ("records", "organization"),
    [
        (txt(mail_example_com="v=DMARC1", example_com="v=DMARC1"), "example.com"),
        (txt(mail_example_com="v=DMARC1; psd=n"), "mail.example.com"),
        (txt(mail_example_com="v=DMARC1; psd=n", example_com="v=DMARC1"), "mail.example.com"),
        (txt(com="v=DMARC1; psd=y"), "example.com"),
        (txt(a_mail_example_com="v=DMARC1; psd=y", example_com="v=DMARC1"), "a.mail.example.com"),
        ({}, "a.mail.example.com"),
    ],
)
def test_organizational_domain_is_found_by_walking_up(records: Records, organization: str) -> None:  # §4.10.2
    def step(facts: Facts) -> str:
        return organizational_domain("a.mail.example.com", walk("a.mail.example.com", Answers(facts)))

    assert World(records).run(step) == organization


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1; p=reject; pct=0", Record("d", policy="reject")),  # pct is unknown now and ignored
        ("v=DMARC1", Record("d", policy="none", defect="empty")),  # §4.10.1: no p, nobody to tell
        ("v=DMARC1; rua=mailto:a@example.org", Record("d", policy="none")),  # §4.7: p missing
        (
            "v=DMARC1; p=reject; t=y; adkim=s; aspf=S",
            Record("d", "reject", testing=True, strict_dkim=True, strict_spf=True),
        ),
        ("v=DMARC1;p=none;sp=quarantine;np=reject;psd=u", Record("d", "none", "quarantine", "reject")),
        ("v=DMARC1; p=maybe; rua=mailto:a@example.org", Record("d", policy="none")),  # §4.10.1
        ("v=DMARC1; p=maybe", Record("d", policy="none", defect="broken")),
        ("v=DMARC1; p=reject; sp=maybe; rua=mailto:a@example.org", Record("d", policy="none")),
        ("v=DMARC1; adkim=q; psd=x; p=reject", Record("d", policy="reject")),  # §4.8: defaults
        ("v = DMARC1 ; p = Reject", Record("d", policy="reject")),
        ("v=dmarc1; p=reject", None),
        ("p=reject; v=DMARC1", None),
        ("v=DMARC10; p=reject", None),
        ("v=spf1 -all", None),
    ],
)
def test_records_are_read_leniently_and_version_strictly(
    text: str, record: Record | None
) -> None:  # §4.7, §4.8
    assert parse_record("d", text) == record


def test_relaxed_alignment_needs_one_organization() -> None:  # §4.4
    records = txt(example_com="v=DMARC1; p=reject")
    result = check(records, "news.example.com", dkim=(passed("foo.example.com"),))
    assert (result.result.result, result.dkim[0].aligned) == ("pass", True)
    result = check(records, "news.example.com", dkim=(passed("foo.example.net"), passed("com")))
    assert (result.result.result, result.policy) == ("fail", "reject")


def test_strict_alignment_needs_identity() -> None:
    records = txt(example_com="v=DMARC1; p=reject; adkim=s; aspf=r")
    assert check(records, "example.com", dkim=(passed("foo.example.com"),)).result.result == "fail"
    assert check(records, "example.com", dkim=(passed("example.com"),)).result.result == "pass"
    assert check(records, "example.com", spf=passed("foo.example.com")).result.result == "pass"


def test_a_subdomain_that_is_its_own_organization_is_not_aligned() -> None:  # §4.10.2 step 1
    records = txt(example_com="v=DMARC1; p=reject", tenant_example_com="v=DMARC1; p=none; psd=n")
    assert check(records, "example.com", dkim=(passed("tenant.example.com"),)).result.result == "fail"
    assert check(records, "tenant.example.com", dkim=(passed("example.com"),)).result.result == "fail"


def test_below_a_public_suffix_tenants_are_strangers() -> None:  # §4.10.2 step 2
    records = txt(host_example="v=DMARC1; p=none; psd=y", a_host_example="v=DMARC1; p=reject")
    assert check(records, "a.host.example", dkim=(passed("b.host.example"),)).result.result == "fail"
    assert check(records, "a.host.example", dkim=(passed("x.a.host.example"),)).result.result == "pass"


@pytest.mark.parametrize(
    ("author", "policy"),
    [("example.com", "none"), ("real.example.com", "quarantine"), ("made-up.example.com", "reject")],
)
def test_policy_depends_on_whether_the_subdomain_exists(author: str, policy: str) -> None:  # §4.10.1
    records = {
        **txt(example_com="v=DMARC1; p=none; sp=quarantine; np=reject"),
        "real.example.com": [("A", "192.0.2.1")],
    }
    assert check(records, author).policy == policy


def test_absent_sp_and_np_fall_back_to_p() -> None:  # §4.7
    assert check(txt(example_com="v=DMARC1; p=reject"), "made-up.example.com").policy == "reject"
    assert check(txt(example_com="v=DMARC1; p=none; sp=reject"), "made-up.example.com").policy == "reject"


def test_a_public_suffix_policy_applies_only_without_a_record_below() -> None:  # §4.10.1
    suffix = txt(com="v=DMARC1; p=none; np=reject; psd=y")
    assert check(suffix, "nobody.com").policy == "reject"
    assert check({**suffix, **txt(example_com="v=DMARC1; p=none")}, "example.com").policy == "none"


def test_a_record_above_the_organization_does_not_apply_to_a_psd_n_domain() -> None:
    records = txt(example_com="v=DMARC1; p=reject", tenant_example_com="v=DMARC1; p=none; psd=n")
    assert check(records, "x.tenant.example.com").policy == "none"


def test_testing_weakens_the_policy_by_one_step() -> None:  # §4.7, tag t
    assert check(txt(example_com="v=DMARC1; p=reject; t=y"), "example.com").policy == "quarantine"
    assert check(txt(example_com="v=DMARC1; p=quarantine; t=y"), "example.com").policy == "none"


def test_several_records_are_none() -> None:  # §4.10 step 2
    records: Records = {"_dmarc.example.com": [("TXT", b"v=DMARC1; p=reject"), ("TXT", b"v=DMARC1; p=none")]}
    assert check(records, "example.com").result.result == "none"


def test_other_texts_beside_the_record_do_not_matter() -> None:
    records: Records = {"_dmarc.example.com": [("TXT", b"hello"), ("TXT", b"v=DMARC1; p=reject")]}
    assert check(records, "example.com").result.result == "fail"


def test_without_a_record_the_result_is_none_and_identity_aligns() -> None:
    result = check({}, "example.com", dkim=(passed("example.com"), passed("mail.example.com")))
    assert (result.result.result, result.policy) == ("none", "")
    assert [signature.aligned for signature in result.dkim] == [True, False]


def test_a_malformed_record_is_a_permanent_error() -> None:
    assert check(txt(example_com="v=DMARC1; p=maybe"), "example.com").result.result == "permerror"


def test_a_silent_server_leaves_dmarc_undecided() -> None:  # §5.3.6
    assert check({"_dmarc.example.com": [("TIMEOUT", None)]}, "example.com").result.result == "temperror"


@pytest.mark.parametrize("word", ["temperror", "not-checked"])
def test_an_undecided_spf_leaves_dmarc_undecided_unless_dkim_passes(word: str) -> None:  # §5.3.6
    spf = AuthResult(result=word, reason="", domain="example.com")
    records = txt(example_com="v=DMARC1; p=reject")
    assert check(records, "example.com", spf).result.result == word
    assert check(records, "example.com", spf, (passed("example.com"),)).result.result == "pass"
