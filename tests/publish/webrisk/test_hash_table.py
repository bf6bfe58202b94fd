"""The hash lists say what the look-up index says, and of nobody's pages more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import shipped_knowledge

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.expressions import full_hash, full_hashes
from mailrisk.model.url.rules import candidates
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.webrisk.expressible import LeftOut, expression_of
from mailrisk.publish.webrisk.hash_table import HashTable
from mailrisk.publish.webrisk.threats import Threat

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOSTS = shipped_knowledge().hosts
PHISHING = Category.CREDENTIAL_PHISHING


def listing(
    kind: str,
    value: str,
    *,
    level: Level = Level.MALICIOUS,
    category: Category = PHISHING,
    redistribute: bool = True,
) -> Listing:
    return Listing(
        kind=Kind(kind), value=value, level=level, probability=0.95, category=category, first_seen=T0,
        last_seen=T0, valid_until=T0 + timedelta(days=7), redistribute=redistribute,
    )  # fmt: skip


def change(seq: int, kind: ChangeKind, subject: Subject, about: Listing | None = None) -> Change:
    return Change(
        seq=seq, epoch="e", at=T0 + timedelta(seconds=seq), kind=kind, indicator_kind=subject.kind,
        indicator=subject.value, listing=about,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "expression"),
    [
        ("domain", "evil.example", "evil.example/"),
        ("host", "login.evil.example", "login.evil.example/"),
        ("host", "203.0.113.9", "203.0.113.9/"),
        ("host", "[2001:db8::1]", "[2001:db8::1]/"),
        ("host", "evil.github.io", "evil.github.io/"),
        ("host", "evil.example", LeftOut.APEX),
        ("path", "evil.example/a/b/c/", "evil.example/a/b/c/"),
        ("path", "evil.example/a/b/c/d/", LeftOut.TOO_DEEP),
        ("url", "evil.example/a/login", "evil.example/a/login"),
        ("url", "evil.example/a/?id=1", "evil.example/a/?id=1"),
        ("url", "evil.example/a/", LeftOut.FOLDER),
        ("url", "evil.example/", LeftOut.FOLDER),
        ("url", "evil.example/index.php", LeftOut.FRONT_PAGE),
        ("url", "www.evil.example/index.php", "www.evil.example/index.php"),
        ("url", "docs.google.com/forms/d/e/abc/viewform", "docs.google.com/forms/d/e/abc/viewform"),
        ("url", "github.io/a", LeftOut.CUSTOMERS_BELOW),
        ("ip", "203.0.113.9", LeftOut.NO_URL),
    ],
)
def test_a_listing_has_an_expression_only_if_that_reaches_nobody_elses_pages(
    kind: str, value: str, expression: str | LeftOut
) -> None:
    assert expression_of(listing(kind, value), HOSTS) == expression


def test_only_malicious_listings_that_may_be_passed_on_and_have_a_threat_type_are_on_the_lists() -> None:
    page = ("url", "evil.example/a/login")
    assert expression_of(listing(*page, level=Level.SUSPICIOUS), HOSTS) is LeftOut.NOT_MALICIOUS
    assert expression_of(listing(*page, redistribute=False), HOSTS) is LeftOut.NOT_REDISTRIBUTABLE
    gambling = listing(*page, category=Category.GAMBLING_PORN_SPAM)
    assert expression_of(gambling, HOSTS) is LeftOut.NO_THREAT_TYPE


def test_a_listing_that_changes_its_category_changes_its_list() -> None:
    table = HashTable(HOSTS)
    page = Subject(Kind.URL, "evil.example/a")
    table.apply(change(1, ChangeKind.LISTED, page, listing(*_as(page))))
    table.apply(change(2, ChangeKind.UPDATED, page, listing(*_as(page), category=Category.MALWARE_FILE)))
    assert [len(table.lists[threat]) for threat in (Threat.MALWARE, Threat.SOCIAL_ENGINEERING)] == [1, 0]
    [found] = table.find(full_hash("evil.example/a")[:4])
    assert found.threat is Threat.MALWARE


def test_a_page_withdrawn_inside_a_wider_listing_takes_that_off_the_lists_and_is_counted() -> None:
    table = HashTable(HOSTS)
    wide, page = Subject(Kind.DOMAIN, "evil.example"), Subject(Kind.URL, "shop.evil.example/about?x=1")
    whole = full_hash("evil.example/")
    table.apply(change(1, ChangeKind.LISTED, wide, listing(*_as(wide))))
    table.apply(change(2, ChangeKind.EXEMPTED, page))
    assert not table.find(whole[:4]) and len(table.lists[Threat.SOCIAL_ENGINEERING]) == 0
    assert table.left_out() == {"exemption-inside": 1}
    table.apply(change(3, ChangeKind.EXPIRED, page))
    assert table.find(whole) and len(table.lists[Threat.SOCIAL_ENGINEERING]) == 1 and not table.left_out()


def test_what_is_left_out_is_counted_by_its_reason_until_it_goes() -> None:
    table = HashTable(HOSTS)
    for seq, (kind, value) in enumerate([("host", "evil.example"), ("ip", "203.0.113.9")], 1):
        table.apply(change(seq, ChangeKind.LISTED, Subject(Kind(kind), value), listing(kind, value)))
    assert table.left_out() == {"host-is-a-whole-domain": 1, "no-url": 1}
    table.apply(change(3, ChangeKind.EXPIRED, Subject(Kind.IP, "203.0.113.9")))
    table.apply(change(4, ChangeKind.WITHDRAWN, Subject(Kind.HOST, "evil.example")))
    assert table.left_out() == {}


def _as(subject: Subject) -> tuple[str, str]:
    return subject.kind.value, subject.value


# -- against the look-up by URL ---------------------------------------------------------------------

PLACES = ("evil.example", "www.evil.example", "a.b.evil.example", "me.github.io", "github.io", "203.0.113.9")
PAGES = ("/", "/index.html", "/a", "/a?q=1", "/a/", "/a/?q=1", "/a/b/c", "/a/b/c/d/e", "/a/b/c/d/e/f?q=1")
URLS = [parse_url(f"http://{host}{page}") for host in PLACES for page in PAGES]
SUBJECTS = [
    *(url.subject for url in URLS),
    *(Subject(Kind.PATH, host + path) for host in PLACES for path in ("/a/", "/a/b/c/", "/a/b/c/d/")),
    *(Subject(Kind.HOST, host) for host in PLACES),
    *(Subject(Kind.DOMAIN, host) for host in ("evil.example", "me.github.io")),
]
KINDS = (ChangeKind.LISTED, ChangeKind.LISTED, ChangeKind.WITHDRAWN, ChangeKind.EXPIRED)
HISTORIES = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(SUBJECTS)), max_size=25)


def looked_up(url: Url, rules: dict[Subject, Listing | None]) -> Listing | None:
    """The look-up index's precedence: page, path prefixes, host, domain; an exemption ends the search."""
    asked = [*candidates(url), Subject(Kind.HOST, url.host)]
    asked.append(Subject(Kind.DOMAIN, HOSTS.registrable(url.host)))
    return next((rules[subject] for subject in asked if subject in rules), None)


