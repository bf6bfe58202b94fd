"""What a log line is on its way to a login event: the values that the log stages hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from mailrisk.model.events import LoginEvent


class Entry(msgspec.Struct, frozen=True):
    """A log line without its prefix.

    ``program`` is the syslog tag without the process number (``dovecot``, ``postfix/smtps/smtpd``);
    '' for a program's own log file, which names none. ``text`` is what the program wrote. It is
    printable for the program that wrote it, not for us: it may hold control characters.
    """

    seen_at: datetime  # UTC
    program: str
    text: str
    repeated: int = 1  # more than 1: syslog has folded that many equal lines into this one


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
    """A line that cannot be read. ``number`` counts from 1; the text is withheld, it may hold secrets."""

    number: int
    reason: str


Parse = Callable[[Entry], LoginEvent | Attempt | None]
"""Reads one entry of a format: None if it is no login event; BadInput if it is one that makes no sense."""


class LogFormat(msgspec.Struct, frozen=True):
    """One log format: its name, which entries belong to it, and how they are read."""

    name: str
    claims: Callable[[Entry], bool]
    parse: Parse
