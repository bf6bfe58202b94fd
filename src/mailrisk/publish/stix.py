"""STIX 2.1 indicators, in the collections of a TAXII 2.1 server, from the table of listings.

Source: OASIS STIX 2.1 (§4.7 indicator, §9 patterning), TAXII 2.1 (§3.5 pagination, §5 collections). An object
comes into its collection when we hear of it, at a time that no other object has: a client asks for what was added
after the last one that it has seen. What is not listed any more comes again with ``revoked``. After a start of the
service everything was added anew. Prefixes of paths have no pattern and are left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from mailrisk.model.subject import Kind
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import CATEGORIES, HTTP, ONCE, ListingTable, Snapshot
from mailrisk.publish.name_uuid import NAMESPACE_URL, text_of, uuid_of


class Collection(NamedTuple):
    """One collection: its permanent id, and the kinds of indicators in it."""

    id: str
    title: str
    description: str
    kinds: tuple[Kind, ...]


def _collection(name: str, description: str, *kinds: Kind) -> Collection:
    return Collection(text_of(uuid_of(NAMESPACE_URL, f"mailrisk:{name}")), name, description, kinds)


COLLECTIONS: Final = {
    one.id: one
    for one in (
        _collection("addresses", "IP addresses and networks of level high", Kind.IP, Kind.NETWORK),
        _collection("domains", "Hosts and domains of level malicious", Kind.HOST, Kind.DOMAIN),
        _collection("urls", "Single pages of level malicious", Kind.URL),
    )
}

_LABELS: Final = {number: category.value for number, category in enumerate(CATEGORIES)}


class Page(NamedTuple):
    """Objects in the order in which they were added, when (microseconds), and whether there are more."""

    objects: list[dict[str, Any]]
    added: list[int]
    more: bool


class StixObjects:
    """The indicators of one ledger. ``epoch`` makes ids that no other installation has."""

    def __init__(self, table: ListingTable, epoch: str) -> None:
        self._table = table
        self._space = uuid_of(NAMESPACE_URL, f"mailrisk:{epoch}")

    def page(self, collection: Collection, after: int, limit: int, ids: frozenset[str] = frozenset()) -> Page:
        """Objects that were added after a time (microseconds), at most ``limit``; ``ids``: of these alone."""
        rows = self._table.rows
        told = ((rows["flags"] & ONCE) > 0) & np.isin(
            rows["kind"], [NUMBER[kind] for kind in collection.kinds]
        )
        found = np.flatnonzero(told & (rows["added"] > after))
        if ids:
            found = found[[self._name(slot) in ids for slot in found.tolist()]]
        order = found[np.argsort(rows["added"][found], kind="stable")]
        part = self._table.part(order[:limit].tolist())
        current = self._table.current(part.rows).tolist()
        objects = [self._object(part, number, is_current) for number, is_current in enumerate(current)]
        return Page(objects, part.rows["added"].tolist(), len(order) > limit)

    def _name(self, slot: int) -> str:
        return self._id(int(self._table.rows["kind"][slot]), self._table.text(slot))

    def _id(self, kind: int, text: str) -> str:
        return f"indicator--{text_of(uuid_of(self._space, str(kind) + text))}"

    def _object(self, part: Snapshot, number: int, is_current: bool) -> dict[str, Any]:
        row, text = part.rows[number], part.text(number)
        kind, first = int(row["kind"]), int(row["first"])
        label = _LABELS.get(int(row["category"]), "listed")
        found = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": self._id(kind, text),
            "created": stamp(first * 1_000_000),
            "modified": stamp(int(row["added"])),
            "name": f"{label}: {text[:200]}",
            "indicator_types": ["malicious-activity"],
            "labels": [label],
            "pattern": pattern(kind, text, is_http=bool(int(row["flags"]) & HTTP)),
            "pattern_type": "stix",
            "valid_from": stamp(first * 1_000_000),
        }
        if not is_current:
            return found | {"revoked": True}
        # §4.7: it must be later than valid_from.
        until = max(int(row["valid"]), first + 1) * 1_000_000
        return found | {"confidence": min(int(row["score"]), 100), "valid_until": stamp(until)}


def pattern(kind: int, text: str, *, is_http: bool) -> str:
    """The pattern of one indicator (§9)."""
    if kind in (NUMBER[Kind.IP], NUMBER[Kind.NETWORK]):
        type_ = "ipv6-addr" if ":" in text else "ipv4-addr"
    elif kind == NUMBER[Kind.URL]:
        type_, text = "url", f"{'http' if is_http else 'https'}://{text}"
    else:
        type_ = "domain-name"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{type_}:value = '{escaped}']"


def stamp(microseconds: int) -> str:
    """A time as STIX and TAXII write it."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"
