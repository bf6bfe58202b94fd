"""The narrowest network and the nearest domain, found with few looks into the table."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.publish.dnsbl.made import made

from mailrisk.publish.dnsbl.rows import LISTED, MemoryRows, Rows
from mailrisk.publish.dnsbl.zones import EMPTY, TEST_RULE, find
from mailrisk.store.zones import ZoneStore


def by_each_length(name: str, rows: Rows) -> bytes | None:
    """What lists an address, asked for with every length of a network."""
    packed = bytes(map(int, reversed(name.split("."))))
    for length in range(32, -1, -1):
        network = ipaddress.ip_network((packed, length), strict=False)
        raw = rows.get(b"4" + network.network_address.packed + bytes([length]))
        if raw is not None:
            return raw if raw[0] >= LISTED else None
    return None


def by_each_name(name: str, rows: Rows) -> bytes | None:
    """What lists a name, asked for with every name above it."""
    key = b"".join(label.encode() + b"\0" for label in reversed(name.split(".")))
    labels = key.split(b"\0")[:-1]
    sought = [b"h" + key]
    sought += [
        b"d" + b"".join(label + b"\0" for label in labels[:count]) for count in range(len(labels), 1, -1)
    ]
    for one in sought:
        raw = rows.get(one)
        if raw is not None:
            return raw if raw[0] >= LISTED else EMPTY
    return EMPTY if rows.has_below(b"h" + key) or rows.has_below(b"d" + key) else None


def labels_of(name: str) -> list[bytes]:
    return [bytes([len(label)]) + label.encode() for label in name.split(".")]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 120))
def test_few_looks_find_what_a_look_for_each_length_and_each_name_finds(
    chance: random.Random, count: int
) -> None:
    some = made(chance, count)
    for _ in range(20):
        for zone, slowly in (("ip", by_each_length), ("domain", by_each_name)):
            try:
                name = some.question(zone, chance)
            except LookupError:
                continue
            if zone == "domain" or name.count(".") == 3:
                expected = slowly(name, some.rows)
                assert find(zone, labels_of(name), some.rows) in (expected, TEST_RULE), name


def test_a_table_in_a_file_gives_the_last_row_up_to_a_key_as_one_in_memory(tmp_path: Path) -> None:
    chance, memory, store = random.Random(7), MemoryRows(), ZoneStore(tmp_path)
    with store.writing() as table:
        for count in range(200):
            key = chance.randbytes(chance.randrange(1, 4))
            assert table.last_upto(key) == memory.last_upto(key)
            for rows in (table, memory):
                rows.put(key, b"%d" % count)
    store.close()
