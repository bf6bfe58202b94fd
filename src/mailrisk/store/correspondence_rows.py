"""Days on which somebody wrote to somebody; both are known by keyed hashes alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from mailrisk.store import schema
from mailrisk.store.bulk import among, insert_rows

COLUMNS = ("tenant", "key", "first_seen", "last_seen", "days")
DAY_US = 86_400_000_000


class CorrespondenceRow(NamedTuple):
    """One hash: first and last time in microseconds, and on how many days (24 hours apart at least)."""

    first_seen: int
    last_seen: int
    days: int


class CorrespondenceRows:
    """The table over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, tenant: int, keys: Collection[str]) -> dict[str, CorrespondenceRow]:
        """Those of the keys that are known."""
        if not keys:
            return {}
        table = schema.correspondence
        query = select(table).where(table.c.tenant == tenant, among(self._connection, table.c.key, keys))
        return {
            row.key: CorrespondenceRow(row.first_seen, row.last_seen, row.days)
            for row in self._connection.execute(query)
        }

    def note(self, tenant: int, keys: Collection[str], at_us: int) -> None:
        """One more contact for each key. A contact less than a day after the last counts for the same day."""
        known = self.of(tenant, keys)
        rows = []
        for key in sorted(set(keys)):
            row = known.get(key)
            if row is None:
                rows.append((tenant, key, at_us, at_us, 1))
            elif at_us - row.last_seen >= DAY_US:
                rows.append((tenant, key, row.first_seen, at_us, row.days + 1))
        insert_rows(self._connection, schema.correspondence, COLUMNS, rows, "replace")

    def forget(self, before_us: int) -> int:
        """Removes what was not seen since; returns how many rows went."""
        table = schema.correspondence
        return self._connection.execute(delete(table).where(table.c.last_seen < before_us)).rowcount
