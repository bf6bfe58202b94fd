"""Which format reads a line: by the program that wrote it, else by what the line looks like.

A file may hold the lines of many programs. A program's name decides at once; only lines of programs
that no format knows are asked about one format after the other, because a program's own log file names
none and its first words may look like a host and a tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mailrisk.collect.logs.entry import Entry, LineFormat, LogFormat, Parse, ParseLine
from mailrisk.collect.logs.times import Times

MAX_PROGRAMS: Final = 2_000
"""Most program names remembered of one log; then the table starts again."""

_Claimed = tuple[tuple[LogFormat, Parse], ...]


class Chooser:
    """The readers of one log, and which of them reads which line."""

    def __init__(self, formats: Sequence[LogFormat | LineFormat], times: Times) -> None:
        self._by_line: tuple[tuple[LineFormat, ParseLine], ...] = tuple(
            (each, each.open(times)) for each in formats if isinstance(each, LineFormat)
        )
        self._by_entry: _Claimed = tuple(
            (each, each.reader()) for each in formats if isinstance(each, LogFormat)
        )
        self._named = len(formats) == 1  # Whoever names the format wants every line read by it.
        self._first: dict[str, tuple[tuple[LineFormat, ParseLine], ...]] = {}
        self._programs: dict[str, _Claimed] = {}

    def of_line(self, line: str) -> tuple[str, ParseLine] | None:
        """Name and reader of the format that reads the whole line (not an empty one); None if it is to be taken apart first."""
        first = self._first.get(line[0])
        if first is None:
            first = self._of_first(line[0])
        for each, parse in first:
            if self._named or each.claims(line):
                return each.name, parse
        return None

    def of_entry(self, entry: Entry) -> tuple[str, Parse, Entry] | None:
        """Name and reader of an entry, and the entry as that format sees it; None if none claims it."""
        claimed = self._programs.get(entry.program)
        if claimed is None:
            claimed = self._of_program(entry.program)
        for each, parse in claimed:
            if len(claimed) == 1 or each.claims(entry):
                return each.name, parse, entry
        if claimed or not entry.own:
            return None
        entry = Entry(entry.seen_at, "", entry.own, entry.repeated)
        for each, parse in self._by_entry:
            if each.claims(entry):
                return each.name, parse, entry
        return None

    def _of_first(self, first: str) -> tuple[tuple[LineFormat, ParseLine], ...]:
        found = tuple(
            pair for pair in self._by_line if self._named or not pair[0].begins or first in pair[0].begins
        )
        if len(self._first) < MAX_PROGRAMS:
            self._first[first] = found
        return found

    def _of_program(self, program: str) -> _Claimed:
        """The formats under which a program is known: ``postfix/smtpd`` and ``postfix-out/smtpd`` are Postfix."""
        name = program.partition("/")[0]
        names = {program, name, name.partition("-")[0] if name.startswith("postfix-") else name}
        claimed = tuple(pair for pair in self._by_entry if program and not names.isdisjoint(pair[0].programs))
        if len(self._programs) >= MAX_PROGRAMS:
            self._programs.clear()
        self._programs[program] = claimed
        return claimed
