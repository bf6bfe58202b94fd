"""Scope discipline, with the mistakes that real lists have made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.decide.scope import Barrier, Listed, SiteFacts, barrier, domain_barrier, may_cover, widen
from mailrisk.edge.shipped import load_hosts
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url

HOSTS = load_hosts()
NOW = datetime(2026, 11, 1, tzinfo=UTC)
YOUNG = SiteFacts(age_days=3)
OLD = SiteFacts(age_days=3_000)
UNKNOWN = SiteFacts()


def _listed(*links: str, at: datetime = NOW) -> list[Listed]:
    return [Listed(parse_url(link).subject, at) for link in links]


def _scopes(links: list[str], facts: SiteFacts = UNKNOWN) -> list[str]:
    return [f"{found.subject.kind}:{found.subject.value}" for found in widen(_listed(*links), HOSTS, facts)]


@pytest.mark.parametrize(
    "pages",
    [
        [f"https://docs.google.com/forms/d/e/{n}abcdef/viewform" for n in range(20)],
        [f"https://evil{n}.github.io/" for n in range(20)],
        [f"https://bit.ly/{n}" for n in range(20)],
        [f"https://nam02.safelinks.protection.outlook.com/?url={n}" for n in range(20)],
        [f"https://eur0{n}.safelinks.protection.outlook.com/a{n}" for n in range(9)],
        [f"https://www.icbc.com.cn/redirect?url=https://evil{n}.example" for n in range(20)],
        [f"https://www.icbc.com.cn/page{n}/x" for n in range(20)],
        [f"https://www.google.com/url?q=https://evil{n}.example" for n in range(20)],
        [f"https://evil{n}.weebly.com/" for n in range(20)],
        [f"https://bucket{n}.s3.amazonaws.com/x" for n in range(20)],
        [f"https://storage.googleapis.com/bucket{n}/x" for n in range(20)],
        [f"https://x{n}.sharepoint.com/:x:/g/{n}" for n in range(20)],
        [f"https://evil{n}.duckdns.org/" for n in range(20)],
        [f"https://docs.qq.com/form/page/{n}" for n in range(20)],
        [f"https://t.cn/{n}" for n in range(20)],
        [f"https://evil{n}.uk.com/" for n in range(20)],
        [f"https://evil{n}.com.cn/" for n in range(20)],
    ],
)
@pytest.mark.parametrize("facts", [UNKNOWN, OLD])
def test_no_number_of_abused_pages_lists_what_others_share(pages: list[str], facts: SiteFacts) -> None:
    assert _scopes(pages, facts) == []


@pytest.mark.parametrize(
    "link",
    [
        "https://docs.google.com/a/b",
        "https://github.io/a/b",
        "https://bit.ly/a",
        "https://www.icbc.com.cn/r?u=x",
    ],
)
def test_not_even_a_wrong_registration_date_opens_a_barrier(link: str) -> None:
    assert _scopes([link, link + "1"], YOUNG) == []


def test_one_page_of_an_unknown_site_stays_one_page() -> None:
    assert _scopes(["https://evil.example/a"]) == []


def test_one_page_sent_with_many_queries_stays_one_page() -> None:
    assert _scopes([f"https://evil.example/a?id={n}" for n in range(50)]) == []


def test_pages_all_over_a_site_list_its_host() -> None:
    links = ["https://evil.example/a/x", "https://evil.example/b/y", "https://evil.example/b/z"]
    assert _scopes(links) == ["host:evil.example"]


def test_pages_in_one_folder_of_a_hacked_site_list_that_folder() -> None:
    links = [f"https://club.example/wp-content/uploads/.x/{name}.html" for name in ("a", "b", "c")]
    assert _scopes(links, OLD) == ["path:club.example/wp-content/uploads/.x/"]


def test_two_pages_of_a_free_services_customer_list_his_host_and_no_more() -> None:
    assert _scopes(["https://evil.github.io/a", "https://evil.github.io/b"]) == ["host:evil.github.io"]
    assert _scopes(["https://evil.weebly.com/a", "https://evil.weebly.com/b"]) == ["host:evil.weebly.com"]


def test_a_page_on_a_young_domain_lists_its_host_and_two_list_the_domain() -> None:
    assert _scopes(["https://login.evil.example/a"], YOUNG) == ["host:login.evil.example"]
    assert _scopes(["https://a.evil.example/", "https://b.evil.example/"], YOUNG) == ["domain:evil.example"]
    assert _scopes(["https://evil.example/a", "https://evil.example/b"], YOUNG) == ["domain:evil.example"]


def test_many_hosts_list_an_old_domain_and_few_do_not() -> None:
    links = [f"https://m{n}.evil.example/login" for n in range(5)]
    assert _scopes(links, OLD) == ["domain:evil.example"]
    assert _scopes(links[:4], OLD) == []


def test_hosts_on_addresses_are_widened_to_the_address_alone() -> None:
    links = [f"http://192.0.2.1/{name}/x" for name in "abc"]
    assert _scopes(links) == ["host:192.0.2.1"]


def test_a_cleaned_site_keeps_no_wider_listing() -> None:
    links = ["https://club.example/a/x", "https://club.example/b/y", "https://club.example/c/z"]
    cleaned = SiteFacts(cleaned_at=NOW + timedelta(hours=1))
    assert widen(_listed(*links), HOSTS, cleaned) == ()
    again = _listed(*links, at=NOW + timedelta(hours=2))
    assert [found.subject.value for found in widen(again, HOSTS, cleaned)] == ["club.example"]


def test_withdrawn_pages_take_the_wider_listing_with_them() -> None:
    links = ["https://evil.example/a/x", "https://evil.example/b/y", "https://evil.example/b/z"]
    assert _scopes(links) and not _scopes(links[:2])


def test_an_allowed_domain_is_never_listed_whole_but_its_pages_may_be() -> None:
    allowed = SiteFacts(age_days=3, legitimate_use=True)
    links = ["https://partner.example/a/x", "https://partner.example/b/y", "https://partner.example/c/z"]
    assert _scopes(links, allowed) == []
    assert may_cover(parse_url(links[0]).subject, HOSTS, allowed)
    assert may_cover(Subject(Kind.PATH, "partner.example/a/"), HOSTS, allowed)
    assert not may_cover(Subject(Kind.HOST, "partner.example"), HOSTS, allowed)


def test_the_listings_behind_a_widening_are_named() -> None:
    links = ["https://evil.example/a/x", "https://evil.example/b/y", "https://evil.example/b/z"]
    (found,) = widen(_listed(*links), HOSTS, UNKNOWN)
    assert (found.rule, len(found.because)) == ("several-pages", 3)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("github.io", Barrier.SUFFIX), ("com.cn", Barrier.SUFFIX), ("bit.ly", Barrier.SHARED), ("weebly.com", Barrier.SHARED),
        ("www.icbc.com.cn", Barrier.WIDELY_USED), ("evil.github.io", None), ("evil.example", None), ("192.0.2.1", None),
    ],
)  # fmt: skip
def test_each_barrier_is_named(host: str, expected: Barrier | None) -> None:
    assert barrier(host, HOSTS, UNKNOWN) == expected


def test_a_services_domain_is_never_listed_for_its_customers() -> None:
    assert domain_barrier("evil.weebly.com", HOSTS, YOUNG) is Barrier.SERVICE
    assert domain_barrier("192.0.2.1", HOSTS, YOUNG) is Barrier.SUFFIX
    assert not may_cover(Subject(Kind.DOMAIN, "weebly.com"), HOSTS, UNKNOWN)
    assert not may_cover(Subject(Kind.PATH, "evil.example/"), HOSTS, UNKNOWN)


@given(
    st.lists(st.sampled_from(["docs.google.com", "evil.github.io", "github.io", "a.weebly.com", "bit.ly", "x.example", "y.x.example", "192.0.2.1", "com"]), max_size=12),
    st.lists(st.text("ab/", min_size=1, max_size=6), min_size=12, max_size=12),
    st.sampled_from([UNKNOWN, YOUNG, OLD, SiteFacts(legitimate_use=True)]),
)  # fmt: skip
def test_a_widening_never_crosses_a_barrier(names: list[str], tails: list[str], facts: SiteFacts) -> None:
    links = [f"https://{name}/{tail}" for name, tail in zip(names, tails, strict=False)]
    for found in widen(_listed(*links), HOSTS, facts):
        assert may_cover(found.subject, HOSTS, facts)
        assert all(subject.host.endswith(found.subject.host) for subject in found.because)
