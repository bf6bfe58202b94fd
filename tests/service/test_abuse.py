"""What an attacker tries who can only send mails, place one line in a feed, or report with one key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailrisk.edge.shipped import load_feeds
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Envelope
from mailrisk.service.answers import IpAnswer, MessageAnswer, UrlAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_message import check_message, report_message
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.import_feed import import_feed
from mailrisk.service.keys import Role, issue
from mailrisk.service.withdraw import list_by_hand, withdraw

LURE = Path("src/mailrisk/data/examples/mailbox-quota.eml").read_bytes()
LINK = b"https://mail-desk-support.example/owa/login.php?user=lee@example.org"
BRAND_LURE = (
    b'From: "PayPal Security" <alert@random-sender-host.example>\r\nTo: %s\r\nSubject: PayPal: your account '
    b"is limited\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Dear PayPal customer, your account has been "
    b"limited. Log in and verify your password within 24 hours or it will be closed.</p>"
    b'<p><a href="%s">Log in to PayPal</a></p><p>PayPal Security Team</p>'
)


def report(context: Context, raw: bytes, reporter: str = "key a") -> MessageAnswer:
    return asyncio.run(report_message(context, raw, Envelope(), reporter=reporter, network=False))


def brand_lure(link: bytes, to: bytes = b"reader@example.org") -> bytes:
    return BRAND_LURE % (to, link)


def url(context: Context, text: str) -> UrlAnswer:
    [answer] = check_urls(context, [text])
    assert isinstance(answer, UrlAnswer)
    return answer


def listed(context: Context) -> set[str]:
    return {row.subject.display(row.scheme) for row in context.ledger.listings() if row.listing is not None}


def test_the_brand_lure_of_these_tests_does_list_its_link(context: Context) -> None:
    report(context, brand_lure(b"https://verify-account-login.example/paypal/signin.php"))
    assert listed(context) == {"https://verify-account-login.example/paypal/signin.php"}


def test_a_page_that_names_an_exempted_one_is_not_exempt(context: Context) -> None:
    withdraw(context, "trusted.example", comment="ours", analyst="t")
    withdraw(context, "https://www.google.com/url", comment="a redirector", analyst="t")
    bad = "https://paypal-login-verify.evil-host.top/webscr/login/verify.php"
    alone = url(context, bad)
    for text in (f"{bad}?url=https://trusted.example/", f"https://www.google.com/url?q={bad}"):
        answer = url(context, text)
        assert answer.level != "clean", text
        assert answer.score >= alone.score, text


@pytest.mark.parametrize(
    ("to", "link"),
    [
        (b"u@niversity.co", b"https://shop.some-university.example/page"),
        (b"alice@corp.example", b"https://www.dorfverein.example/alice@corp.example"),
        (b"x@y.zz", b"https://github.com/VictimOrganisation/x@y.zz"),
        (
            b"alice@corp.example",
            b"https://forms.office.com/Pages/ResponsePage.aspx?id=v4j5&e=alice@corp.example",
        ),
    ],
)
def test_a_recipients_address_in_a_link_widens_no_listing(context: Context, to: bytes, link: bytes) -> None:
    report(context, brand_lure(link, to))
    for row in context.ledger.listings():
        assert row.subject.kind == "url" and ("?" in row.subject.value or "page" in row.subject.value)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.icbc.com.cn/login", "https://accounts.google.com/", "https://www.youtube.com/watch",
        "http://192.168.1.1/login", "http://localhost/login", "http://router.local/a", "http://intranet/a",
    ],
)  # fmt: skip
def test_neither_mail_nor_feed_lists_brands_own_pages_or_local_names(context: Context, link: str) -> None:
    for reporter in ("key a", "key b", "key c"):
        report(context, brand_lure(link.encode()), reporter)
    feed = load_feeds()["openphish"]
    import_feed(context, feed, [f"http://fine.example/a\n{link}\n".encode()])
    assert listed(context) <= {"http://fine.example/a"}


def test_one_mail_that_names_an_innocent_front_page_only_raises_suspicion(context: Context) -> None:
    report(context, brand_lure(b"https://www.kleinbaeckerei.example/"))
    assert url(context, "https://www.kleinbaeckerei.example/").level != "malicious"


def test_one_reporter_is_one_voice_however_many_mails_he_reports(context: Context) -> None:
    link = b"https://www.kleinbaeckerei.example/"
    for number in range(6):
        report(context, brand_lure(link) + b"%d" % number)
    assert url(context, link.decode()).level != "malicious"
    report(context, brand_lure(link) + b"other", "key b")
    assert url(context, link.decode()).level == "malicious"


def test_many_links_of_one_reporter_do_not_list_the_host(context: Context) -> None:
    for number in range(5):
        report(context, brand_lure(b"https://www.verein.example/f%d/paypal/signin.php" % number))
    assert listed(context), "the pages themselves are listed"
    assert all("/paypal/" in one for one in listed(context))


def test_a_suspicious_listing_does_not_convict_the_messages_that_hold_it(context: Context) -> None:
    report(context, brand_lure(b"https://www.kleinbaeckerei.example/"))
    assert url(context, "https://www.kleinbaeckerei.example/").level == "suspicious"
    plain = (
        b"From: Baker <info@kleinbaeckerei.example>\r\nTo: a@b.example\r\nSubject: bread\r\n\r\n"
        b"Our new bread: https://www.kleinbaeckerei.example/\r\n"
    )
    answer = asyncio.run(check_message(context, plain, Envelope(), network=False))
    assert answer.level not in ("malicious", "suspicious")


@pytest.mark.parametrize(
    "indicator", ["net:8.0.0.0/6", "net:10.0.0.0/8", "net:0.0.0.0/0", "http://10.0.0.1/x"]
)
def test_not_even_an_analyst_lists_private_addresses(context: Context, indicator: str) -> None:
    with pytest.raises(BadInput, match="never listed"):
        list_by_hand(context, indicator, comment="x", category="spam-source", analyst="t")


def test_a_private_address_is_never_risky_whatever_network_holds_it(context: Context) -> None:
    list_by_hand(context, "net:11.0.0.0/8", comment="x", category="spam-source", analyst="t")
    for ip in ("10.0.0.1", "127.0.0.1", "192.168.3.4"):
        [answer] = check_ips(context, [ip])
        assert isinstance(answer, IpAnswer)
        assert (answer.level, answer.suggested_response) == ("unknown", "none")


def test_an_analyst_may_list_what_evidence_alone_may_not(context: Context) -> None:
    list_by_hand(context, "https://www.icbc.com.cn/hacked", comment="x", category="malware-file", analyst="t")
    assert url(context, "https://www.icbc.com.cn/hacked").level == "malicious"


def test_a_subdomain_is_no_domain_to_list(context: Context) -> None:
    with pytest.raises(BadInput, match="as a whole"):
        list_by_hand(context, "domain:a.evil.example", comment="x", category="other-scam", analyst="t")


def test_a_tenant_that_cannot_be_is_refused_before_anything_is_written(context: Context) -> None:
    with pytest.raises(BadInput):
        list_by_hand(context, "evil.example", comment="x", category="other-scam", analyst="t", tenant=70_000)
    with pytest.raises(BadInput):
        issue(context, Role.READER, tenant=70_000)
    list_by_hand(context, "evil.example", comment="x", category="other-scam", analyst="t")
    assert url(context, "http://evil.example/").level == "malicious"


def test_a_recipients_name_as_a_path_segment_is_not_kept(context: Context) -> None:
    mail = brand_lure(b"https://private-host.example/bob.secret/login.php", b"bob.secret@corp.example")
    report(context, mail)
    assert not any("bob.secret" in row.subject.value for row in context.ledger.listings())
    assert not any("bob" in change.indicator for change in context.ledger.changes(0, 100))
