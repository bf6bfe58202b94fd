"""The URL rules: what each one sees, what it leaves alone, and that together they never convict."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stalling import at_most

from mailrisk.analyse.url.registry import RULES, analyse_url
from mailrisk.edge.policy_files import load_policy
from mailrisk.edge.shipped import load_hosts
from mailrisk.model.brand import Brands
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.unwrap import unwrap

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KNOWLEDGE = Knowledge(brands=Brands(()), hosts=load_hosts(), own_domains=frozenset({"corp.example"}))
POLICY = load_policy({})


def _analysed(link: str) -> list[Evidence]:
    unwrapped = unwrap(parse_url(link), KNOWLEDGE.hosts)
    return list(analyse_url(unwrapped, KNOWLEDGE, NOW, unwrapped.url.subject))


def _codes(link: str) -> set[str]:
    return {item.code for item in _analysed(link)}


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://192.0.2.1/a", "ip-literal-host"),
        ("http://3221225985/a", "ip-literal-host"),
        ("http://evil.example:4444/", "odd-port"),
        ("https://www.paypal.com@evil.example/", "decoy-before-host"),
        ("https://admin:x@evil.example/", "credentials-in-url"),
        ("https://a.b.c.d.evil.example/", "many-subdomains"),
        ("https://evil.duckdns.org/", "dynamic-dns-host"),
        ("https://ipfs.io/ipfs/QmXyz", "ipfs-gateway-host"),
        ("https://evil.github.io/", "free-subdomain-host"),
        ("https://t.cn/A6abc", "shortener-hides-target"),
        ("https://www.wjx.cn/vm/abc.aspx", "form-service-host"),
        ("https://forms.gle/abc", "form-service-host"),
        ("https://shimo.im/docs/abc", "document-service-host"),
        ("https://storage.googleapis.com/bucket/a.html", "file-host"),
        ("https://evil.top/", "abused-tld"),
        ("https://a1b2c3d4e5.example/", "random-looking-host"),
        ("https://bank-of-somewhere-login.example/", "stuffed-host-name"),
        ("https://protect-us.mimecast.com/s/abc?domain=evil.example", "opaque-wrapper"),
        ("https://www.icbc.com.cn/redirect?url=https://evil.example/", "open-redirect"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fhref.li%252F%253Fhttps%253A%252F%252Fevil.example", "nested-wrappers"),
        ("https://pаypal.example/", "mixed-script-host"),
        ("https://secure-verify.example/", "lure-words-in-host"),
        ("https://evil.example/login/verify.php", "lure-words-in-path"),
        ("https://evil.example/a?e=alice@corp.example", "personalised-link"),
        ("https://evil.example/a#alice@corp.example", "personalised-link"),
        ("https://evil.example/invoice.pdf.exe", "url-double-extension"),
        ("https://evil.example/setup.exe", "program-download"),
        ("https://evil.example/a.zip", "archive-download"),
        ("https://club.example/wp-includes/x/index.php", "page-in-system-folder"),
        ("https://evil.example/%6c%6f%67%69%6e", "needless-escapes"),
        ("https://www.paypal.com/", "widely-used-site"),
    ],
)  # fmt: skip
def test_each_rule_sees_what_it_is_for(link: str, code: str) -> None:
    assert code in _codes(link)


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/ws/eBayISAPI.dll?ViewItem", "https://shop.example/cgi-bin/order.exe",
        "https://example.cn/", "https://szgjj.com.cn/login", "https://university.example/news/2024/05/index.html",
        "https://shop.example/product?id=1&utm_source=mail", "https://xn--fiqs8s.example/", "https://日本語ドメイン.example/",
        "https://example.app/", "https://mail.corp.example/owa/auth/logon.aspx?user=alice@corp.example", "https://blog.example/?p=1",
    ],
)  # fmt: skip
def test_ordinary_links_are_left_alone(link: str) -> None:
    assert _codes(link) == set()


@pytest.mark.parametrize(
    "link",
    [
        "https://accounts.google.com/signin/v2/identifier", "https://login.microsoftonline.com/common/oauth2/authorize?login_hint=a@b.example",
        "https://www.paypal.com/signin/verify", "https://mybank.icbc.com.cn/login/account.zip",
    ],
)  # fmt: skip
def test_log_in_pages_of_known_sites_speak_for_themselves(link: str) -> None:
    assert _codes(link) <= {"widely-used-site"}


@pytest.mark.parametrize(
    "link",
    [
        "https://docs.google.com/forms/x", "https://evil.github.io/", "https://www.icbc.com.cn@evil.example/", "https://bit.ly/x",
        "https://www.google.com/search", "https://contoso.sharepoint.com/x", "https://evil.weebly.com/",
        "https://www.icbc.com.cn/redirect?url=https://www.paypal.com/",
    ],
)  # fmt: skip
def test_no_trust_is_lent_to_what_anyone_may_publish_or_redirect(link: str) -> None:
    assert "widely-used-site" not in _codes(link)


def test_evidence_about_a_personal_link_does_not_repeat_the_address() -> None:
    found = [
        item
        for item in _analysed("https://evil.example/a?e=alice@corp.example")
        if item.code == "personalised-link"
    ]
    assert "alice" not in repr(found[0].data)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".well-known/x/", True),
        (".well-known/acme-challenge/token", False),
        (".well-known/acme-challenge/wp-includes/a.htm", True),
        ("wp-content/uploads/2024/report.pdf", False),
        ("WP-Admin/css/Login.HTML", True),
        (".well-known/" * 1_300, True),
        (".well-known/" * 1_300 + "x", False),
    ],
)
def test_a_page_in_a_system_folder_is_known_by_folder_and_end_of_the_path(path: str, found: bool) -> None:
    with at_most(0.4):
        assert ("page-in-system-folder" in _codes(f"https://club.example/{path}")) is found


def test_every_rule_states_its_conditions() -> None:
    assert all(rule.__doc__ for rule in RULES)


def _shown(items: Iterable[Evidence]) -> None:
    for item in items:
        rule = POLICY.rule(item.code)
        assert not (rule.convicts and rule.stage == "url")
        assert rule.weight >= 0 or rule.lowers
        rule.en.format(**item.data)
        rule.zh.format(**item.data)


@given(
    st.sampled_from(["evil.top", "a.b.c.d.evil.example", "x.github.io", "bit.ly", "192.0.2.1", "www.icbc.com.cn", "xn--pypal-4ve.example", "u:p@evil.example", "evil.duckdns.org"]),
    st.text("ab/.?=&@%#1e-_Z:", max_size=40),
)  # fmt: skip
def test_every_evidence_has_a_rule_and_fills_its_text(host: str, tail: str) -> None:
    try:
        _shown(_analysed(f"https://{host}/{tail}"))
    except BadInput:
        return


def test_all_url_reasons_have_the_evidence_that_fills_their_text() -> None:
    _shown(
        _analysed("https://secure-verify-a1b2c3d4e5.evil.top:81/login/verify/x.pdf.exe?e=alice@corp.example")
    )
