"""Data files of rbldnsd, line by line."""

from __future__ import annotations

import random

from tests.publish.dnsbl.made import SEEN, fold, listing, made

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category
from mailrisk.publish.dnsbl.data_files import FILES, Head, data_file

HEAD = Head(nameserver="ns.bl.example", contact="host.bl.example", serial=2**32 + 7, written_at=SEEN)


def test_a_file_has_a_start_an_expiry_a_test_entry_and_its_lines() -> None:
    writer = fold()
    domain, host, hidden = (
        Subject(kind, name)
        for kind, name in (
            (Kind.DOMAIN, "evil.example"),
            (Kind.HOST, "evil.example"),
            (Kind.HOST, "good.evil.example"),
        )
    )
    for subject in (domain, host):
        writer.put(subject, listing(subject, Category.MALWARE_FILE))
    writer.exempt(hidden)
    assert "".join(data_file("domain", writer.rows, HEAD)).splitlines() == [
        "$SOA 60 ns.bl.example host.bl.example 7 60 30 86400 60",
        "$NS 60 ns.bl.example",
        "$TTL 60",
        "$TIMESTAMP 2026:03:01:00:00:00 +3600s",
        "test :127.0.0.2:test entry of RFC 5782, always listed",
        "*.evil.example :127.0.1.5:malware-file since 2026-03-01: feed-listed",
        "evil.example :127.0.1.5:malware-file since 2026-03-01: feed-listed",
        "!good.evil.example",
    ]


def test_every_row_of_a_zone_stands_in_one_file() -> None:
    lists = made(random.Random(2), 300)
    lines = [line for name in FILES for line in data_file(name, lists.rows, HEAD)]
    rows = sum(1 for first in (b"4", b"6", b"d", b"h", b"u") for _ in lists.rows.below(first))
    assert len(lines) == rows + 5 * len(FILES) and all(line.isascii() for line in lines)
