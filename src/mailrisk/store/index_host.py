"""What the look-up index holds about one host: how many rules of each kind, and the rules themselves while they are few.

A host that somebody abused has a handful of listings: they stand in the host's own value, and a look-up finds them with
the one read that tells a miss from a hit. On a document service many thousands of links are listed: its rules stand
in a table of their own, so that no listing writes all the others again.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from mailrisk.model.subject import URL_SCOPES
from mailrisk.store import index_form as form

COUNTS: Final = struct.Struct("<IIII")
"""How many rules of each kind a host has: what every value begins with."""

EMPTY: Final = COUNTS.pack(0, 0, 0, 0)
START: Final = COUNTS.size
PLACE: Final = {form.KIND_BYTE[kind]: position for position, kind in enumerate(URL_SCOPES)}
"""Where the count of a kind stands, by the first byte of a rule's key."""

DOMAINS: Final = slice(12, START)
"""The part of a value that is zero if no rule covers the hosts below."""

MAX_HELD: Final = 16
"""Rules that a host's value holds: with a name of any length, what LMDB still puts on a shared page."""

_ENTRY: Final = form.KEY_BYTES + form.LISTING_BYTES

Rules = dict[bytes, bytes]
"""Rules of one host, by ``form.rule_key``."""


def is_held(value: bytes) -> bool:
    """Whether the value holds the host's rules; else they stand in the table of rules."""
    return len(value) > START


def find(value: bytes, key: bytes) -> bytes | None:
    """The rule under a key in a value that holds them."""
    at = value.find(key, START)
    while at >= 0 and (at - START) % _ENTRY:  # By chance, across two entries.
        at = value.find(key, at + 1)
    return value[at + form.KEY_BYTES : at + _ENTRY] if at >= 0 else None


def read(value: bytes) -> Rules | None:
    """The rules that a value holds; None if they stand in the table of rules."""
    if not is_held(value):
        return None
    starts = range(START, len(value), _ENTRY)
    return {value[at : at + form.KEY_BYTES]: value[at + form.KEY_BYTES : at + _ENTRY] for at in starts}


def write(rules: Mapping[bytes, bytes]) -> bytes | None:
    """The value that holds these rules, at least one; None if they have to stand in the table of rules."""
    if len(rules) > MAX_HELD or any(len(rule) != form.LISTING_BYTES for rule in rules.values()):
        return None
    counts = [0] * len(PLACE)
    for key in rules:
        counts[PLACE[key[:1]]] += 1
    return COUNTS.pack(*counts) + b"".join([key + rules[key] for key in sorted(rules)])
