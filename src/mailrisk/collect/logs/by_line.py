"""Reading a log a line at a time, as its lines come: the reader remembers what lines mean together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo

from mailrisk.collect.logs.entry import LineFormat, LogFormat
from mailrisk.collect.logs.read import AUTO, NO_MAPPED, Read, read_events


class ByLine:
    """The reader of one log: takes a line and gives what it is; arguments and errors as ``read_events``."""

    def __init__(
        self,
        timezone: tzinfo,
        now: datetime,
        *,
        format: str = AUTO,
        mapped: Mapping[str, LogFormat | LineFormat] = NO_MAPPED,
    ) -> None:
        self._line = b""
        self._events = read_events(self._fed(), format=format, timezone=timezone, now=now, mapped=mapped)

    def read(self, line: bytes) -> Read:
        """What one line is."""
        self._line = line
        return next(self._events)

    def _fed(self) -> Iterator[bytes]:
        while True:
            yield self._line
