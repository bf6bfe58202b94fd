"""OpenSMTPD 6 and 7: SMTP AUTH. The address stands in the first line of a session, the account in a later one.

The lines::

    1f55bdcdf16e28a3 smtp connected address=192.0.2.1 host=host.example
    1f55bdcdf16e28a3 smtp authentication user=a@example.org result=permfail

A session whose beginning is not in the log has no address, and its logins are counted as bad.

**Log injection.** The account is written by strnvis(3) with blanks as ``\\040``, so it is one word; the address
is on a line without any text of the client's.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat, Parse
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

MAX_SESSIONS: Final = 20_000
"""Most sessions whose address is remembered; the oldest goes first."""

_CONNECTED = re.compile(rf"([0-9a-f]{{16}}) smtp connected address=\[?({ADDRESS}|local)\]?(?: host=\S*)?")
_AUTHENTICATION = re.compile(r"([0-9a-f]{16}) smtp authentication user=(\S{0,1024}) result=(ok|permfail)")
_CLOSED = re.compile(r"([0-9a-f]{16}) smtp disconnected ")


def claims(entry: Entry) -> bool:
    """Whether OpenSMTPD wrote the entry (Postfix's smtpd is called ``postfix/smtpd``)."""
    return entry.program == "smtpd"


def open_log() -> Parse:
    """A reader that remembers the addresses of the sessions of one log."""
    sessions: dict[str, str] = {}

    def parse(entry: Entry) -> LoginEvent | None:
        text = entry.text
        if connected := _CONNECTED.fullmatch(text):
            if len(sessions) >= MAX_SESSIONS:
                del sessions[next(iter(sessions))]
            sessions[connected[1]] = connected[2]
            return None
        if closed := _CLOSED.match(text):
            sessions.pop(closed[1], None)
            return None
        if " smtp authentication user=" not in text[:50]:
            return None
        return _login(entry, sessions)

    return parse


def _login(entry: Entry, sessions: dict[str, str]) -> LoginEvent | None:
    found = _AUTHENTICATION.fullmatch(entry.text)
    if found is None:
        if entry.text.endswith(" result=tempfail"):
            return None  # The server could not tell.
        raise BadInput("line", "an authentication whose account is not one word")
    address = sessions.get(found[1])
    if address is None:
        raise BadInput("line", "of a session whose beginning is not in the log")
    return LoginEvent(
        seen_at=entry.seen_at,
        service="opensmtpd",
        protocol="smtp",
        account=account_name(found[2]),
        ip="127.0.0.1" if address == "local" else client_ip(address),
        outcome=Outcome.SUCCESS if found[3] == "ok" else Outcome.FAILURE,
    )


FORMAT = LogFormat("opensmtpd", claims, None, frozenset({"smtpd"}), open_log)
