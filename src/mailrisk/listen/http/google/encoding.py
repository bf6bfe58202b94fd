"""Diffs in the forms that the dialects have for them: raw, or Golomb-Rice coded."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
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
        answer["additions"] = {"riceHashes": _wide(_little_endian(wire(diff.additions)), count_name)}
    if diff.removals:
        answer["removals"] = {"riceIndices": _wide(rice.encode(diff.removals), count_name)}
    return answer


@lru_cache(maxsize=4)
def _little_endian(raw: bytes) -> rice.Coded:
    """Prefixes read as little-endian numbers. A whole list takes a second, and every new client wants it."""
    return rice.encode(sorted(int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4)))


@lru_cache(maxsize=4)
def _big_endian(raw: bytes, parameters: range) -> rice.Coded:
    return rice.encode([int.from_bytes(raw[at : at + 4], "big") for at in range(0, len(raw), 4)], parameters)


def _wide(found: rice.Coded, count_name: str) -> Answer:
    """The first value is a text, since it has 64 bits in these dialects."""
    return {**_message(found, count_name), "firstValue": str(found.first)}


def v5_changes(diff: Diff, parameters: range) -> dict[str, Answer]:
    """``additionsFourBytes`` and ``compressedRemovals`` of Safe Browsing v5: always coded, big-endian."""
    answer: dict[str, Answer] = {}
    if diff.additions:
        coded = _big_endian(wire(diff.additions), parameters)
        answer["additionsFourBytes"] = _message(coded, "entriesCount")
    if diff.removals:
        answer["compressedRemovals"] = _message(rice.encode(diff.removals, parameters), "entriesCount")
    return answer


def _message(found: rice.Coded, count_name: str) -> Answer:
    """A message of the type RiceDeltaEncoding: a single value has nothing but itself."""
    answer: Answer = {"firstValue": found.first}
    if found.count:
        answer["riceParameter"] = found.parameter
        answer[count_name] = found.count
        answer["encodedData"] = base64_text(found.data)
    return answer


def duration(span: timedelta) -> str:
    """A duration in whole seconds, rounded down: some clients read no fractions."""
    return f"{max(0, int(span.total_seconds()))}s"
