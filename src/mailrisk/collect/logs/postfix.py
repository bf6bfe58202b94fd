"""Postfix: SMTP AUTH on smtpd, whatever the service is called (smtpd, submission, smtps).

A failure, with the account since 3.? only, and a success, which is logged once per message::

    postfix/smtps/smtpd[9]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason \
unavailable), sasl_username=a@example.org
    postfix/submission/smtpd[9]: 4XYZ: client=host.example[192.0.2.1], sasl_method=PLAIN, sasl_username=a

Aborted exchanges, unknown mechanisms and faults of the authentication server are no failures: no
password was judged. postscreen and all other programs report no logins.

**Log injection.** The client's address stands in front of everything the client says: the reverse
name before it is ``unknown`` or a host name that Postfix has checked (``valid_hostname``: letters,
digits, ``-``, ``.``, ``_``), so the *first* bracket is the address. The mechanism is one word. The
account is the client's text up to the end of the line, so the *first* ``sasl_username=`` counts.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadAddress, BadInput
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.ip import parse_ip

_CLIENT = r"[A-Za-z0-9._-]{1,255}\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%[0-9A-Za-z._-]{1,20})?\]"
_FAILURE = re.compile(
    rf"warning: {_CLIENT}(?::[0-9]{{1,5}})?: SASL (\S{{1,100}}) authentication failed(?:: ?(.*))?", re.DOTALL
)
_SUCCESS = re.compile(
    rf"[0-9A-Za-z]{{5,30}}: client={_CLIENT}(?::[0-9]+)?, sasl_method=(\S{{1,100}}), sasl_username=(.*)",
    re.DOTALL,
)
_MESSAGE = re.compile(r"[0-9A-Za-z]{5,30}: client=")
_AFTER_SUCCESS = re.compile(r", (?:sasl_sender|orig_queue_id|orig_client)=[^=]*\Z")
_NO_PASSWORD_JUDGED: Final = (
    "Connection lost to authentication server",
    "Invalid authentication mechanism",
    "Temporary authentication failure",
)


def claims(entry: Entry) -> bool:
    """Whether a Postfix program wrote the entry; instances are named ``postfix-out`` and the like."""
    return entry.program.startswith("postfix")


def parse(entry: Entry) -> Attempt | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    if not entry.program.endswith("/smtpd"):
        return None
    text = entry.text
    if text.startswith("warning: "):
        return _failure(entry) if " authentication failed" in text else None
    return _success(entry) if ", sasl_username=" in text else None


def _failure(entry: Entry) -> Attempt | None:
    found = _FAILURE.fullmatch(entry.text)
    if found is None:
        if ": SASL " not in entry.text:
            return None
        raise BadInput("line", "an authentication failure without a client address in its place")
    reason, _, account = (found[3] or "").partition(", sasl_username=")
    if reason.startswith(_NO_PASSWORD_JUDGED):
        return None
    return _attempt(entry, found[1], found[2], "" if account == "(unavailable)" else account, Outcome.FAILURE)


def _success(entry: Entry) -> Attempt | None:
    found = _SUCCESS.fullmatch(entry.text)
    if found is None:
        if not _MESSAGE.match(entry.text):
            return None
        raise BadInput("line", "a message of an account without a client address in its place")
    return _attempt(entry, found[1], found[2], _AFTER_SUCCESS.sub("", found[3]), Outcome.SUCCESS)


def _attempt(entry: Entry, address: str, method: str, account: str, outcome: Outcome) -> Attempt:
    try:
        ip = parse_ip(address)
    except BadAddress:
        raise BadInput("line", "its client address is no IP address") from None
    service = entry.program.split("/")
    return Attempt(
        LoginEvent(
            seen_at=entry.seen_at,
            service="postfix",
            protocol=service[1] if len(service) == 3 else "smtp",
            account=account_name(account),
            ip=ip,
            outcome=outcome,
            detail=account_name(method).upper(),
        )
    )


FORMAT = LogFormat("postfix", claims, parse, frozenset({"postfix"}))
