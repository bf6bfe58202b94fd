"""Roundcube: logins through webmail, from its ``userlogins`` and ``errors`` logs or syslog.

The lines (with the session in ``<...>`` before them in newer versions)::

    Successful login for a@example.org (ID: 12) from 192.0.2.1 in session 1z506z6rvddstv6k
    Failed login for a@example.org from 192.0.2.1 in session 1z506z6rvddstv6k (error: 0)
    IMAP Error: Login failed for a@example.org against localhost from 192.0.2.1. AUTHENTICATE PLAIN: ... in /...

A failure is in both logs; ``attempts.py`` joins the two lines. Behind a proxy the address is followed by the
headers that name another (``192.0.2.1(X-Forwarded-For: ...)``); those are the client's words and are not used.

**Log injection.** The client's words stand before the address (the account) and, with such headers or in an
answer of the IMAP server, behind it. Without them the *last* address counts; a line that can then be read with
two different addresses is counted as bad.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_SESSION = r"(?:<[0-9A-Za-z,-]{1,40}> )?"
_OWN = re.compile(rf"{_SESSION}(?:(?:Successful|Failed|FAILED) login for |IMAP Error: Login failed for )")
_SUCCESS = re.compile(
    rf"{_SESSION}Successful login for (.*) \(ID: [0-9]{{1,10}}\) from ({ADDRESS})(\(.*\))? in session \S{{1,64}}",
    re.DOTALL,
)
_FAILED = re.compile(
    rf"{_SESSION}(?:Failed|FAILED) login for (.*) from ({ADDRESS})(\(.*\))?"
    r"(?: in session \S{1,64} \(error: -?[0-9]{1,6}\))?",
    re.DOTALL,
)
_IMAP = re.compile(
    rf"{_SESSION}IMAP Error: Login failed for (.*?)(?: against \S{{1,255}})? from ({ADDRESS})(\(|\. |\Z)",
    re.DOTALL,
)
_PLACES = re.compile(rf" from ({ADDRESS})(?=\(|\. | in session |\Z)")


def claims(entry: Entry) -> bool:
    """Whether Roundcube wrote the entry: by its tag, or by the form of a line of its own logs."""
    return entry.program == "roundcube" or (not entry.program and _OWN.match(entry.text) is not None)


def parse(entry: Entry) -> Attempt | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    start = _OWN.match(entry.text)
    if start is None:
        return None
    if start[0].endswith("Login failed for "):
        return Attempt(_read(entry, _IMAP.match(entry.text), Outcome.FAILURE, free=True), "imap")
    pattern, outcome = (_SUCCESS, Outcome.SUCCESS) if "Successful" in start[0] else (_FAILED, Outcome.FAILURE)
    return Attempt(_read(entry, pattern.fullmatch(entry.text), outcome))


def _read(entry: Entry, found: re.Match[str] | None, outcome: Outcome, *, free: bool = False) -> LoginEvent:
    if found is None:
        raise BadInput("line", "a login without a client address in its place")
    if (free or found[3]) and len(set(_PLACES.findall(entry.text))) > 1:
        raise BadInput("line", "it can be read with more than one client address")
    return LoginEvent(
        seen_at=entry.seen_at,
        service="roundcube",
        protocol="http",
        account=account_name(found[1]),
        ip=client_ip(found[2]),
        outcome=outcome,
    )


FORMAT = LogFormat("roundcube", claims, parse, frozenset({"roundcube"}))
