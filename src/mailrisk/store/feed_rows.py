"""Writing what is known of feeds: a compact table of members, and how the last import went."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, select, update

from mailrisk.store import schema
from mailrisk.store.bulk import insert_rows
from mailrisk.store.microseconds import to_us
from mailrisk.store.rows import FeedRow

if TYPE_CHECKING:
    from mailrisk.store.transaction import Transaction

UNDER_WAY = "its import is under way, or was cut off; the next one goes on with it"
"""What stands as a feed's last error while its entries are being applied."""

MEMBER_COLUMNS = ("feed_id", "subject_id", "import_no", "present")


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
        query = feed_query(tenant, name)
        if self._connection.execute(query).first() is None:
            self._connection.execute(self._transaction.insert_new(schema.feed), [row])
        return FeedRow.from_row(self._connection.execute(query).one())

    def set_members(self, feed_id: int, import_no: int, subject_ids: Iterable[int], *, present: bool) -> None:
        """Notes who entered, or who left, a feed with this import."""
        rows = [(feed_id, id_, import_no, int(present)) for id_ in subject_ids]
        insert_rows(self._connection, schema.feed_entry, MEMBER_COLUMNS, rows, "replace")

    def begin(self, feed_id: int, import_no: int) -> None:
        """Notes that a delivery was accepted and is being applied."""
        self._set(feed_id, imports=import_no, content_sha256="", last_error=UNDER_WAY, failed_at=self._at_us)

    def imported(self, feed_id: int, import_no: int, entries: int, sha256: str) -> None:
        """Notes a finished import."""
        self._set(
            feed_id, imports=import_no, entries=entries, content_sha256=sha256, imported_at=self._at_us,
            last_error="", failed_at=None,
        )  # fmt: skip

    def failed(self, feed_id: int, error: str) -> None:
        """Notes an import that was refused or failed; what was imported before stays."""
        self._set(feed_id, last_error=error[:500], failed_at=self._at_us)

    def reached(self, feed_id: int, due_at: datetime, validators: str) -> None:
        """Notes that the publisher answered, and that what it answered was dealt with."""
        self._set(
            feed_id, validators=validators, due_at=to_us(due_at), failures=0, checked_at=self._at_us,
            last_error="", failed_at=None,
        )  # fmt: skip

    def missed(self, feed_id: int, due_at: datetime, failures: int, error: str) -> None:
        """Notes that fetching failed or the delivery was refused, and when it is tried again."""
        self._set(feed_id, due_at=to_us(due_at), failures=failures)
        self.failed(feed_id, error)

    def _set(self, feed_id: int, **values: Any) -> None:
        self._connection.execute(update(schema.feed).where(schema.feed.c.id == feed_id).values(**values))


def feed_query(tenant: int, name: str) -> Select[Any]:
    """The row of one feed."""
    return select(schema.feed).where(schema.feed.c.tenant == tenant, schema.feed.c.name == name)


def members_query(feed_id: int) -> Select[Any]:
    """(subject's number, kind, value, scheme, whether it is in the feed now) of all that ever were in it."""
    member, about = schema.feed_entry, schema.subject
    return (
        select(about.c.id, about.c.kind, about.c.value, about.c.scheme, member.c.present)
        .join(about, about.c.id == member.c.subject_id)
        .where(member.c.feed_id == feed_id)
    )
