"""Login and send events: what mail servers tell us."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

KEY = "key:"
"""How the source of evidence begins that rests on the word of one API key; its public id follows."""


class Outcome(StrEnum):
    """How a login attempt ended."""

    SUCCESS = "success"
    FAILURE = "failure"  # wrong secret, or the log does not say which
    UNKNOWN_USER = "unknown-user"  # the account does not exist
    DISABLED = "disabled"  # the account exists and may not log in
    REFUSED = "refused"  # refused by policy before the secret was looked at


class LoginEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to log in. ``ip`` is canonical (``::ffff:`` unmapped) or '' when not logged.

    ``account`` is as typed by the client, lower-cased; '' when not logged. ``attempts`` counts
    tries that one log line reports together. ``secret`` is a short hash of account and password, as
    Dovecot's auth policy sends it: equal for equal tries ('' where nobody tells). ``id`` names the
    event for whoever sends it twice ('' : every event is a new one). ``reporter`` is the public id of the
    API key that told of it ('' : our own servers and logs).
    """

    seen_at: datetime
    service: str  # dovecot, postfix, exchange, ...
    protocol: str  # imap, pop3, smtp, submission, http, ssh, ...
    account: str
    ip: str
    outcome: Outcome
    detail: str = ""
    attempts: int = 1
    secret: str = ""
    id: str = ""
    reporter: str = ""


class SendEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One message handed in by an authenticated account, or what became of it.

    ``recipients`` counts all of them, ``to`` names those that are known (lower case, at most 50).
    ``bounced`` of them were refused for good. ``id`` and ``reporter`` as with login events.
    """

    seen_at: datetime
    service: str
    account: str
    ip: str
    sender: str = ""
    recipients: int = 1
    size: int = 0
    queue_id: str = ""
    detail: str = ""
    to: tuple[str, ...] = ()
    bounced: int = 0
    id: str = ""
    reporter: str = ""


def voice(reporter: str, analyser: str) -> str:
    """The source of evidence: the API key that all of it comes from, else the analyser."""
    return f"{KEY}{reporter}" if reporter else analyser
