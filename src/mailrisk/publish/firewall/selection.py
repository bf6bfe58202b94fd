"""Which listings a list holds, and in which order.

Devices cut a list where their memory ends, so that what matters most comes first: by risk x recency, the
score falling by half in HALF_LIFE_DAYS since the indicator was last seen. That order does not change as time
passes, so that equal listings give equal bytes.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from mailrisk.model.errors import BadInput
from mailrisk.model.subject import Kind
from mailrisk.model.verdict import SEVERITY, Category, Level
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import CATEGORIES, LOCAL, V6, ListingTable, Mask, Rows, Snapshot

HALF_LIFE_DAYS: Final = 7.0

TYPES: Final[dict[str, tuple[Kind, ...]]] = {
    "ip": (Kind.IP, Kind.NETWORK),
    "ip4": (Kind.IP, Kind.NETWORK),
    "ip6": (Kind.IP, Kind.NETWORK),
    "domain": (Kind.HOST, Kind.DOMAIN),
    "url": (Kind.URL, Kind.PATH),
}


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a consumer asks for. ``type`` is a key of TYPES; ``kinds`` narrows it further."""

    type: str
    kinds: tuple[Kind, ...] = ()
    level: Level | None = None  # the smallest; None: high or malicious
    max_age_s: int | None = None  # since it was last seen
    categories: frozenset[Category] = frozenset()  # empty: all
    without: frozenset[Category] = frozenset()
    local: bool = False  # not what feeds alone know
    limit: int = 131_072

    def mask(self, table: ListingTable, rows: Rows, now: int) -> Mask:
        """The rows that belong on the list."""
        kinds = [NUMBER[kind] for kind in self.kinds or TYPES[self.type]]
        severity = SEVERITY[self.level or Level.HIGH]
        mask: Mask = table.out(rows) & np.isin(rows["kind"], kinds) & (rows["severity"] >= severity)
        if self.type in ("ip4", "ip6"):
            mask &= ((rows["flags"] & V6) > 0) == (self.type == "ip6")
        if self.max_age_s is not None:
            mask &= rows["last"] >= max(0, now - self.max_age_s)
        if self.categories:
            mask &= np.isin(rows["category"], [CATEGORIES.index(one) for one in self.categories])
        if self.without:
            mask &= ~np.isin(rows["category"], [CATEGORIES.index(one) for one in self.without])
        if self.local:
            mask &= (rows["flags"] & LOCAL) > 0
        return mask


def select(table: ListingTable, wanted: Selection, now: int) -> Snapshot:
    """The listings that a list holds, what matters most first."""
    rows = table.rows
    found = np.flatnonzero(wanted.mask(table, rows, now))
    chosen = rows[found]
    days = chosen["last"].astype(np.float64) / 86_400
    weight = np.log2(np.maximum(chosen["score"], 1)) + days / HALF_LIFE_DAYS
    order = np.argsort(-weight, kind="stable")[: wanted.limit]
    return table.part(found[order].tolist())


def level_named(text: str, type_: str) -> Level:
    """A level of the row that fits the type. BadInput: it is none, or one that is never listed."""
    of_ips = type_.startswith("ip")
    known = (Level.HIGH, Level.MEDIUM, Level.LOW) if of_ips else (Level.MALICIOUS, Level.SUSPICIOUS)
    for level in known:
        if level == text:
            return level
    raise BadInput("level", f"is one of {', '.join(known)}")
