"""Brands: names found as people read them, owners of hosts, imitations of labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.brand import Brand, Brands

PAYPAL = Brand(
    id="paypal",
    title="PayPal",
    sector="finance",
    names=("PayPal", "贝宝"),
    domains=("paypal.com", "paypal.me"),
    patterns=("paypal.??",),
)
CHASE = Brand(
    id="chase",
    title="Chase",
    sector="bank",
    names=("Chase Bank",),
    ambiguous=("Chase",),
    domains=("chase.com",),
)
DHL = Brand(id="dhl", title="DHL", sector="courier", names=("DHL", "DHL Express"), domains=("dhl.com", "dhl"))
WECHAT = Brand(
    id="wechat",
    title="微信",
    sector="internet",
    names=("微信支付",),
    domains=("weixin.qq.com",),
    labels=("weixin",),
)
BRANDS = Brands([PAYPAL, CHASE, DHL, WECHAT])


@pytest.mark.parametrize(
    "text",
    [
        "Your PayPal account",
        "PAYPAL!",
        "P\u0430yP\u0430l",
        "Pay\u200bPal",
        "𝗣𝗮𝘆𝗣𝗮𝗹",
        "ＰａｙＰａｌ",
        "请登录贝宝查看",
    ],
)
def test_a_name_is_found_however_it_is_disguised(text: str) -> None:
    assert [mention.brand.id for mention in BRANDS.mentions(text)] == ["paypal"]


@pytest.mark.parametrize("text", ["repaypalette", "a day pal", "dhlx", "微信", ""])
def test_parts_of_other_words_are_no_names(text: str) -> None:
    assert BRANDS.mentions(text) == ()


def test_a_name_of_several_words_may_be_written_with_other_gaps() -> None:
    assert BRANDS.mentions("the chase-bank team")[0].name == "chase bank"


def test_a_word_that_means_other_things_is_marked() -> None:
    assert [mention.ambiguous for mention in BRANDS.mentions("we chase them")] == [True]


def test_mentions_come_in_the_order_of_the_text() -> None:
    assert [mention.brand.id for mention in BRANDS.mentions("DHL, then PayPal")] == ["dhl", "paypal"]


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("paypal.com", "paypal"),
        ("www.paypal.com", "paypal"),
        ("paypal.de", "paypal"),
        ("www.paypal.de", "paypal"),
        ("mydhl.express.dhl", "dhl"),
        ("pay.weixin.qq.com", "wechat"),
        ("qq.com", ""),
        ("paypal.com.evil.example", ""),
        ("notpaypal.com", ""),
        ("", ""),
    ],
)
def test_the_owner_of_a_host_is_found_by_itself_or_its_parents(host: str, owner: str) -> None:
    assert [brand.id for brand in BRANDS.owners(host)] == ([owner] if owner else [])


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("paypal.xyz", "tld"),
        ("paypa1.com", "confusable"),
        ("xn--pypal-4ve.com", "confusable"),
        ("payapl.com", "typo"),
        ("paypall.net", "typo"),
        ("paypal-login.com", "combo"),
        ("securepaypal.com", "combo"),
        ("weixin-anquan.cn", "combo"),
        ("chase-verify.com", "combo"),
        ("paypal.com.evil.example", "subdomain"),
        ("secure-paypal.evil.example", "subdomain"),
    ],
)
def test_an_imitation_is_found_and_named(host: str, kind: str) -> None:
    look = BRANDS.lookalike(host)
    assert look is not None
    assert look.kind == kind


@pytest.mark.parametrize(
    "host",
    [
        "paypal.com",
        "www.paypal.de",
        "chase.org",
        "purchase.com",
        "payroll.com",
        "example.com",
        "pay.pal.example",
    ],
)
def test_the_brand_itself_and_chance_resemblance_are_no_imitation(host: str) -> None:
    assert BRANDS.lookalike(host) is None


def test_a_misspelt_name_is_known_from_eight_letters_on() -> None:
    brands = Brands([Brand(id="m", title="Microsoft", sector="it", names=("Microsoft",))])
    found = brands.misspelt("microsft")
    assert found is not None
    assert found.id == "m"
    assert brands.misspelt("microsoft") is None
    assert BRANDS.misspelt("paypall") is None


@given(st.text(max_size=400))
def test_no_text_breaks_the_search(text: str) -> None:
    assert len(BRANDS.mentions(text)) <= 2 * len(BRANDS)


@given(st.from_regex(r"[a-z0-9.-]{1,80}", fullmatch=True))
def test_no_host_breaks_the_comparison(host: str) -> None:
    BRANDS.lookalike(host)
    BRANDS.owners(host)


def test_a_name_that_begins_otherwise_is_no_slip_of_a_known_one() -> None:
    github = Brand(id="github", title="GitHub", sector="internet", names=("GitHub",), domains=("github.com",))
    brands = Brands([github])
    assert brands.lookalike("withub.org") is None
    for slip in ("hithub.com", "githib.com", "githubb.com"):
        assert brands.lookalike(slip), slip
