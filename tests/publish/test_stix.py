"""STIX objects and their order; what is taken back comes again as revoked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.publish.tables import NOW, change, filled, listing

from mailrisk.model.change import ChangeKind
from mailrisk.model.subject import Kind
from mailrisk.model.verdict import Level
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.stix import COLLECTIONS, StixObjects, pattern, stamp

ADDRESSES, DOMAINS, URLS = COLLECTIONS.values()
ONE = listing(Kind.IP, "192.0.2.1")


def test_each_collection_has_its_kinds() -> None:
    table = filled(
        ONE, listing(Kind.HOST, "evil.example"), listing(Kind.URL, "evil.example/a", scheme="http")
    )
    stix = StixObjects(table, "e")
    patterns = [stix.page(one, 0, 10).objects[0]["pattern"] for one in (ADDRESSES, DOMAINS, URLS)]
    assert patterns == [
        "[ipv4-addr:value = '192.0.2.1']",
        "[domain-name:value = 'evil.example']",
        "[url:value = 'http://evil.example/a']",
    ]


def test_an_object_that_is_taken_back_comes_again_as_a_newer_version() -> None:
    table = filled(ONE)
    stix = StixObjects(table, "e")
    first = stix.page(ADDRESSES, 0, 10)
    assert stix.page(ADDRESSES, first.added[-1], 10).objects == []
    table.apply(change(101, ChangeKind.WITHDRAWN, ONE))
    (gone,) = stix.page(ADDRESSES, first.added[-1], 10).objects
    assert gone["revoked"] and gone["id"] == first.objects[0]["id"]
    assert gone["modified"] > first.objects[0]["modified"]


def test_what_was_never_dangerous_is_not_told_and_what_no_longer_is_is_revoked() -> None:
    low = listing(Kind.IP, "192.0.2.2", level=Level.LOW)
    table = filled(ONE, low)
    assert len(StixObjects(table, "e").page(ADDRESSES, 0, 10).objects) == 1
    table.apply(change(101, ChangeKind.UPDATED, listing(Kind.IP, "192.0.2.1", level=Level.LOW)))
    (found,) = StixObjects(table, "e").page(ADDRESSES, 0, 10).objects
    assert found["revoked"]


def test_pages_give_every_object_once() -> None:
    table = filled(*(listing(Kind.IP, f"192.0.2.{number}") for number in range(25)))
    stix, after, seen = StixObjects(table, "e"), 0, list[str]()
    while True:
        page = stix.page(ADDRESSES, after, 10)
        seen += [one["id"] for one in page.objects]
        after = page.added[-1]
        if not page.more:
            break
    assert len(seen) == len(set(seen)) == 25


def test_a_listing_that_is_no_longer_valid_has_an_end_after_its_beginning() -> None:
    table = filled(listing(Kind.IP, "192.0.2.1", first_seen=NOW, valid_until=NOW))
    (found,) = StixObjects(table, "e").page(ADDRESSES, 0, 10).objects
    assert found["valid_until"] > found["valid_from"]


@given(st.text(min_size=1, max_size=50))
def test_a_pattern_ends_where_its_text_ends(text: str) -> None:
    written = pattern(NUMBER[Kind.URL], text, is_http=False)
    inside = written.removeprefix("[url:value = '").removesuffix("']")
    assert inside.replace("\\\\", "").replace("\\'", "").count("'") == 0


def test_times_are_as_the_standard_writes_them() -> None:
    assert stamp(1_773_133_200_000_001) == "2026-03-10T09:00:00.000001Z"
