"""What a log line is on its way to a login event: the values that the log stages hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from mailrisk.collect.logs.times import Times
from mailrisk.model.events import LoginEvent


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A log line without its prefix.

    ``program`` is the syslog tag without the process number (``dovecot``, ``postfix/smtps/smtpd``);
    '' for a program's own log file, which names none. ``text`` is what the program wrote. It is
    printable for the program that wrote it, not for us: it may hold control characters.
    ``own`` is all that stands behind the time: the text, if the line turns out to be of a program's own log.
    """

    seen_at: datetime  # UTC
    program: str
    text: str
    repeated: int = 1  # more than 1: syslog has folded that many equal lines into this one
    own: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """A login event with what tells whether another line reports the same attempt.

    ``backend`` names the password database that wrote the line; '' if the server that talks to the
    client wrote it. ``session`` is the server's id of the connection, '' if not logged.
    """

    event: LoginEvent
    backend: str = ""
    session: str = ""


class SkippedLine(msgspec.Struct, frozen=True):
    """A sound line that reports no login attempt, or one that another line has reported."""

    reason: str


class BadLine(msgspec.Struct, frozen=True):
    """A line that cannot be read. ``number`` counts from 1; the text is withheld, it may hold secrets.

    ``file``: which of several files it stands in, '' when there is but one.
    """

    number: int
    reason: str
    file: str = ""

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.file}, line {self.number}" if self.file else f"line {self.number}"


Parse = Callable[[Entry], LoginEvent | Attempt | None]
"""Reads one entry of a format: None if it is no login event; BadInput if it is one that makes no sense."""

ParseLine = Callable[[str], LoginEvent | Attempt | None]
"""Reads one line with its front, of a format that has a front of its own; otherwise as ``Parse``."""


class LogFormat(msgspec.Struct, frozen=True):
    """One log format behind a time and perhaps a program: its name, which entries belong to it, how they are read.

    ``programs`` are the tags under which it writes to syslog, without what follows a ``/`` in them. ``open``
    makes a reader for one log, for formats whose lines refer to earlier ones; ``parse`` reads all others.
    """

    name: str
    claims: Callable[[Entry], bool]
    parse: Parse | None = None
    programs: frozenset[str] = frozenset()
    open: Callable[[], Parse] | None = None

    def reader(self) -> Parse:
        """What reads the entries of one log, in their order."""
        if self.open is not None:
            return self.open()
        assert self.parse is not None
        return self.parse


class LineFormat(msgspec.Struct, frozen=True):
    """One log format with a front of its own (CSV, W3C, JSON): it is given whole lines and what is known of times.

    ``begins`` holds the characters that one of its lines can begin with; '' is any.
    """

    name: str
    claims: Callable[[str], bool]
    open: Callable[[Times], ParseLine]
    begins: str = ""
