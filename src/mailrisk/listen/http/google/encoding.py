"""Diffs in the forms that the dialects have for them: raw, or Golomb-Rice coded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from mailrisk.listen.http.google.wire import base64_text
from mailrisk.publish.webrisk import rice
from mailrisk.publish.webrisk.diff import Diff
from mailrisk.publish.webrisk.prefix_list import wire

Answer = dict[str, Any]


def raw_changes(diff: Diff) -> dict[str, Answer]:
    """``additions`` and ``removals`` as they are; what is empty is left out."""
    answer: dict[str, Answer] = {}
    if diff.additions:
        answer["additions"] = {"rawHashes": {"prefixSize": 4, "rawHashes": base64_text(wire(diff.additions))}}
    if diff.removals:
        answer["removals"] = {"rawIndices": {"indices": diff.removals}}
    return answer


def rice_fields(diff: Diff, count_name: str) -> dict[str, Answer]:
    """``additions`` and ``removals`` coded as Web Risk v1 and Safe Browsing v4 do.

    Prefixes are read as little-endian numbers there, and sorted by these. ``count_name``: how the dialect
    calls the number of differences.
    """
    answer: dict[str, Answer] = {}
    if diff.additions:
        raw = wire(diff.additions)
        numbers = sorted(int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4))
        answer["additions"] = {"riceHashes": _small(numbers, count_name)}
    if diff.removals:
        answer["removals"] = {"riceIndices": _small(diff.removals, count_name)}
    return answer


def _small(values: Sequence[int], count_name: str) -> Answer:
    """The first value is a text, since it has 64 bits in these dialects."""
    return {**coded(values, count_name, rice.PARAMETERS_32), "firstValue": str(values[0])}


def coded(values: Sequence[int], count_name: str, parameters: range) -> Answer:
    """A message of the type RiceDeltaEncoding: a single value has nothing but itself."""
    found = rice.encode(values, parameters)
    answer: Answer = {"firstValue": found.first}
    if found.count:
        answer["riceParameter"] = found.parameter
        answer[count_name] = found.count
        answer["encodedData"] = base64_text(found.data)
    return answer


def duration(span: timedelta) -> str:
    """A duration in whole seconds, rounded down: some clients read no fractions."""
    return f"{max(0, int(span.total_seconds()))}s"
