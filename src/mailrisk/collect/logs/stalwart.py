"""Stalwart: logins of all protocols, from its log file or the journal.

The lines::

    2026-05-11T04:02:01Z INFO Authentication failed (auth.failed) listenerId = "imaps", localPort = 993, \
remoteIp = 192.0.2.1, remotePort = 4711, accountName = "a@example.org", ...
    2026-05-11T04:02:01Z INFO Authentication successful (auth.success) listenerId = "imaps", ..., accountName = "a"

**Log injection.** Texts stand in quotes that are not escaped. The fields of the connection come first, so the
address is the ``remoteIp`` before every text that a client writes; a line without it there is counted as bad.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_OWN = re.compile(
    r"(?:[0-9TZ:.+-]{20,35} )?(?:INFO|WARN|ERROR|DEBUG|TRACE) [A-Z][A-Za-z ,'/-]{2,80} \(([a-z-]{2,30}\.[a-z-]{2,40})\)"
)
_REMOTE = re.compile(
    rf' (?:listenerId = "([A-Za-z0-9._-]{{1,64}})", )?(?:localPort = ([0-9]{{1,5}}), )?remoteIp = ({ADDRESS})(?:,|\Z)'
)
_ACCOUNT = re.compile(r'accountName = "([^"]{0,400})"')
_OUTCOMES = {
    "auth.success": Outcome.SUCCESS,
    "auth.failed": Outcome.FAILURE,
    "auth.too-many-attempts": Outcome.REFUSED,
}
_PORTS = {"143": "imap", "993": "imap", "110": "pop3", "995": "pop3", "25": "smtp", "465": "submission",
          "587": "submission", "4190": "sieve", "80": "http", "443": "http", "8080": "http"}  # fmt: skip


def claims(entry: Entry) -> bool:
    """Whether Stalwart wrote the entry: by its tag, or by the form of a line of its log file."""
    return entry.program in PROGRAMS or (not entry.program and _OWN.match(entry.text) is not None)


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    start = _OWN.match(entry.text)
    outcome = _OUTCOMES.get(start[1]) if start else None
    if start is None or outcome is None:
        return None
    remote = _REMOTE.match(entry.text, start.end())
    if remote is None:
        raise BadInput("line", "a login without a client address in its place")
    account = _ACCOUNT.search(entry.text, remote.end())
    return LoginEvent(
        seen_at=entry.seen_at,
        service="stalwart",
        protocol=_PORTS.get(remote[2] or "", ""),
        account=account_name(account[1]) if account else "",
        ip=client_ip(remote[3]),
        outcome=outcome,
        detail=remote[1] or "",
    )


PROGRAMS = frozenset({"stalwart", "stalwart-mail"})
FORMAT = LogFormat("stalwart", claims, parse, PROGRAMS)
