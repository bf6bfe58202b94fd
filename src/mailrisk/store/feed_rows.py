"""Writing what is known of feeds: a compact table of members, and how the last import went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from mailrisk.model.subject import Kind, Subject
from mailrisk.store import schema
from mailrisk.store.chunks import chunks
from mailrisk.store.rows import FeedRow

if TYPE_CHECKING:
    from mailrisk.store.transaction import Transaction


class FeedRows:
    """The feed tables inside one write transaction."""

    def __init__(self, transaction: Transaction, connection: Connection, at_us: int) -> None:
        self._transaction = transaction
        self._connection = connection
        self._at_us = at_us

    def open(self, tenant: int, name: str, format_: str) -> FeedRow:
        """The feed of that name, made when it is new."""
        row = {
            "tenant": tenant, "name": name, "format": format_, "imports": 0, "entries": 0,
            "imported_at": 0, "content_sha256": "", "validators": "", "last_error": "",
        }  # fmt: skip
        self._connection.execute(self._transaction.insert_new(schema.feed), [row])
        table = schema.feed
        query = select(table).where(table.c.tenant == tenant, table.c.name == name)
        return FeedRow.from_row(self._connection.execute(query).one())

    def members(self, feed_id: int) -> dict[int, bool]:
        """Subject numbers of a feed -> whether they are in it now (False: left)."""
        table = schema.feed_entry
        query = select(table.c.subject_id, table.c.present).where(table.c.feed_id == feed_id)
        return {id_: bool(present) for id_, present in self._connection.execute(query)}

    def set_members(self, feed_id: int, import_no: int, entered: Sequence[int], left: Sequence[int]) -> None:
        """Notes who entered and who left a feed with this import."""
        table = schema.feed_entry
        for part in chunks(entered):
            self._connection.execute(
                delete(table).where(table.c.feed_id == feed_id, table.c.subject_id.in_(part))
            )
            rows = [
                {"feed_id": feed_id, "subject_id": id_, "import_no": import_no, "present": 1} for id_ in part
            ]
            self._connection.execute(insert(table), rows)
        for part in chunks(left):
            query = update(table).where(table.c.feed_id == feed_id, table.c.subject_id.in_(part))
            self._connection.execute(query.values(import_no=import_no, present=0))

    def subjects_by_id(self, ids: Sequence[int]) -> dict[int, tuple[Subject, str]]:
        """Subject number -> (subject, scheme)."""
        found = {}
        for part in chunks(ids):
            for row in self._connection.execute(select(schema.subject).where(schema.subject.c.id.in_(part))):
                found[row.id] = (Subject(Kind(row.kind), row.value), row.scheme)
        return found

    def imported(self, feed_id: int, import_no: int, entries: int, sha256: str) -> None:
        """Notes a finished import."""
        self._connection.execute(
            update(schema.feed)
            .where(schema.feed.c.id == feed_id)
            .values(
                imports=import_no,
                entries=entries,
                content_sha256=sha256,
                imported_at=self._at_us,
                last_error="",
                failed_at=None,
            )
        )

    def failed(self, feed_id: int, error: str) -> None:
        """Notes an import that was refused or failed; what was imported before stays."""
        query = update(schema.feed).where(schema.feed.c.id == feed_id)
        self._connection.execute(query.values(last_error=error[:500], failed_at=self._at_us))
