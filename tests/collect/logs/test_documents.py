"""Exports in one JSON document: each record is a line, however the bytes arrive and whatever strings hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.logs.documents import records
from mailrisk.collect.logs.read import MAX_LINE, split_lines

_RECORD = st.dictionaries(
    st.text(max_size=6),
    st.recursive(st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=6),
)


def _lines(data: bytes, step: int) -> list[Any]:
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    return [json.loads(line) for line in split_lines(pieces)]


@given(
    st.lists(_RECORD, min_size=1, max_size=4), st.sampled_from([None, 1]), st.booleans(), st.integers(1, 50)
)
def test_the_records_of_an_array_are_its_lines(
    expected: list[Any], indent: int | None, ascii_only: bool, step: int
) -> None:
    for document in (expected, {"value": expected}, {"kind": "x#y", "items": expected, "nextPageToken": "z"}):
        data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
        assert _lines(data, step) == expected


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_one_indented_object_is_one_record(step: int) -> None:
    record = {"a": {"b": [1, ']}\\"']}}
    assert _lines(json.dumps(record, indent=2).encode(), step) == [record]


def test_lines_that_are_objects_are_no_document() -> None:
    data = b'{"a":1}\n{"value":"x"}\n'
    assert list(split_lines([data])) == [b'{"a":1}\n', b'{"value":"x"}\n']


def test_a_log_that_grows_is_not_waited_for() -> None:
    def growing() -> Any:
        yield b'{"a":1}\n'
        pytest.fail("more was asked for before the first line was given")

    assert next(split_lines(growing())) == b'{"a":1}\n'


def test_a_record_beyond_the_limit_is_cut_and_the_next_is_read() -> None:
    data = json.dumps([{"a": "x" * 3 * MAX_LINE}, {"b": 1}]).encode()
    pieces = [data[start : start + 5_000] for start in range(0, len(data), 5_000)]
    first, second = split_lines(pieces)
    assert len(first) == MAX_LINE + 1
    assert json.loads(second) == {"b": 1}


def test_a_document_that_ends_early_gives_half_a_record() -> None:
    (whole, half) = list(split_lines([b'[{"a":1},{"b":']))
    assert json.loads(whole) == {"a": 1}
    assert half == b'{"b":'


@given(st.binary(max_size=200), st.integers(1, 30))
def test_any_bytes_are_cut_without_an_error(data: bytes, step: int) -> None:
    pieces = [b"[{"] + [data[start : start + step] for start in range(0, len(data), step)]
    for line in records(pieces, lambda given: iter(given), 100):
        assert len(line) <= 101
