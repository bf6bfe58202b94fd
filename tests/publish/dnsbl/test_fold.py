"""The rows of the zones follow the changes: what goes in, what is left out, what goes again."""

from __future__ import annotations

import random

import pytest
from tests.publish.dnsbl.made import a_subject, fold, listing, made

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.dnsbl.codes import address_of, code_of, text_of
from mailrisk.publish.dnsbl.fold import read_counts, read_position
from mailrisk.publish.dnsbl.rows import MemoryRows, key_of

PAGE = Subject(Kind.URL, "page.example/a.html")
HOST = Subject(Kind.HOST, "www.evil.example")


def test_a_listing_told_in_confidence_leaves_by_no_zone() -> None:
    rows = MemoryRows()
    writer = fold(rows)
    writer.put(HOST, listing(HOST))
    writer.put(HOST, listing(HOST, redistribute=False))
    assert key_of(HOST) and rows.get(key_of(HOST) or b"") is None


@pytest.mark.parametrize("level", [Level.SUSPICIOUS, Level.MEDIUM, Level.LOW, Level.UNKNOWN])
def test_only_what_is_certain_is_listed(level: Level) -> None:
    writer = fold()
    writer.put(HOST, listing(HOST, level=level))
    assert writer.counts() == {}


@pytest.mark.parametrize(
    "subject",
    [
        Subject(Kind.PATH, "page.example/folder/"),
        Subject(Kind.HOST, "[2001:db8::1]"),
        Subject(Kind.HOST, "a..example"),
        Subject(Kind.HOST, "x" * 64 + ".example"),
        Subject(Kind.HOST, ".".join(["x" * 60] * 4) + ".example"),
        Subject(Kind.HOST, "b\u00fccher.example"),
        Subject(Kind.DOMAIN, "example"),
        Subject(Kind.DOMAIN, "shop.sub.example"),  # not registrable: others live below it
        Subject(Kind.NETWORK, "127.0.0.0/8"),
        Subject(Kind.NETWORK, "0.0.0.0/0"),
        Subject(Kind.FILE, "0" * 64),
    ],
)
def test_what_no_zone_can_express_is_counted_and_not_widened(subject: Subject) -> None:
    writer = fold()
    writer.put(subject, listing(subject))
    writer.put(subject, listing(subject))
    assert writer.counts() == {"left out": 1}
    writer.drop(subject)
    assert writer.counts() == {"left out": 0}


def test_the_counts_are_those_of_the_rows_whatever_happened() -> None:
    chance, rows = random.Random(3), MemoryRows()
    writer = fold(rows)
    for number in range(800):
        subject = a_subject(chance)
        match chance.randrange(4):
            case 0:
                writer.drop(subject)
            case 1:
                writer.exempt(subject)
            case _:
                writer.put(subject, listing(subject))
        if number % 100 == 0:
            writer.settle("e", number, started=False)
    writer.settle("e", 900, started=False)
    expected = {"ipv4": b"4", "ipv6": b"6", "domains": b"d", "hosts": b"h", "urls": b"u"}
    assert {name: sum(1 for _ in rows.below(key)) for name, key in expected.items()} == {
        name: read_counts(rows)[name] for name in expected
    }
    assert read_position(rows) == ("e", 900)


def test_a_snapshot_replaces_all_that_was_there() -> None:
    writer = fold(made(random.Random(1), 50).rows)
    writer.clear()
    writer.put(HOST, listing(HOST))
    writer.settle("other", 1, started=True)
    assert writer.counts() == {"hosts": 1} and read_position(writer.rows) == ("other", 1)


@pytest.mark.parametrize("category", [None, *Category])
def test_no_code_is_one_that_means_an_error(category: Category | None) -> None:
    for subject in (HOST, PAGE, Subject(Kind.IP, "198.51.100.7")):
        address = address_of(code_of(listing(subject, category)))
        assert address.startswith(("127.0.0.", "127.0.1.")) and not address.endswith(".255")


def test_the_text_of_a_reason_is_plain_and_short() -> None:
    text = text_of(listing(HOST, Category.MALWARE_FILE))
    assert text == "malware-file since {date}: feed-listed" and "$" not in text


def test_a_domain_below_which_others_own_names_is_left_out_and_counted() -> None:
    writer = fold()
    writer.put(cloud := Subject(Kind.DOMAIN, "cloud.example"), listing(cloud))
    assert writer.counts() == {"left out": 1} and not list(writer.rows.below(b"d"))
    writer.drop(cloud)
    assert not any(writer.counts().values())
