"""Wider scopes in the ledger: justified, explained, never across a barrier, and gone with their pages."""

from __future__ import annotations

import pytest
from tests.worlds import TestClock

from mailrisk.edge.shipped import load_feeds
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.answers import UrlAnswer
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.import_feed import import_feed
from mailrisk.service.record import record, sweep
from mailrisk.service.withdraw import list_by_hand, withdraw

OPENPHISH = load_feeds()["openphish"]  # not to be passed on


def listed(context: Context, *urls: str) -> None:
    for url in urls:
        list_by_hand(context, url, comment="x", category="credential-phishing", analyst="t")


def answer(context: Context, url: str) -> UrlAnswer:
    [found] = check_urls(context, [url])
    assert isinstance(found, UrlAnswer)
    return found


def wider(context: Context) -> dict[str, str]:
    """Kind -> value of the listings that rest on others."""
    return {
        row.subject.value: row.subject.kind.value
        for row in context.ledger.listings()
        if row.listing is not None and any(reason.code == "widened" for reason in row.listing.reasons)
    }


def test_pages_in_several_folders_list_the_host_and_say_why(context: Context) -> None:
    listed(context, "http://hacked.example/a/1", "http://hacked.example/b/2")
    assert wider(context) == {}
    listed(context, "http://hacked.example/c/3")
    assert wider(context) == {"hacked.example": "host"}
    found = answer(context, "http://hacked.example/never-seen")
    assert (found.level, found.scope, found.category) == ("malicious", "host", "credential-phishing")
    [reason] = found.reasons
    assert reason.code == "widened" and "http://hacked.example/a/1" in reason.text
    assert "several folders" in reason.text and "多个目录" in reason.text_zh
    assert explain(context, "host:hacked.example").recomputed_equal


def test_one_more_page_of_the_same_kind_changes_nothing(context: Context) -> None:
    listed(context, *(f"http://hacked.example/{folder}/x" for folder in "abc"))
    before = context.ledger.last_seq()
    listed(context, "http://hacked.example/d/x")
    assert context.ledger.last_seq() == before + 1


def test_pages_in_one_folder_list_the_folder_alone(context: Context) -> None:
    listed(context, *(f"http://shop.example/wp-content/x/{number}.php" for number in range(3)))
    assert wider(context) == {"shop.example/wp-content/x/": "path"}
    assert answer(context, "http://shop.example/wp-content/x/new.php").level == "malicious"
    assert answer(context, "http://shop.example/").level != "malicious"


def test_several_hosts_of_one_domain_list_the_domain(context: Context) -> None:
    listed(context, *(f"http://h{number}.campaign.example/login" for number in range(5)))
    assert wider(context) == {"campaign.example": "domain"}
    assert answer(context, "https://h99.campaign.example/").scope == "domain"


def test_a_cleaned_host_is_delisted_with_its_pages(context: Context, clock: TestClock) -> None:
    pages = [f"http://hacked.example/{folder}/x" for folder in "abc"]
    listed(context, *pages)
    clock.forward(minutes=1)
    withdraw(context, pages[0], comment="cleaned", analyst="t")
    assert wider(context) == {}
    assert answer(context, "http://hacked.example/never-seen").level == "unknown"
    assert answer(context, pages[1]).level == "malicious"
    lines = {line.code: line for line in explain(context, "host:hacked.example").evidence}
    assert "gone" in lines["widening-ended"].text and not lines["widened"].weight


def test_a_host_that_an_analyst_cleaned_is_not_listed_again_by_its_old_pages(
    context: Context, clock: TestClock
) -> None:
    listed(context, *(f"http://hacked.example/{folder}/x" for folder in "abc"))
    clock.forward(minutes=1)
    withdraw(context, "host:hacked.example", comment="cleaned by its owner", analyst="t")
    assert wider(context) == {}
    assert answer(context, "http://hacked.example/b/x").level == "clean"