@settings(max_examples=300)
@given(HISTORIES)
def test_whatever_a_hash_says_of_a_page_the_look_up_says_too(
    history: list[tuple[ChangeKind, Subject]],
) -> None:
    table = HashTable(HOSTS)
    table.begin_versions(0)
    rules: dict[Subject, Listing | None] = {}
    for seq, (kind, subject) in enumerate(history, 1):
        about = listing(*_as(subject)) if kind is ChangeKind.LISTED else None
        table.apply(change(seq, kind, subject, about))
        rules.pop(subject, None)
        if kind is not ChangeKind.EXPIRED:
            rules[subject] = about
    hashes = {
        full_hash(value): subject
        for subject, about in rules.items()
        if about is not None and isinstance(value := expression_of(about, HOSTS), str)
    }
    for url in URLS:
        for full in full_hashes(url):
            if table.find(full) and hashes[full].host in (url.host, HOSTS.registrable(url.host)):
                below = url.host != hashes[full].host and hashes[full].kind is not Kind.DOMAIN
                assert looked_up(url, rules) or below
    again = HashTable(HOSTS)
    for subject, about in rules.items():
        if about is None:
            again.exempt(subject)
        else:
            again.put(subject, about)
    again.settle("epoch", len(history), started=True)
    for threat in Threat:
        assert table.lists[threat].current() == again.lists[threat].current()
    assert table.left_out() == again.left_out()
