"""Events of a MISP feed: what is in which, and when they change."""

from __future__ import annotations

from datetime import timedelta

from tests.publish.tables import NOW, change, listing

from mailrisk.model.change import ChangeKind
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.listing_table import ListingTable
from mailrisk.publish.misp import MispFeed

ONE = listing(Kind.IP, "192.0.2.1")
OLD = listing(Kind.IP, "192.0.2.2", first_seen=NOW - timedelta(days=40))
SPAM = listing(Kind.NETWORK, "198.51.100.0/24", category=Category.SPAM_SOURCE)
PAGE = listing(Kind.URL, "evil.example/a", scheme="http")


class Clock:
    """Microseconds, moved by the test."""

    def __init__(self) -> None:
        self.now = int(NOW.timestamp()) * 1_000_000

    def __call__(self) -> int:
        return self.now


def table_of(clock: Clock) -> ListingTable:
    table = ListingTable(clock=clock)
    left_out = (listing(Kind.PATH, "evil.example/b/"), listing(Kind.IP, "192.0.2.3", level=Level.MEDIUM))
    for one in (ONE, OLD, SPAM, PAGE, *left_out):
        table.put(Subject(one.kind, one.value), one)
    table.settle("e", 100, started=True)
    return table


def values(feed: MispFeed) -> dict[str, list[str]]:
    found = {}
    for uuid, summary in feed.manifest().items():
        event = feed.event(uuid)
        assert event is not None
        found[summary["info"]] = [one["value"] for one in event["Event"]["Attribute"] if not one["deleted"]]
    return found


def test_there_is_an_event_for_each_category_and_month() -> None:
    assert values(MispFeed(table_of(Clock()), "e")) == {
        "mailrisk: brute-force, first seen in 2026-03": ["192.0.2.1"],
        "mailrisk: brute-force, first seen in 2026-01": ["192.0.2.2"],
        "mailrisk: spam-source, first seen in 2026-03": ["198.51.100.0/24"],
        "mailrisk: credential-phishing, first seen in 2026-03": ["http://evil.example/a"],
    }


def test_a_withdrawal_changes_its_event_alone_and_stays_in_it_as_deleted() -> None:
    clock = Clock()
    table = table_of(clock)
    feed = MispFeed(table, "e")
    before = {uuid: one["timestamp"] for uuid, one in feed.manifest().items()}
    clock.now += 60_000_000
    table.apply(change(101, ChangeKind.WITHDRAWN, ONE))
    after = {uuid: one["timestamp"] for uuid, one in feed.manifest().items()}
    (changed,) = [uuid for uuid in after if after[uuid] != before[uuid]]
    event = feed.event(changed)
    assert event is not None
    assert [(one["value"], one["deleted"]) for one in event["Event"]["Attribute"]] == [("192.0.2.1", True)]
    assert len(list(feed.hashes())) == 3


def test_ids_are_the_same_every_time_and_others_in_another_installation() -> None:
    table = table_of(Clock())
    assert set(MispFeed(table, "e").manifest()) == set(MispFeed(table, "e").manifest())
    assert not set(MispFeed(table, "e").manifest()) & set(MispFeed(table, "f").manifest())


def test_there_is_no_event_of_another_id() -> None:
    assert MispFeed(table_of(Clock()), "e").event("0" * 36) is None
