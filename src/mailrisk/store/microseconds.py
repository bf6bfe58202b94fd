"""How the stores write times: whole microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(when: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError for a time without zone: it would be ambiguous."""
    if when.tzinfo is None:
        raise ValueError("time without zone")
    return (when - EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """The time, in UTC."""
    return EPOCH + timedelta(0, 0, value)
