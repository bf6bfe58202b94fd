"""Batches are answered a slice at a time, so that other connections get their turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.listen.fast.routes import SLICE_CHARS, portions


@given(st.lists(st.integers(0, SLICE_CHARS + 10), max_size=50), st.integers(1, 100))
def test_every_url_is_in_one_slice_in_order_and_slices_are_short(lengths: list[int], step: int) -> None:
    urls = ["x" * length for length in lengths]
    cut = list(portions(urls, step))
    assert [url for portion in cut for url in portion] == urls
    for portion in cut:
        assert 1 <= len(portion) <= step
        assert len(portion) == 1 or sum(map(len, portion)) <= SLICE_CHARS
