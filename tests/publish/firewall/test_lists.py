"""What each list says, and what it leaves out because it cannot say it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.publish.tables import NOW, SECOND, change, filled, listing

from mailrisk.model.change import ChangeKind
from mailrisk.model.errors import BadInput
from mailrisk.model.subject import Kind
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.firewall.registry import LISTS
from mailrisk.publish.firewall.selection import Selection, level_named, select
from mailrisk.publish.firewall.written import Written

ADDRESSES = filled(
    listing(Kind.IP, "192.0.2.1"),
    listing(Kind.NETWORK, "198.51.100.0/24", category=None),
    listing(Kind.IP, "2001:db8::1", category=Category.SPAM_SOURCE),
    listing(Kind.IP, "192.0.2.9", level=Level.MEDIUM),
)
NAMES = filled(
    listing(Kind.HOST, "www.evil.example"),
    listing(Kind.DOMAIN, "bad.example"),
    listing(Kind.HOST, "deep.in.bad.example"),
    listing(Kind.HOST, "bad.example"),
    listing(Kind.HOST, "203.0.113.9"),
)
PAGES = filled(
    listing(Kind.URL, "evil.example/a.b", scheme="http"),
    listing(Kind.URL, "evil.example/c?d=1"),
    listing(Kind.PATH, "evil.example/below/"),
    listing(Kind.URL, "evil.example/x*y"),
)


def made(name: str, **more: Any) -> Written:
    table = {"ip": ADDRESSES, "do": NAMES, "ur": PAGES, "ph": PAGES}[name[:2]]
    kind = LISTS[name]
    wanted = Selection(type=kind.selection.type, kinds=kind.selection.kinds, **more)
    return kind.write(select(table, wanted, SECOND))


def text(name: str, **more: Any) -> list[str]:
    return made(name, **more).body.decode().splitlines()


def test_a_list_holds_one_type_of_entry() -> None:
    assert set(text("ip.txt")) == {"192.0.2.1", "198.51.100.0/24", "2001:db8::1"}
    assert set(text("ip4.txt")) == {"192.0.2.1", "198.51.100.0/24"}
    assert text("ip6.txt") == ["2001:db8::1"]


def test_level_category_age_and_origin_choose() -> None:
    assert "192.0.2.9" in text("ip.txt", level=Level.MEDIUM)
    assert text("ip.txt", categories=frozenset({Category.SPAM_SOURCE})) == ["2001:db8::1"]
    old = listing(Kind.IP, "192.0.2.2", last_seen=NOW - timedelta(days=9), local=False)
    table = filled(old, listing(Kind.IP, "192.0.2.1"))
    for wanted in (Selection(type="ip", max_age_s=8 * 86_400), Selection(type="ip", local=True)):
        assert select(table, wanted, SECOND).texts == ["0192.0.2.1"]


def test_risk_and_recency_order_and_the_limit_cuts_the_end() -> None:
    recent = listing(Kind.IP, "192.0.2.1", probability=0.91)
    worse = listing(Kind.IP, "192.0.2.2", probability=0.99)
    old = listing(Kind.IP, "192.0.2.3", probability=0.99, last_seen=NOW - timedelta(days=30))
    table = filled(old, recent, worse)
    order = [one[1:] for one in select(table, Selection(type="ip"), SECOND).texts]
    assert order == ["192.0.2.2", "192.0.2.1", "192.0.2.3"]
    later = select(table, Selection(type="ip", limit=2), SECOND + 10**7)
    assert [one[1:] for one in later.texts] == order[:2]


def test_a_level_of_the_other_row_is_refused() -> None:
    for level, type_ in (("malicious", "ip"), ("high", "domain"), ("clean", "url"), ("unknown", "ip")):
        with pytest.raises(BadInput):
            level_named(level, type_)


def test_squid_gets_no_address_of_a_network_that_it_gets() -> None:
    listings = [listing(Kind.NETWORK if "/" in one else Kind.IP, one) for one in (
        "198.51.100.0/24", "198.51.100.9", "198.51.0.0/16", "198.50.100.9", "2001:db8::/32", "2001:db8::1", "2001:db9::1",
    )]  # fmt: skip
    written = LISTS["ip.squid"].write(select(filled(*listings), Selection(type="ip"), SECOND))
    assert set(written.body.decode().split()) == {
        "198.51.0.0/16",
        "198.50.100.9",
        "2001:db8::/32",
        "2001:db9::1",
    }


def test_mikrotik_replaces_its_lists() -> None:
    script = text("ip.mikrotik")
    assert script[:2] == ["/ip firewall address-list", "remove [find list=mailrisk]"]
    assert "add list=mailrisk address=198.51.100.0/24" in script
    assert script.index("/ipv6 firewall address-list") < script.index("add list=mailrisk address=2001:db8::1")
    assert "add name=bad.example type=NXDOMAIN comment=mailrisk match-subdomain=yes" in text(
        "domain.mikrotik"
    )


@pytest.mark.parametrize("name", ["ip.huawei", "ip.h3c"])
def test_commands_for_single_addresses_leave_networks_out(name: str) -> None:
    written = made(name)
    assert (written.entries, written.left_out) == (2, 1)
    assert b"198.51.100" not in written.body


def test_the_category_is_the_value_of_maps() -> None:
    for name, end in (("ip.nginx", ";"), ("ip.haproxy", "")):
        assert set(text(name)) == {
            f"192.0.2.1 brute-force{end}",
            f"198.51.100.0/24 listed{end}",
            f"2001:db8::1 spam-source{end}",
        }


def test_a_host_that_is_an_address_is_no_name() -> None:
    for name in (one for one in LISTS if one.startswith("domain.")):
        written = made(name)
        assert b"203.0.113.9" not in written.body
        assert written.left_out == 1


def test_a_host_alone_is_never_widened_to_what_is_below_it() -> None:
    assert "*.www.evil.example" not in text("domain.paloalto")
    assert "*.bad.example" in text("domain.paloalto")
    assert set(text("domain.squid")) == {"www.evil.example", ".bad.example"}
    filters = text("domain.adblock")
    assert "||bad.example^" in filters and "||www.evil.example^" not in filters
    assert "|https://www.evil.example^" in filters


def test_names_stand_once() -> None:
    for name in ("domain.txt", "domain.hosts", "domain.paloalto"):
        assert len(text(name)) == len(set(text(name)))


def test_prefixes_of_paths_are_left_out_where_they_cannot_be_said() -> None:
    for name in ("url.txt", "url.paloalto"):
        written = made(name)
        assert b"below" not in written.body
        assert written.left_out == 1
    assert made("url.adblock").left_out == 2


def test_urls_keep_their_scheme_or_lose_it() -> None:
    assert "http://evil.example/a.b" in text("url.txt") and "https://evil.example/c?d=1" in text("url.txt")
    assert "evil.example/c?d=1" in text("url.fortigate")


@pytest.mark.parametrize(
    ("url", "blocked"),
    [
        ("http://evil.example/a.b", True),
        ("https://evil.example:8443/a.b?x=1", True),
        ("https://evil.example/aXb", False),
        ("https://evil.example/a.b/c", False),
        ("https://evil.example/c?d=1", True),
        ("https://evil.example/c?d=12", False),
        ("https://evil.example/below/all/of/it", True),
        ("https://evil.example/x*y", True),
        ("https://good.example/?https://evil.example/a.b", False),
    ],
)
def test_squids_patterns_match_the_page_and_nothing_else(url: str, blocked: bool) -> None:
    assert any(re.search(pattern, url) for pattern in text("url.squid")) == blocked


def test_the_list_of_phishing_urls_is_sorted_and_holds_pages_alone() -> None:
    assert text("phishing-urls.txt") == sorted(text("url.txt"))


def test_every_list_of_nothing_is_written() -> None:
    for kind in LISTS.values():
        written = kind.write(select(filled(), kind.selection, SECOND))
        assert (written.entries, written.left_out) == (0, 0)


def test_a_withdrawn_address_is_gone_from_the_next_list() -> None:
    table = filled(listing(Kind.IP, "192.0.2.1"))
    table.apply(change(101, ChangeKind.WITHDRAWN, listing(Kind.IP, "192.0.2.1")))
    assert select(table, Selection(type="ip"), SECOND).texts == []
