"""Packed rows say what a dict of the same rows says, however often changes are worked in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.publish.webrisk import packed_rows
from mailrisk.publish.webrisk.packed_rows import PackedRows

WIDTH = 6
PREFIXES = (0, 1, 0x00FF00FF, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFFF)
TAILS = st.lists(st.sampled_from([b"\0\0", b"\0\1", b"ab", b"\xff\xff"]), max_size=3)


@pytest.fixture(autouse=True)
def _merged_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_rows, "LEAST_CHANGED", 3)
    monkeypatch.setattr(packed_rows, "MOST_CHANGED", 4)


@given(st.lists(st.tuples(st.sampled_from(PREFIXES), TAILS), max_size=40))
def test_what_was_set_last_is_what_is_there(history: list[tuple[int, list[bytes]]]) -> None:
    packed, plain = PackedRows(WIDTH), dict[int, bytes]()
    for prefix, tails in history:
        plain[prefix] = b"".join(prefix.to_bytes(4, "big") + tail for tail in tails)
        packed.set(prefix, plain[prefix])
        assert all(packed.get(each) == plain.get(each, b"") for each in PREFIXES)
    rows = b"".join(rows for _, rows in sorted(plain.items()))
    assert packed.packed().tobytes() == rows and packed.packed().shape == (len(rows) // WIDTH, WIDTH)
    assert all(packed.get(each) == plain.get(each, b"") for each in PREFIXES)


def test_no_buffer_of_nothing_is_asked_for() -> None:
    sizes: list[int] = []

    def allocate(size: int) -> memoryview:
        sizes.append(size)
        return memoryview(bytearray(size))

    packed = PackedRows(WIDTH, allocate)
    packed.set(7, b"\0\0\0\7ab")
    assert len(packed.packed()) == 1
    packed.set(7, b"")
    assert len(packed.packed()) == 0
    assert sizes == [WIDTH]
