"""Mailu: the log of its ``admin`` container, which judges the logins of all protocols and of the web pages.

The lines::

    [2026-03-28 03:09:25,112] INFO in nginx: Login attempt for: a@example.org/imap/10143 from: 192.0.2.1/4711: \
success: password
    [2026-03-28 03:09:25,112] INFO in nginx: Login attempt for: a@example.org/smtp/10025 from: 192.0.2.1/4711: \
failed: badauth: 5ebe2294ecd0
    [2026-03-28 03:09:25,112] WARNING in limiter: Authentication attempt from 192.0.2.1 has been rate-limited.

**Log injection.** The account stands before the address, the comment of an application password (its owner's
words) behind it, in quotes. Where a line can be read in two ways, only Mailu's own words at its end decide;
if there are none, it is counted as bad.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_OWN = re.compile(r"[A-Z]{4,8} in [a-z_]{1,20}: (?:Login attempt for: |Authentication attempt from )")
_PLACE = re.compile(
    rf"/([a-z0-9]{{1,20}})/([a-z0-9]{{0,10}}) from: ({ADDRESS})/[0-9]{{0,5}}: (success|failed): "
)
_OWN_WORDS = re.compile(
    r"badauth(?:: [0-9a-f]{0,64})?|password|account disabled|password ok, but a token is required"
)
_LIMITED = re.compile(rf"({ADDRESS})(?: for (.*))? has been rate-limited\.", re.DOTALL)


def claims(entry: Entry) -> bool:
    """Whether Mailu's admin container wrote the entry."""
    return not entry.program and _OWN.match(entry.text) is not None


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    start = _OWN.match(entry.text)
    if start is None:
        return None
    if start[0].endswith("attempt from "):
        limited = _LIMITED.fullmatch(entry.text, start.end())
        if limited is None:
            raise BadInput("line", "a refused login without a client address in its place")
        return _event(entry, limited[1], limited[2] or "", "", Outcome.REFUSED, "rate-limited")
    return _attempt(entry, start.end())


def _attempt(entry: Entry, start: int) -> LoginEvent:
    places = list(_PLACE.finditer(entry.text, start))
    if not places:
        raise BadInput("line", "a login without a client address in its place")
    last = places[-1]
    words = entry.text[last.end() :]
    if len(places) > 1 and not _OWN_WORDS.fullmatch(words):
        raise BadInput("line", "it can be read with more than one client address")
    if last[4] == "success":
        outcome = Outcome.SUCCESS
    elif words.startswith(("account disabled", "password ok")):
        outcome = Outcome.DISABLED
    elif words.startswith("badip"):
        outcome = Outcome.REFUSED
    else:
        outcome = Outcome.FAILURE
    return _event(
        entry, last[3], entry.text[start : last.start()], last[1], outcome, words.partition(":")[0][:40]
    )


def _event(
    entry: Entry, address: str, account: str, protocol: str, outcome: Outcome, detail: str
) -> LoginEvent:
    return LoginEvent(
        seen_at=entry.seen_at,
        service="mailu",
        protocol="http" if protocol == "sso" else protocol,
        account=account_name(account.strip("'")),
        ip=client_ip(address),
        outcome=outcome,
        detail=account_name(detail),
    )


FORMAT = LogFormat("mailu", claims, parse)
