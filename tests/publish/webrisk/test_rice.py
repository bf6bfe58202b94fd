"""Golomb-Rice coding against Google's published vectors and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.errors import BadInput
from mailrisk.model.url.expressions import full_hash
from mailrisk.publish.webrisk.rice import Coded, decode, encode


def test_the_example_of_the_version_5_documentation() -> None:
    hashes = [full_hash(f"{letter}.example.com/")[:4] for letter in "aby"]
    values = sorted(int.from_bytes(item, "big") for item in hashes)
    coded = encode(values, range(30, 31))
    assert (coded.first, coded.count, coded.parameter) == (489866504, 2, 30)
    assert coded.data.hex() == "7400d2971bed497400"


@given(st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=400))
def test_what_is_coded_is_read_again(values: set[int]) -> None:
    coded = encode(sorted(values))
    assert decode(coded) == sorted(values)
    assert coded.count == len(values) - 1
    assert (coded.parameter in range(2, 29)) == (len(values) > 1)


@given(st.sets(st.integers(0, 3000), min_size=2, max_size=400))
def test_small_numbers_such_as_positions_too(values: set[int]) -> None:
    assert decode(encode(sorted(values))) == sorted(values)


def test_data_that_is_cut_short_is_refused() -> None:
    coded = encode([5, 1000, 2**31])
    with pytest.raises(BadInput):
        decode(Coded(coded.first, coded.parameter, coded.count, coded.data[:-4]))
    with pytest.raises(BadInput):
        decode(Coded(0, 2, 1 << 40, b""))
