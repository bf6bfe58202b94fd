"""Courier: logins over IMAP and POP3, and refused SMTP AUTH.

The lines::

    imapd-ssl: LOGIN FAILED, user=a@example.org, ip=[::ffff:192.0.2.1], port=[4711]
    pop3d: LOGIN, user=a@example.org, ip=[::ffff:192.0.2.1], port=[4711], protocol=POP3
    courieresmtpd: error,relay=::ffff:192.0.2.1,port=4711,msg="535 Authentication failed.",cmd: AUTH LOGIN a

A login over SMTP leaves no line.

**Log injection.** Of IMAP and POP3 the account stands before the address, so the *last* ``, ip=[`` counts and
only Courier's own fields may follow it; of SMTP the address stands first.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_LOGIN = re.compile(
    rf"LOGIN( FAILED)?, (?:user=(.*)|method=\S{{1,40}}), ip=\[({ADDRESS})\](?:, port=\[[0-9]{{0,5}}\])?"
    r"(?:, protocol=[A-Za-z0-9]{1,20})?",
    re.DOTALL,
)
_SMTP = re.compile(
    rf'error,relay=({ADDRESS}),(?:port=[0-9]{{1,5}},)?msg="535 Authentication failed\.",cmd: (.*)', re.DOTALL
)
_COMMAND = re.compile(r"AUTH ([A-Z0-9-]{1,20})(?: \S{1,400})?(?: (\S{1,320}))?")


def claims(entry: Entry) -> bool:
    """Whether a Courier process wrote the entry; other servers' processes have the same names."""
    return entry.program.startswith("courier") or entry.text.startswith(("LOGIN, ", "LOGIN FAILED, "))


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    if entry.text.startswith("LOGIN"):
        found = _LOGIN.fullmatch(entry.text)
        if found is None:
            raise BadInput("line", "a login line without a client address in its place")
        outcome = Outcome.FAILURE if found[1] else Outcome.SUCCESS
        return _event(entry, found[3], found[2] or "", "", outcome)
    refused = _SMTP.fullmatch(entry.text)
    if refused is None:
        return None
    return _refused(entry, refused[1], refused[2])


def _refused(entry: Entry, address: str, command: str) -> LoginEvent:
    """``AUTH PLAIN <secret> a`` or ``AUTH LOGIN a``: only a last word that is no base64 blob is an account."""
    words = _COMMAND.fullmatch(command)
    last = command.rpartition(" ")[2]
    named = words is not None and (words[2] is not None or words[1] == "LOGIN") and not last.endswith("=")
    return _event(entry, address, last if named else "", words[1] if words else "", Outcome.FAILURE)


def _event(entry: Entry, address: str, account: str, method: str, outcome: Outcome) -> LoginEvent:
    program = entry.program
    protocol = "smtp" if "smtp" in program else "pop3" if "pop3" in program else "imap"
    return LoginEvent(
        seen_at=entry.seen_at,
        service="courier",
        protocol=protocol,
        account=account_name(account),
        ip=client_ip(address),
        outcome=outcome,
        detail=method,
    )


PROGRAMS = frozenset(
    {"imapd", "imapd-ssl", "pop3d", "pop3d-ssl", "imaplogin", "pop3login", "courierpop3login", "courieresmtpd",
     "courierpop3d", "courierimapd"}
)  # fmt: skip
FORMAT = LogFormat("courier", claims, parse, PROGRAMS)
