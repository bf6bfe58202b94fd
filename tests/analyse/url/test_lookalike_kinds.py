"""Each way to imitate a domain, against brands and against the organisation's own domains, with honest neighbours."""

from __future__ import annotations

import msgspec
import pytest
from tests.analyse.message.letters import shipped

from mailrisk.analyse.url.lookalike import imitates, imitates_own

OWN = msgspec.structs.replace(shipped(), own_domains=frozenset({"qinghe.example", "hengda-group.com"}))


def puny(label: str) -> str:
    """The label as the DNS knows it."""
    return f"xn--{label.encode('punycode').decode()}"


@pytest.mark.parametrize(
    ("host", "brand", "kind"),
    [
        # Another script's letters, digits for letters, letters that run together (UTS 39).
        (puny("p\u0430ypal") + ".com", "paypal", "confusable"),
        ("paypa1.example", "paypal", "confusable"),
        ("rnicrosoft.example", "microsoft", "confusable"),
        # A brand that is a word of its own, in disguise.
        (puny("\u0430pple") + ".com", "apple", "confusable"),
        (puny("\u0430\u0440\u0440\u04cf\u0435") + ".com", "apple", "confusable"),
        ("app1e.example", "apple", "confusable"),
        ("amaz0n.example", "amazon", "confusable"),
        # One slip: a neighbour on the keyboard, a letter left out, doubled, swapped.
        ("paypak.example", "paypal", "typo"),
        ("micosoft.example", "microsoft", "typo"),
        ("faceboook.example", "facebook", "typo"),
        ("alipya.example", "alipay", "typo"),
        # Extra words.
        ("paypal-login.example", "paypal", "combo"),
        ("secure-microsoft.example", "microsoft", "combo"),
        ("dhl-tracking.example", "dhl", "combo"),
        ("mircosoft-login.example", "microsoft", "combo"),
        # Pinyin.
        ("zhifubao-renzheng.example", "alipay", "combo"),
        ("weixin-anquan.example", "wechat", "combo"),
        ("zhifubao.example", "alipay", "tld"),
        # Another suffix.
        ("paypal.top", "paypal", "tld"),
        ("dingtalk.xyz", "dingtalk", "tld"),
        # In front of somebody else's domain.
        ("paypal.com.check.example", "paypal", "subdomain"),
        ("login-microsoft.check.example", "microsoft", "subdomain"),
    ],
)  # fmt: skip
def test_each_kind_of_imitation_of_a_brand(host: str, brand: str, kind: str) -> None:
    found = imitates(host, shipped())
    assert found is not None
    assert (found.brand.id, found.kind) == (brand, kind)


@pytest.mark.parametrize(
    ("host", "own", "kind"),
    [
        (puny("q\u0456nghe") + ".com", "qinghe.example", "confusable"),
        ("q1nghe.com", "qinghe.example", "confusable"),
        ("qimghe.com", "qinghe.example", "typo"),
        ("qinhe.com", "qinghe.example", "typo"),
        ("qigneh.com", "", ""),
        ("qinghe-mail.com", "qinghe.example", "combo"),
        ("youxiang-qinghe.com", "qinghe.example", "combo"),
        ("qinghe.top", "qinghe.example", "tld"),
        ("qinghe.example.check.com", "qinghe.example", "subdomain"),
        ("hengda-group.net", "hengda-group.com", "tld"),
        ("hengda-groups.com", "hengda-group.com", "typo"),
        ("hengda-group-hr.com", "", ""),
        ("hengda-group-login.com", "hengda-group.com", "combo"),
        ("mail.qinghe.example", "", ""),
        ("qing.com", "", ""),
        ("hengda.com", "", ""),
    ],
)
def test_each_kind_of_imitation_of_an_own_domain(host: str, own: str, kind: str) -> None:
    found = imitates_own(host, OWN)
    assert (found.domain, found.kind) == (own, kind) if own and found else (found is None and not own)


@pytest.mark.parametrize(
    "host",
    [
        "apple-tree.example", "pineapple.example", "applegarden.example", "chasewood.example", "orangerie.example",
        "amazonas-reisen.example", "onlinevisaform.example", "microsofa-shop.example",
        puny("\u00e4pple") + ".example",  # Swedish for the fruit
        puny("\u0441\u0430\u0445\u0430\u0440") + ".example",  # Russian for sugar: letters that look Latin, no brand
        "4pple.example", "steam2.example",
    ],
)  # fmt: skip
def test_common_words_in_honest_names_imitate_nobody(host: str) -> None:
    assert imitates(host, shipped()) is None
