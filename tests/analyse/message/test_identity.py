"""Who a message says it is, and who it is."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import OWN, codes, letter, view

from mailrisk.analyse.message.identity import Identity, Trust, identify


def who(
    name: str, address: str, subject: str = "Hello", text: str = "", dmarc: str = "not-checked"
) -> Identity:
    return identify(view(letter(name, address, subject, text), dmarc=dmarc))


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        ("PayPal", "paypal"),
        ("C o i n b a s e", "coinbase"),
        ("Apple", "apple"),
        ("Apple Support", "apple"),
        ("Orange", "orange"),
        ("支付宝", "alipay"),
        ("Conta Microsft", "microsoft"),
        ("GLS Paket", "gls"),
    ],
)
def test_a_display_name_claims_a_brand(name: str, brand: str) -> None:
    claim = who(name, "a@somebody.example").strongest
    assert claim is not None
    assert claim.brand.id == brand
    assert claim.where == "display name"


@pytest.mark.parametrize(
    "name", ["Chase Williams", "Fiona Apple", "Otto Wise", "Li Lei", "Target practice club of Leeds"]
)
def test_people_with_such_names_claim_nothing(name: str) -> None:
    assert who(name, "a@somebody.example").strongest is None


def test_the_brand_itself_claims_nothing_wrong() -> None:
    found = who("PayPal", "service@mail.paypal.com")
    assert found.claims == ()
    assert [brand.id for brand in found.genuine] == ["paypal"]


def test_a_mailbox_at_a_provider_is_not_the_provider() -> None:
    claim = who("Google Security", "g.security.7781@gmail.com").strongest
    assert claim is not None
    assert claim.brand.id == "google"


def test_houses_with_a_common_domain_are_one() -> None:
    assert who("微信团队", "weixin@tencent.com").claims == ()


def test_a_subject_alone_is_a_weak_claim_and_a_signature_a_strong_one() -> None:
    weak = who("Li", "a@b.example", "PayPal is down again", "PayPal does not answer.").strongest
    strong = who("", "a@b.example", "Your PayPal account", "Dear customer, ... The PayPal Team").strongest
    assert weak is not None
    assert strong is not None
    assert weak.strength < 0.7 <= strong.strength


@pytest.mark.parametrize(
    ("dmarc", "trust"),
    [
        ("fail", Trust.FAILED),
        ("not-checked", Trust.UNKNOWN),
        ("temperror", Trust.UNKNOWN),
        ("permerror", Trust.UNKNOWN),
        ("none", Trust.UNKNOWN),
    ],
)
def test_only_a_failure_counts_against_the_author(dmarc: str, trust: Trust) -> None:
    assert who("A", "a@b.example", dmarc=dmarc).trust is trust


def test_inside_is_who_writes_from_an_own_domain_and_did_not_fail() -> None:
    assert who("A", f"a@{OWN}").inside
    assert not who("A", f"a@{OWN}", dmarc="fail").inside
    assert not who("A", "a@b.example").inside


@pytest.mark.parametrize(
    ("name", "address", "code"),
    [
        (f"{OWN} Mail Server", "a@b.example", "own-organisation-claimed"),
        ("ceo@big-firm.example", "a@b.example", "address-in-name"),
        ("人力资源部", "hr20260310@gmail.com", "department-from-free-mail"),
        ("Service", "a@qinghe-mail.net", "sender-own-lookalike"),
        ("Service", "a@support-trustwallet.com", "sender-lookalike"),
        ("Notice", "x@f4ylt0eb13.com", "random-sender-domain"),
        ("Notice", "x@tenant77.onmicrosoft.com", "default-tenant-domain"),
    ],
)
def test_contradictions_become_evidence(name: str, address: str, code: str) -> None:
    assert code in codes(view(letter(name, address, "Notice", "Text")))


@pytest.mark.parametrize(
    "address", ["a@bjhdqzx.com", "a@51fanli365.com", "a@sz8.cn", "a@163yun.com", "a@xn--fiq228c5hs.cn"]
)
def test_names_of_small_chinese_firms_are_not_called_random(address: str) -> None:
    assert "random-sender-domain" not in codes(view(letter("A", address, "Notice", "Text")))


def test_answers_to_a_free_mailbox_are_told() -> None:
    raw = letter("A", "a@b.example", "x", "y", reply_to="other@gmail.com")
    assert "reply-to-free-mail" in codes(view(raw))
    assert "reply-to-free-mail" not in codes(
        view(letter("A", "a@b.example", "x", "y", reply_to="a@b.example"))
    )
