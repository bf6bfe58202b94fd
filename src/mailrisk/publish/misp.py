"""A MISP feed: a manifest of events, and each event with its attributes, from the table of listings.

Source: draft-dulaunoy-misp-core-format (§2 events, §3 manifest). There is one event for each category and month in
which its indicators were first seen. Its timestamp is when it last changed, which tells a client to fetch it
again; what was listed and is not any more stays in it as a deleted attribute, so that it goes there too.
Prefixes of paths have no type in MISP and are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mailrisk.model.subject import Kind
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import CATEGORIES, HTTP, ONCE, ListingTable, Rows
from mailrisk.publish.name_uuid import NAMESPACE_URL, text_of, uuid_of

MAX_ATTRIBUTES: Final = 50_000
"""Attributes of one event, the latest changes first."""

_TYPES: Final = {
    NUMBER[Kind.IP]: "ip-src",
    NUMBER[Kind.NETWORK]: "ip-src",
    NUMBER[Kind.HOST]: "hostname",
    NUMBER[Kind.DOMAIN]: "domain",
    NUMBER[Kind.URL]: "url",
}
_MONTHS: Final = 100_000  # a group is category x _MONTHS + months since 1970

Groups = NDArray[np.int64]


class MispFeed:
    """The feed of one ledger. ``epoch`` makes ids that no other installation has."""

    def __init__(self, table: ListingTable, epoch: str) -> None:
        self._table = table
        self._space = uuid_of(NAMESPACE_URL, f"mailrisk:{epoch}")

    def manifest(self) -> dict[str, Any]:
        """Id of each event -> its summary."""
        rows, groups = self._grouped()
        found = {}
        for group in np.unique(groups[groups >= 0]).tolist():
            found[self._id(group)] = self._summary(group, rows["added"][groups == group])
        return found

    def event(self, uuid: str) -> dict[str, Any] | None:
        """``{"Event": ...}``; None when there is no such event."""
        rows, groups = self._grouped()
        for group in np.unique(groups[groups >= 0]).tolist():
            if self._id(group) == uuid:
                chosen = np.flatnonzero(groups == group)
                order = np.argsort(rows["added"][chosen], kind="stable")[::-1][:MAX_ATTRIBUTES]
                summary = self._summary(group, rows["added"][chosen])
                attributes = list(self._attributes(chosen[order].tolist(), group))
                more = {"uuid": uuid, "published": True, "publish_timestamp": summary["timestamp"]}
                return {"Event": {**summary, **more, "Attribute": attributes}}
        return None

    def hashes(self) -> Iterator[str]:
        """Lines of ``hashes.csv``: the MD5 of each value and the event that holds it."""
        rows, groups = self._grouped()
        current = self._table.current(rows)
        ids = {group: self._id(group) for group in np.unique(groups[groups >= 0]).tolist()}
        for slot in np.flatnonzero((groups >= 0) & current).tolist():
            value = self._value(slot, int(rows["flags"][slot]), int(rows["kind"][slot]))
            digest = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()  # As MISP compares them.
            yield f"{digest},{ids[int(groups[slot])]}\n"

    def _grouped(self) -> tuple[Rows, Groups]:
        """All rows with their group, -1 for those of no event."""
        rows = self._table.rows
        month = rows["first"].astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        groups = rows["category"].astype(np.int64) * _MONTHS + month
        told = ((rows["flags"] & ONCE) > 0) & np.isin(rows["kind"], list(_TYPES))
        return rows, np.where(told, groups, -1)

    def _id(self, group: int) -> str:
        return text_of(uuid_of(self._space, f"event:{group}"))

    def _summary(self, group: int, added: NDArray[np.uint64]) -> dict[str, Any]:
        category, month = divmod(group, _MONTHS)
        first = datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return {
            "Orgc": {"name": "mailrisk", "uuid": text_of(self._space)},
            "Tag": [{"name": "tlp:green", "colour": "#33FF00"}],
            "info": f"mailrisk: {_category(category)}, first seen in {first:%Y-%m}",
            "date": f"{first:%Y-%m-%d}",
            "analysis": "2",
            "threat_level_id": "2",
            "timestamp": str(int(added.max()) // 1_000_000),
        }

    def _attributes(self, slots: list[int], group: int) -> Iterator[dict[str, Any]]:
        part = self._table.part(slots)
        current = self._table.current(part.rows).tolist()
        comment = _category(group // _MONTHS)
        for slot, row, is_current in zip(slots, part.rows, current, strict=True):
            kind = int(row["kind"])
            yield {
                "uuid": text_of(uuid_of(self._space, self._table.text(slot) + str(kind))),
                "type": _TYPES[kind],
                "category": "Network activity",
                "value": self._value(slot, int(row["flags"]), kind),
                "to_ids": True,
                "deleted": not is_current,
                "comment": f"{comment}, {row['score']}/100",
                "timestamp": str(int(row["added"]) // 1_000_000),
                "first_seen": _iso(int(row["first"])),
                "last_seen": _iso(max(int(row["last"]), int(row["first"]))),
                "disable_correlation": False,
            }

    def _value(self, slot: int, flags: int, kind: int) -> str:
        text = self._table.text(slot)
        if kind == NUMBER[Kind.URL]:
            return f"{'http' if flags & HTTP else 'https'}://{text}"
        return text


def _category(number: int) -> str:
    return CATEGORIES[number].value if number < len(CATEGORIES) else "listed"


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
