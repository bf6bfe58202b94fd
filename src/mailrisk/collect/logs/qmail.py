"""qmail with vpopmail: what ``vchkpw`` writes about POP3, IMAP, SMTP and submission.

The lines::

    vpopmail[939]: vchkpw-pop3: password fail a@example.org:192.0.2.1
    vpopmail[939]: vchkpw-smtp: password fail (pass: 'secret') a@example.org:192.0.2.1
    vpopmail[939]: vchkpw-smtp: vpopmail user not found a@example.org:192.0.2.1
    vpopmail[939]: vchkpw-imaps: (PLAIN) login success a@example.org:192.0.2.1

qmail by itself logs no logins.

**Log injection.** The address is what follows the *last* colon of the line; password and account, which the client
writes, stand before it. An IPv6 address follows the account in the same way and cannot be told from one
with colons in the account: such a line is counted as bad.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_LINE = re.compile(
    r"vchkpw-([a-z0-9]{1,20}): (?:\(([A-Z0-9-]{1,20})\) )?(password fail|vpopmail user not found|login success) ?(.*)",
    re.DOTALL,
)
_PASSWORD = re.compile(r"\(pass: '.*'\) ", re.DOTALL)
_ADDRESS_LAST = re.compile(r"(.*):([0-9]{1,3}(?:\.[0-9]{1,3}){3})", re.DOTALL)
_OUTCOMES = {
    "password fail": Outcome.FAILURE,
    "vpopmail user not found": Outcome.UNKNOWN_USER,
    "login success": Outcome.SUCCESS,
}
_PROTOCOLS = {"pop3s": "pop3", "imaps": "imap", "smtps": "smtp"}


def claims(entry: Entry) -> bool:
    """Whether vpopmail wrote the entry."""
    return entry.program == "vpopmail"


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    found = _LINE.fullmatch(entry.text)
    if found is None:
        return None
    service, method, words, rest = found.groups()
    where = _ADDRESS_LAST.fullmatch(_PASSWORD.sub("", rest, count=1) if words == "password fail" else rest)
    if where is None:
        raise BadInput("line", "a login without a client address at its end")
    return LoginEvent(
        seen_at=entry.seen_at,
        service="qmail",
        protocol=_PROTOCOLS.get(service, service),
        account=account_name(where[1].removesuffix("@")),
        ip=client_ip(where[2]),
        outcome=_OUTCOMES[words],
        detail=method or "",
    )


FORMAT = LogFormat("qmail", claims, parse, frozenset({"vpopmail"}))
