"""How far each receiver of change webhooks has been served."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from mailrisk.store import schema
from mailrisk.store.bulk import insert_rows
from mailrisk.store.microseconds import EPOCH, from_us, to_us

COLUMNS = ("name", "epoch", "position", "failures", "due_at", "delivered_at", "last_error")


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver: everything up to ``position`` in ``epoch`` has reached it."""

    name: str
    epoch: str
    position: int
    failures: int = 0
    due_at: datetime = EPOCH
    delivered_at: datetime | None = None
    last_error: str = ""


class WebhookRows:
    """The table of receivers over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, WebhookRow]:
        """Every receiver that was ever served, by name."""
        return {row.name: _from(row) for row in self._connection.execute(select(schema.webhook))}

    def put(self, row: WebhookRow) -> None:
        """Stores how far a receiver is."""
        delivered_at = None if row.delivered_at is None else to_us(row.delivered_at)
        values = (
            row.name, row.epoch, row.position, row.failures, to_us(row.due_at), delivered_at,
            row.last_error[:500],
        )  # fmt: skip
        insert_rows(self._connection, schema.webhook, COLUMNS, [values], "replace")


def _from(row: Any) -> WebhookRow:
    return WebhookRow(
        name=row.name,
        epoch=row.epoch,
        position=row.position,
        failures=row.failures,
        due_at=from_us(row.due_at),
        delivered_at=None if row.delivered_at is None else from_us(row.delivered_at),
        last_error=row.last_error,
    )
