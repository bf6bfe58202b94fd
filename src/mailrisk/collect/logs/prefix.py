"""The front of a log line: when, and which program wrote it.

Six forms, told apart by the first character of the line:

- RFC 3164, what syslog writes to files: ``Sep  8 07:46:30 host dovecot[7508]: text``. It has neither
  year nor zone; both are given by whoever reads the file.
- The same with an RFC 3339 time, as rsyslog writes today: ``2024-12-31T06:56:17.784598+01:00 host ...``.
- Either with a priority in front, as syslog sends it: ``<22>Sep  8 ...``.
- RFC 5424: ``<22>1 2024-12-31T06:56:17Z host dovecot 7508 - - text``.
- One JSON object of the journal (``journalctl -o json``).
- A program's own log file, without host and tag: ``Sep 08 07:46:30 imap-login: Info: text``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import msgspec

from mailrisk.collect.logs.entry import Entry
from mailrisk.model.errors import BadInput

CLOCK_SKEW: Final = timedelta(days=1)
"""How far ahead of us a server's clock (or its unknown zone) may be before its time is refused."""

OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier times come from machines that have lost their clock."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A host's name has no bracket: in a program's own log the first word may hold text of a client
# (``auth(name,192.0.2.1): ...``), and must not be taken for a host that is followed by a tag.
_PRIORITY = re.compile(r"<[0-9]{1,3}>")
_BSD_TIME = r"[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_ISO_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_LINE = re.compile(
    rf"(?:(?P<bsd>{_BSD_TIME})|(?P<iso>{_ISO_TIME})) "
    r"(?P<own>(?:(?P<host>[A-Za-z0-9._@/-]{1,255}) )?(?P<tag>[^\s:\[]{1,128})(?:\[[0-9]{1,10}\])?:? (?P<text>.*))",
    re.DOTALL,
)
# RFC 5424 §6: version 1, time, host, app-name, procid, msgid, structured data, message.
_RFC5424 = re.compile(
    rf"<[0-9]{{1,3}}>1 ({_ISO_TIME}) \S+ (\S{{1,128}}) \S+ \S+ "
    r"(?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: \ufeff?(.*))?",
    re.DOTALL,
)


class _Journal(msgspec.Struct):
    """The fields of a journal entry that matter (systemd.journal-fields(7))."""

    time: str = msgspec.field(name="__REALTIME_TIMESTAMP")  # microseconds since 1970
    message: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)  # numbers if not UTF-8
    program: str = msgspec.field(name="SYSLOG_IDENTIFIER", default="")


_JOURNAL = msgspec.json.Decoder(_Journal)


class PrefixReader:
    """Reads the front of the lines of one file, in their order.

    ``timezone`` is that of times without one. ``year`` is that of the first line of times without one,
    and grows when December is followed by January; None takes the latest year that does not put a
    line into the future of ``now``. A file that is read a year late needs ``year``.
    """

    def __init__(self, timezone: tzinfo, year: int | None, now: datetime) -> None:
        self._timezone = timezone
        self._year = year
        self._latest = now.astimezone(UTC) + CLOCK_SKEW
        self._month = 0
        self._last_text = ""
        self._last_time = OLDEST

    def read(self, line: str) -> Entry:
        """The entry of a line without its line end. BadInput if the front has none of the forms."""
        if line[:1] == "{":
            return self._journal(line)
        if line[:1] == "<":
            found = _RFC5424.fullmatch(line)
            if found:
                return Entry(self._time(found[1], iso=True), found[2], found[3] or "")
            line = _PRIORITY.sub("", line, count=1)
        found = _LINE.fullmatch(line)
        if found is None:
            raise BadInput("line", "no time and program at its front")
        bsd = found["bsd"]
        seen_at = self._time(bsd or found["iso"], iso=bsd is None)
        if found["host"] is None:
            return self._without_host(seen_at, found)
        return Entry(seen_at, found["tag"], found["text"])

    @staticmethod
    def _without_host(seen_at: datetime, found: re.Match[str]) -> Entry:
        """A program's own log, or a syslog that names no host: only the latter has a tag we know."""
        if found["tag"] == "dovecot" or found["tag"].startswith("postfix"):
            return Entry(seen_at, found["tag"], found["text"])
        return Entry(seen_at, "", found["own"])

    def _journal(self, line: str) -> Entry:
        try:
            fields = _JOURNAL.decode(line)
            seen_at = datetime.fromtimestamp(int(fields.time) / 1e6, UTC)
            message = fields.message or ""
            text = message if isinstance(message, str) else bytes(message).decode("utf-8", "backslashreplace")
        except (msgspec.DecodeError, UnicodeError, ValueError, OverflowError, OSError, RecursionError):
            raise BadInput("line", "no journal entry in JSON") from None
        return Entry(self._plausible(seen_at), fields.program, text)

    def _time(self, text: str, *, iso: bool) -> datetime:
        """UTC of a time text. Many lines share their second: the last answer is kept."""
        if text != self._last_text:
            try:
                seen_at = self._iso(text) if iso else self._bsd(text)
            except (ValueError, OverflowError):
                raise BadInput("line", "its time does not exist") from None
            self._last_time = self._plausible(seen_at)
            self._last_text = text
        return self._last_time

    def _iso(self, text: str) -> datetime:
        seen_at = datetime.fromisoformat(text)
        if seen_at.tzinfo is None:
            seen_at = seen_at.replace(tzinfo=self._timezone)
        return seen_at.astimezone(UTC)

    def _bsd(self, text: str) -> datetime:
        month, day = _MONTHS.index(text[:3]) + 1, int(text[4:6])
        clock = text[-8:] if "." not in text else text[text.index(".") - 8 :]
        hour, minute = int(clock[0:2]), int(clock[3:5])
        second = int(clock[6:8])
        micro = int(clock[9:15].ljust(6, "0")) if len(clock) > 8 else 0

        def of(year: int) -> datetime:
            local = datetime(year, month, day, hour, minute, min(second, 59), micro, self._timezone)
            return local.astimezone(UTC)

        if self._year is not None:
            self._turn_year(month)
            return of(self._year)
        return self._latest_past(of)

    def _turn_year(self, month: int) -> None:
        """Steps the given year over New Year, and back for the late lines around it."""
        assert self._year is not None
        if self._month and month - self._month < -6:
            self._year += 1
        elif self._month and month - self._month > 6:
            self._year -= 1
        self._month = month

    def _latest_past(self, of: Callable[[int], datetime]) -> datetime:
        """The latest year that is not in the future; eight back at most, for 29 February."""
        for year in range(self._latest.year, self._latest.year - 9, -1):
            try:
                seen_at = of(year)
            except ValueError:
                continue
            if seen_at <= self._latest:
                return seen_at
        raise ValueError

    def _plausible(self, seen_at: datetime) -> datetime:
        if seen_at > self._latest:
            raise BadInput("line", "its time lies in the future")
        if seen_at < OLDEST:
            raise BadInput("line", "its time lies before 2000")
        return seen_at
