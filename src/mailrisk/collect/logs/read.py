"""From the lines of a log to login events: prefix, format, one event per attempt, every line accounted for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import islice
from types import MappingProxyType
from typing import Final

import msgspec

from mailrisk.collect.logs.attempts import Attempts
from mailrisk.collect.logs.choose import Chooser
from mailrisk.collect.logs.documents import records
from mailrisk.collect.logs.entry import Attempt, BadLine, Entry, LineFormat, LogFormat, SkippedLine
from mailrisk.collect.logs.prefix import PrefixReader
from mailrisk.collect.logs.registry import FORMATS
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent

MAX_LINE: Final = 64 * 1024
"""Bytes of one line. Syslog daemons cut at 8 KiB or less; longer lines are counted as bad."""

AUTO: Final = "auto"
"""Asks of every line which format it is: one file may hold Dovecot's and Postfix's lines."""

RECOGNISED_FROM: Final = 1000
"""Lines that ``recognise`` looks at."""

MAX_REPEATED: Final = 10_000
"""Most equal lines that one "message repeated" line is believed to stand for."""

# rsyslog's $RepeatedMsgReduction, on by default on Ubuntu. No program's own text begins like this.
_REPEATED = re.compile(r"message repeated ([0-9]{1,9}) times: \[ ?(.*)\]", re.DOTALL)

_OTHER_PROGRAM: Final = SkippedLine("of a program whose logins are not read")
_NO_LOGIN: Final = SkippedLine("not about a login")
_BLANK: Final = SkippedLine("blank")

NO_MAPPED: Final[Mapping[str, LogFormat | LineFormat]] = MappingProxyType({})

Read = LoginEvent | SkippedLine | BadLine


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, with their line feed, from pieces of any size; holds at most ``MAX_LINE`` bytes of a line.

    Of a longer line the first ``MAX_LINE + 1`` bytes are yielded (``read_events`` refuses those) and the
    rest is dropped. A last line without a line feed is yielded without one: it is half a line, which
    a program may be writing this moment. Of a JSON document (an export: an array, or an object that
    holds one) each record is a line; see ``documents.py``.
    """
    return records(pieces, _split, MAX_LINE)


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            if rest:
                line = rest + piece[start : end + 1]
                rest = b""
            else:
                line = piece[start : end + 1]
            yield line if len(line) <= MAX_LINE + 1 else line[: MAX_LINE + 1]
            start = end + 1
        if len(rest) <= MAX_LINE:
            rest += piece[start : start + MAX_LINE + 1]
    if rest:
        yield rest[: MAX_LINE + 1]


def read_events(
    lines: Iterable[bytes],
    *,
    format: str = AUTO,
    timezone: tzinfo,
    year: int | None = None,
    now: datetime,
    mapped: Mapping[str, LogFormat | LineFormat] = NO_MAPPED,
) -> Iterator[Read]:
    """What every line is: a login event, a line that is none, or a line that cannot be read.

    ``lines`` come with or without their line end, in the order of the file. ``format`` is a key of
    ``FORMATS`` or of ``mapped`` (the configured ones), or ``auto``; ``timezone`` and ``year`` serve times that
    lack them (see ``PrefixReader``). Exactly one value is yielded for each line. BadInput for a format
    that is not known.
    """
    formats = (*FORMATS.values(), *mapped.values()) if format == AUTO else (_format(format, mapped),)
    prefixes = PrefixReader(timezone, year, now)
    return _read(lines, Chooser(formats, prefixes.times), prefixes)


def _read(lines: Iterable[bytes], chooser: Chooser, prefixes: PrefixReader) -> Iterator[Read]:
    attempts = Attempts()
    for number, raw in enumerate(lines, start=1):
        try:
            yield _line(raw, chooser, prefixes, attempts)
        except BadInput as error:
            yield BadLine(number, error.reason)


def _line(raw: bytes, chooser: Chooser, prefixes: PrefixReader, attempts: Attempts) -> Read:
    """One raw line; bytes that are no UTF-8 are written as ``\\xff``. BadInput if it cannot be read."""
    if len(raw) > MAX_LINE:
        raise BadInput("line", f"longer than {MAX_LINE} bytes")
    text = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
    if not text:
        return _BLANK
    whole = chooser.of_line(text)
    if whole is not None:
        return _joined(whole[1](text), attempts)
    entry = prefixes.read(text)
    if entry.text.startswith("message repeated "):
        entry = _unfolded(entry)
    chosen = chooser.of_entry(entry)
    if chosen is None:
        return _OTHER_PROGRAM
    event = _joined(chosen[1](chosen[2]), attempts)
    if entry.repeated > 1 and isinstance(event, LoginEvent):
        return msgspec.structs.replace(event, attempts=event.attempts * entry.repeated)
    return event


def _joined(found: LoginEvent | Attempt | None, attempts: Attempts) -> Read:
    if found is None:
        return _NO_LOGIN
    return attempts.join(found) if isinstance(found, Attempt) else found


def _unfolded(entry: Entry) -> Entry:
    found = _REPEATED.fullmatch(entry.text)
    if found is None:
        return entry
    return Entry(entry.seen_at, entry.program, found[2], max(1, min(int(found[1]), MAX_REPEATED)))


def _format(name: str, mapped: Mapping[str, LogFormat | LineFormat]) -> LogFormat | LineFormat:
    known = {**mapped, **FORMATS}
    try:
        return known[name]
    except KeyError:
        raise BadInput("format", f"not one of {', '.join((AUTO, *known))}") from None


def recognise(first_lines: Iterable[bytes], *, timezone: tzinfo, now: datetime) -> str:
    """The format that claims most of the first lines; '' if none claims any."""
    prefixes = PrefixReader(timezone, None, now)
    chooser = Chooser(tuple(FORMATS.values()), prefixes.times)
    claimed: Counter[str] = Counter()
    for raw in islice(first_lines, RECOGNISED_FROM):
        text = raw[: MAX_LINE + 1].decode("utf-8", "backslashreplace").rstrip("\r\n")
        whole = chooser.of_line(text) if text else None
        if whole is not None:
            claimed[whole[0]] += 1
            continue
        try:
            chosen = chooser.of_entry(prefixes.read(text))
        except BadInput:
            continue
        if chosen is not None:
            claimed[chosen[0]] += 1
    return claimed.most_common(1)[0][0] if claimed else ""
