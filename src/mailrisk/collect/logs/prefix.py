"""The front of a log line: when, and which program wrote it.

The forms:

- RFC 3164, what syslog writes to files: ``Sep  8 07:46:30 host dovecot[7508]: text``. It has neither
  year nor zone; both are given by whoever reads the file.
- The same with an RFC 3339 time, as rsyslog writes today: ``2024-12-31T06:56:17.784598+01:00 host ...``.
- Either with a priority in front, as syslog sends it: ``<22>Sep  8 ...``.
- RFC 5424: ``<22>1 2024-12-31T06:56:17Z host dovecot 7508 - - text``.
- One JSON object of the journal (``journalctl -o json``).
- A program's own log file, without host and tag: ``Sep 08 07:46:30 imap-login: Info: text``, also
  with the time in brackets: ``[22-Jan-2026 22:28:21 +0200]: text``, ``[2026-01-22 22:28:21,112] text``.
- Any of them behind the name of a container: ``dovecot-mailcow-1  | Sep  8 07:46:30 ...``.

A line alone does not tell whether its first words are a host and a tag or the text of a program's own log:
the entry holds both readings, and the table of the formats' programs decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec

from mailrisk.collect.logs.entry import Entry
from mailrisk.collect.logs.times import OLDEST, Times
from mailrisk.model.errors import BadInput

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A host's name has no bracket: in a program's own log the first word may hold text of a client
# (``auth(name,192.0.2.1): ...``), and must not be taken for a host that is followed by a tag.
_PRIORITY = re.compile(r"<[0-9]{1,3}>")
_BSD_TIME = r"[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
_ISO_TIME = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?"
_LINE = re.compile(
    rf"(?:({_BSD_TIME})|({_ISO_TIME}(?: [+-][0-9]{{4}})?)) "
    r"((?:[A-Za-z0-9._@/-]{1,255} (?!\[))?(\[[0-9]{1,10}\]|[^\s:\[]{1,128})(?:\[[0-9]{1,10}\])?:? (.*))",
    re.DOTALL,
)
_TIME_ALONE = re.compile(rf"(?:({_BSD_TIME})|({_ISO_TIME}(?: [+-][0-9]{{4}})?)) (.+)", re.DOTALL)
# The log files of Python programs and of PHP's: the time in brackets, the day first or the year.
_BRACKETS = re.compile(
    rf"\[(?:([0-9]{{1,2}})-([A-Z][a-z]{{2}})-([0-9]{{4}}) ({_CLOCK})( [+-][0-9]{{4}})?|"
    rf"({_ISO_TIME}(?: [+-][0-9]{{4}})?))\]:? (.*)",
    re.DOTALL,
)
# What Docker Compose writes before the lines of a container: ``dovecot-mailcow-1  | ``.
_CONTAINER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,80} +\| ")
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
        self.times = Times(timezone, now)
        self._year = year
        self._month = 0
        self._last_text = ""
        self._last_time = OLDEST

    def read(self, line: str) -> Entry:
        """The entry of a line without its line end. BadInput if the front has none of the forms."""
        found = _LINE.fullmatch(line)
        if found is None:
            return self._other_form(line)
        bsd, iso, own, tag, text = found.groups()
        return Entry(self._time(bsd or iso, iso=bsd is None), tag, text, 1, own)

    def _other_form(self, line: str) -> Entry:
        if line[:1] == "{":
            return self._journal(line)
        if line[:1] == "<":
            found = _RFC5424.fullmatch(line)
            if found:
                return Entry(self._time(found[1], iso=True), found[2], found[3] or "")
            return self._plain(_PRIORITY.sub("", line, count=1))
        if line[:1] == "[":
            return self._bracketed(line)
        bare = _CONTAINER.sub("", line, count=1)
        return self._bracketed(bare) if bare[:1] == "[" else self._plain(bare)

    def _plain(self, line: str) -> Entry:
        found = _LINE.fullmatch(line)
        if found is not None:
            bsd, iso, own, tag, text = found.groups()
            return Entry(self._time(bsd or iso, iso=bsd is None), tag, text, 1, own)
        bare = _TIME_ALONE.fullmatch(line)
        if bare is None:
            raise BadInput("line", "no time and program at its front")
        bsd, iso, own = bare.groups()
        return Entry(self._time(bsd or iso, iso=bsd is None), "", own, 1, own)

    def _bracketed(self, line: str) -> Entry:
        found = _BRACKETS.fullmatch(line)
        if found is None:
            raise BadInput("line", "no time and program at its front")
        day, month, year, clock, zone, iso, text = found.groups()
        if iso is None:
            if month not in _MONTHS:
                raise BadInput("line", "its time does not exist")
            iso = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02} {clock}{zone or ''}"
        return Entry(self._time(iso, iso=True), "", text, 1, text)

    def _journal(self, line: str) -> Entry:
        try:
            fields = _JOURNAL.decode(line)
            seen_at = datetime.fromtimestamp(int(fields.time) / 1e6, UTC)
            message = fields.message or ""
            text = message if isinstance(message, str) else bytes(message).decode("utf-8", "backslashreplace")
        except (msgspec.DecodeError, UnicodeError, ValueError, OverflowError, OSError, RecursionError):
            raise BadInput("line", "no journal entry in JSON") from None
        return Entry(self.times.plausible(seen_at), fields.program, text)

    def _time(self, text: str, *, iso: bool) -> datetime:
        """UTC of a time text. Many lines share their second: the last answer is kept."""
        if text != self._last_text:
            if iso:
                seen_at = self.times.iso(text.replace(" +", "+").replace(" -", "-"))
            else:
                try:
                    seen_at = self.times.plausible(self._bsd(text))
                except (ValueError, OverflowError):
                    raise BadInput("line", "its time does not exist") from None
            self._last_time = seen_at
            self._last_text = text
        return self._last_time

    def _bsd(self, text: str) -> datetime:
        month, day = _MONTHS.index(text[:3]) + 1, int(text[4:6])
        clock = text[-8:] if "." not in text else text[text.index(".") - 8 :]
        hour, minute = int(clock[0:2]), int(clock[3:5])
        second = int(clock[6:8])
        micro = int(clock[9:15].ljust(6, "0")) if len(clock) > 8 else 0

        def of(year: int) -> datetime:
            local = datetime(year, month, day, hour, minute, min(second, 59), micro, self.times.timezone)
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
        for year in range(self.times.latest.year, self.times.latest.year - 9, -1):
            try:
                seen_at = of(year)
            except ValueError:
                continue
            if seen_at <= self.times.latest:
                return seen_at
        raise ValueError
