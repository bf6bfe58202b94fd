"""Login and send events: what mail servers tell us."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


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
    tries that one log line reports together.
    """

    seen_at: datetime
    service: str  # dovecot, postfix, exchange, ...
    protocol: str  # imap, pop3, smtp, submission, http, ssh, ...
    account: str
    ip: str
    outcome: Outcome
    detail: str = ""
    attempts: int = 1


class SendEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One message handed in by an authenticated account."""

    seen_at: datetime
    service: str
    account: str
    ip: str
    sender: str = ""
    recipients: int = 1
    size: int = 0
    queue_id: str = ""
    detail: str = ""
