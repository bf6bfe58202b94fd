"""One attempt, one event: joins the lines with which several programs report the same attempt.

A wrong password over IMAP is logged by each password database that was asked and, when the client
leaves, by the login process ("2 attempts in 9 secs"). One over SMTP AUTH is logged by Dovecot's
password database and by Postfix. Counting each line would double an attacker's failures, and an
honest user's typing errors with them. The rules:

- Within one session (or, if none is logged, one account at one address), databases are asked one
  after the other: an attempt is new only if its own database has spoken more often than any other.
- What databases have reported of an address is *ahead*; the line of the server that talks to the
  client counts only for what goes beyond it.
- A success takes back what is ahead of its session: its line will not be followed by a failure's.

Both tables hold the latest ``MAX_TRACKED`` keys and forget a key after ``FORGET_AFTER`` of event time.
So an address that tries hard enough is counted double at worst, and never less than once.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from mailrisk.collect.logs.entry import Attempt, SkippedLine
from mailrisk.model.events import LoginEvent, Outcome

MAX_TRACKED: Final = 20_000
FORGET_AFTER: Final = timedelta(minutes=10)

T = TypeVar("T")

NEXT_DATABASE: Final = SkippedLine("another password database reports the same attempt")
COUNTED_BEFORE: Final = SkippedLine("the password database has reported the same attempts")


class _Session(msgspec.Struct):
    """How often each database has spoken, and how many attempts that makes."""

    at: datetime
    spoken: dict[str, int]
    counted: int = 0


class _Ahead(msgspec.Struct):
    """Attempts of an address that databases have reported and the front end has not."""

    at: datetime
    count: int = 0


class Attempts:
    """What has been reported of late, in the order of the lines of one log."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._ahead: OrderedDict[str, _Ahead] = OrderedDict()

    def join(self, attempt: Attempt) -> LoginEvent | SkippedLine:
        """The event of an attempt, with the attempts that are new; SkippedLine if none is."""
        event = attempt.event
        if attempt.backend:
            return self._backend(attempt, event)
        if not self._ahead:
            return event
        if event.outcome is Outcome.SUCCESS:
            self._settle(attempt)
            return event
        return self._front(event)

    def _backend(self, attempt: Attempt, event: LoginEvent) -> LoginEvent | SkippedLine:
        key = attempt.session or f"{event.ip} {event.account}"
        session = self._sessions.get(key)
        if session is None or event.seen_at - session.at > FORGET_AFTER:
            session = _Session(event.seen_at, {})
            _put(self._sessions, key, session)
        session.at = event.seen_at
        spoken = session.spoken[attempt.backend] = session.spoken.get(attempt.backend, 0) + 1
        if spoken <= session.counted:
            return NEXT_DATABASE
        session.counted = spoken
        ahead = self._ahead_of(event)
        ahead.count += 1
        ahead.at = event.seen_at
        return event

    def _ahead_of(self, event: LoginEvent) -> _Ahead:
        ahead = self._ahead.get(event.ip)
        if ahead is None or event.seen_at - ahead.at > FORGET_AFTER:
            ahead = _Ahead(event.seen_at)
            _put(self._ahead, event.ip, ahead)
        return ahead

    def _settle(self, attempt: Attempt) -> None:
        event = attempt.event
        session = self._sessions.pop(attempt.session or f"{event.ip} {event.account}", None)
        if session is not None and event.ip in self._ahead:
            ahead = self._ahead[event.ip]
            ahead.count = max(0, ahead.count - session.counted)

    def _front(self, event: LoginEvent) -> LoginEvent | SkippedLine:
        if event.ip not in self._ahead:
            return event
        ahead = self._ahead_of(event)
        known = min(ahead.count, event.attempts)
        ahead.count -= known
        if not ahead.count:
            del self._ahead[event.ip]
        if known == event.attempts:
            return COUNTED_BEFORE
        if not known:
            return event
        return msgspec.structs.replace(event, attempts=event.attempts - known)


def _put(table: OrderedDict[str, T], key: str, value: T) -> None:
    """Makes the key the newest of the table, and drops the oldest if it is full."""
    table.pop(key, None)
    if len(table) >= MAX_TRACKED:
        table.popitem(last=False)
    table[key] = value