def test_a_wider_scope_ends_when_its_pages_age_out_of_their_feed(context: Context, clock: TestClock) -> None:
    pages = [f"http://hacked.example/{folder}/x" for folder in "abc"]
    import_feed(context, OPENPHISH, ["\n".join(pages).encode()])
    assert wider(context) == {"hacked.example": "host"}
    clock.forward(days=1)
    import_feed(context, OPENPHISH, [b"http://elsewhere.example/"], force=True)
    for _ in range(9):
        clock.forward(days=1)
        sweep(context)
    assert wider(context) == {}
    context.catch_up()
    assert answer(context, "http://hacked.example/never-seen").level == "unknown"


def test_what_may_not_be_passed_on_does_not_leave_as_a_wider_scope(context: Context) -> None:
    pages = [f"http://hacked.example/{folder}/x" for folder in "abc"]
    import_feed(context, OPENPHISH, ["\n".join(pages).encode()])
    [host] = [row.listing for row in context.ledger.listings() if row.subject.kind == "host"]
    assert host is not None and not host.redistribute and not host.local
    listed(context, *(page + "/own" for page in pages))
    [host] = [row.listing for row in context.ledger.listings() if row.subject.kind == "host"]
    assert host is not None and host.redistribute and host.local
    [reason] = host.reasons
    assert "/own" in reason.text and "hacked.example/a/x," not in reason.text


@pytest.mark.parametrize(
    ("pages", "innocent"),
    [
        (
            [f"https://docs.google.com/forms/d/e/{number}/viewform" for number in range(6)],
            "https://docs.google.com/document/d/1/edit",
        ),
        ([f"https://evil{number}.github.io/login" for number in range(6)], "https://honest.github.io/"),
        ([f"https://bit.ly/{number}abcdef" for number in range(6)], "https://bit.ly/honest"),
        (
            [
                f"https://eur02.safelinks.protection.outlook.com/page{number}/x?opaque={number}"
                for number in range(6)
            ],
            "https://eur02.safelinks.protection.outlook.com/",
        ),
        (
            [f"https://www.chase.com/{number}/redirect?to=x{number}" for number in range(6)],
            "https://www.chase.com/login",
        ),
    ],
    ids=["docs.google.com", "github.io", "bit.ly", "safe-links", "open-redirector-on-a-bank"],
)
def test_abused_pages_never_list_the_host_that_others_share(
    context: Context, pages: list[str], innocent: str
) -> None:
    listed(context, *pages)
    assert wider(context) == {}
    assert answer(context, pages[0]).level == "malicious"
    assert answer(context, innocent).level not in ("malicious", "suspicious")


def test_the_own_hosts_of_customers_are_listed_and_the_service_is_not(context: Context) -> None:
    listed(context, *(f"https://evil.github.io/{number}/login" for number in range(2)))
    assert wider(context) == {"evil.github.io": "host"}
    assert answer(context, "https://honest.github.io/").level != "malicious"


def test_an_abused_path_of_a_widely_used_domain_is_listed_alone(context: Context) -> None:
    pages = [f"https://www.microsoft.com/abused/{number}/{number}" for number in range(4)]
    listed(context, *pages)
    assert answer(context, pages[2]).level == "malicious"
    assert answer(context, "https://www.microsoft.com/en-us/").level != "malicious"
    assert not any(kind in ("host", "domain") for kind in wider(context).values())


def test_one_page_on_a_domain_registered_lately_lists_the_host(context: Context, clock: TestClock) -> None:
    page = Subject(Kind.URL, "login.fresh.example/a/b")
    data = {"domain": "fresh.example", "days": 3, "registered": "2026-03-07T00:00:00+00:00"}
    young = Evidence(code="young-domain", subject=page, source="domain", seen_at=clock.now, data=data)
    record(context, [young])
    assert wider(context) == {}
    listed(context, "http://login.fresh.example/a/b")
    assert wider(context) == {"login.fresh.example": "host"}
    listed(context, "http://pay.fresh.example/c")
    assert wider(context) == {"fresh.example": "domain"}, "the widest scope alone"
