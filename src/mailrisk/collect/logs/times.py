"""Times of log lines: their zone where they name none, and which of them cannot be true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from mailrisk.model.errors import BadInput

CLOCK_SKEW: Final = timedelta(days=1)
"""How far ahead of us a server's clock (or its unknown zone) may be before its time is refused."""

OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier times come from machines that have lost their clock."""


class Times:
    """What is known about the times of one log: ``timezone`` is that of times without one, ``now`` bounds them."""

    def __init__(self, timezone: tzinfo, now: datetime) -> None:
        self.timezone = timezone
        self.latest = now.astimezone(UTC) + CLOCK_SKEW

    def iso(self, text: str, *, zone: tzinfo | None = None) -> datetime:
        """UTC of an ISO 8601 time; ``zone`` (else the log's) where it names none. BadInput if it cannot be."""
        try:
            seen_at = datetime.fromisoformat(text)
            if seen_at.tzinfo is None:
                seen_at = seen_at.replace(tzinfo=zone or self.timezone)
            return self.plausible(seen_at.astimezone(UTC))
        except (ValueError, OverflowError):
            raise BadInput("line", "its time does not exist") from None

    def plausible(self, seen_at: datetime) -> datetime:
        """The time itself. BadInput if it lies in the future or before ``OLDEST``."""
        if seen_at > self.latest:
            raise BadInput("line", "its time lies in the future")
        if seen_at < OLDEST:
            raise BadInput("line", "its time lies before 2000")
        return seen_at
