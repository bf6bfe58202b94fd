"""The table of listings: what leaves, what is covered by an exemption, what is forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.publish.tables import NOW, change, filled, listing

from mailrisk.model.change import ChangeKind
from mailrisk.model.subject import Kind, Subject
from mailrisk.publish import listing_table
from mailrisk.publish.listing_keys import wider_keys
from mailrisk.publish.listing_table import ListingTable


def out(table: ListingTable) -> set[str]:
    return {table.text(number) for number in np.flatnonzero(table.out(table.rows)).tolist()}


def test_a_listing_that_may_not_be_passed_on_is_counted_and_leaves_nowhere() -> None:
    table = filled(listing(Kind.IP, "192.0.2.1", redistribute=False), listing(Kind.IP, "192.0.2.2"))
    assert out(table) == {"192.0.2.2"}
    assert table.left_out() == {"exemption-inside": 0, "not-redistributable": 1, "others-below": 0}


def test_a_listing_that_may_no_longer_be_passed_on_leaves() -> None:
    table = filled(listing(Kind.IP, "192.0.2.1"))
    table.apply(change(101, ChangeKind.UPDATED, listing(Kind.IP, "192.0.2.1", redistribute=False)))
    assert out(table) == set()
    assert table.rows["touched"].tolist() == [101]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ((Kind.NETWORK, "192.0.2.0/24"), (Kind.IP, "192.0.2.7")),
        ((Kind.NETWORK, "192.0.2.0/24"), (Kind.NETWORK, "192.0.2.0/28")),
        ((Kind.NETWORK, "2001:db8::/32"), (Kind.IP, "2001:db8::7")),
        ((Kind.DOMAIN, "evil.example"), (Kind.HOST, "good.evil.example")),
        ((Kind.DOMAIN, "evil.example"), (Kind.URL, "a.evil.example/x/y?z=1")),
        ((Kind.HOST, "a.evil.example"), (Kind.PATH, "a.evil.example/x/")),
        ((Kind.PATH, "a.evil.example/x/"), (Kind.URL, "a.evil.example/x/y")),
        ((Kind.PATH, "a.evil.example/"), (Kind.URL, "a.evil.example/x")),
        ((Kind.URL, "a.evil.example/x"), (Kind.URL, "a.evil.example/x?q=1")),
    ],
)
def test_an_exemption_covers_the_wider_listing_until_it_is_lifted(
    wide: tuple[Kind, str], narrow: tuple[Kind, str]
) -> None:
    table, inside = filled(listing(*wide)), listing(*narrow)
    table.apply(change(101, ChangeKind.EXEMPTED, inside))
    assert out(table) == set()
    assert table.left_out() == {"exemption-inside": 1, "not-redistributable": 0, "others-below": 0}
    assert table.rows["touched"].tolist() == [101]
    table.apply(change(102, ChangeKind.EXPIRED, inside))
    assert out(table) == {wide[1]}
    assert table.rows["touched"].tolist() == [102]


def test_an_exemption_covers_a_listing_that_comes_later() -> None:
    table = filled()
    table.apply(change(101, ChangeKind.EXEMPTED, listing(Kind.IP, "192.0.2.7")))
    table.apply(change(102, ChangeKind.LISTED, listing(Kind.NETWORK, "192.0.2.0/24")))
    assert out(table) == set()


def test_a_name_that_only_ends_alike_is_not_covered() -> None:
    table = filled(listing(Kind.DOMAIN, "vil.example"), listing(Kind.HOST, "b.evil.example"))
    table.apply(change(101, ChangeKind.EXEMPTED, listing(Kind.HOST, "a.evil.example")))
    assert out(table) == {"vil.example", "b.evil.example"}


def test_dead_rows_are_forgotten_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_table, "MAX_DEAD", 2)
    many = [listing(Kind.IP, f"192.0.2.{number}") for number in range(9)]
    table = filled(*many)
    for number in range(7):
        table.apply(change(101 + number, ChangeKind.EXPIRED, many[number]))
    table.settle("e", 107, started=False)
    assert (len(table.rows), table.horizon) == (2, 107)
    assert out(table) == {"192.0.2.7", "192.0.2.8"}
    assert table.find(Subject(Kind.IP, "192.0.2.8")) == 1


def test_times_beyond_32_bits_end_at_the_last_second() -> None:
    table = filled(listing(Kind.IP, "192.0.2.1", valid_until=NOW.replace(year=2200)))
    assert table.rows["valid"].tolist() == [listing_table.LAST_SECOND]


@given(st.text(alphabet="ab./?=", max_size=200))
def test_any_text_has_few_wider_keys(text: str) -> None:
    assert len(wider_keys(Subject(Kind.URL, "a.example/" + text))) <= 70


def test_a_domain_below_which_others_own_names_leaves_by_no_list_and_is_counted() -> None:
    table = ListingTable(divided=lambda name: name == "cloud.example")
    cloud, host = listing(Kind.DOMAIN, "cloud.example"), listing(Kind.HOST, "cloud.example")
    for one in (cloud, host):
        table.put(Subject(one.kind, one.value), one)
    assert len(table.rows) == 1 and table.left_out()["others-below"] == 1
    table.drop(Subject(Kind.DOMAIN, "cloud.example"))
    assert table.left_out()["others-below"] == 0
