"""Exim: SMTP AUTH, from the main log or syslog.

A failure is one line; a success is told by the arrival of each message, which names the authenticator::

    dovecot_login authenticator failed for host.example (helo) [192.0.2.1]:4711: 535 Incorrect \
authentication data (set_id=a@example.org)
    1tABCd-000001-00 <= a@example.org H=host.example (helo) [192.0.2.1]:4711 P=esmtpsa A=plain:a@example.org S=920

**Log injection.** The client's words are the HELO name, which stands in round brackets before the address
and has no blanks, and the account, which stands behind the address. So the address is the first
``[...]`` behind a host name and a HELO name without blanks; a line of another form is counted as bad.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

# The main log has no host and tag, perhaps the process number; syslog may repeat the time.
_FRONT = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15} )?(?:\[[0-9]{1,10}\] )?"
_PEER = rf"(?:[A-Za-z0-9._-]{{1,255}} )?(?:\(\S{{0,255}}\) )?\[({ADDRESS})\]"
_OWN = re.compile(
    _FRONT + r"(?:[A-Za-z0-9_-]{1,64} authenticator failed for |[0-9A-Za-z]{6,11}-[0-9A-Za-z-]{6,16} <= )"
)
_FAILED = re.compile(
    rf"{_FRONT}([A-Za-z0-9_-]{{1,64}}) authenticator failed for {_PEER}(?::[0-9]{{1,5}})?(?: I=\S{{1,60}})?(?: Ci=[0-9]+)?: "
    r"535 Incorrect authentication data(?: \(set_id=(.*)\))?(?:: [0-9]+ Time\(s\))?",
    re.DOTALL,
)
_ARRIVAL = re.compile(
    rf"{_FRONT}[0-9A-Za-z-]{{13,28}} <= \S{{1,1000}} (?:[RU]=\S{{1,64}} ){{0,2}}H={_PEER}(?::[0-9]{{1,5}})? (.*)",
    re.DOTALL,
)
_AUTHENTICATED = re.compile(r"(?:^| )A=([A-Za-z0-9_-]{1,64})(?::(\S{1,320}))?(?: |\Z)")


def claims(entry: Entry) -> bool:
    """Whether Exim wrote the entry: by its tag, or by the form of a line of its main log."""
    return entry.program in PROGRAMS or (not entry.program and _OWN.match(entry.text) is not None)


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    if " authenticator failed for " in entry.text[:200]:
        found = _FAILED.fullmatch(entry.text)
        if found is None:
            if "535 Incorrect authentication data" not in entry.text:
                return None
            raise BadInput("line", "an authentication failure without a client address in its place")
        return _event(entry, found[2], found[3] or "", found[1], Outcome.FAILURE)
    if " <= " not in entry.text[:80]:
        return None
    arrival = _ARRIVAL.fullmatch(entry.text)
    login = _AUTHENTICATED.search(arrival[2]) if arrival else None
    if arrival is None or login is None:
        return None
    return _event(entry, arrival[1], login[2] or "", login[1], Outcome.SUCCESS)


def _event(entry: Entry, address: str, account: str, method: str, outcome: Outcome) -> LoginEvent:
    return LoginEvent(
        seen_at=entry.seen_at,
        service="exim",
        protocol="smtp",
        account=account_name(account),
        ip=client_ip(address),
        outcome=outcome,
        detail=account_name(method),
    )


PROGRAMS = frozenset({"exim", "exim4"})
FORMAT = LogFormat("exim", claims, parse, PROGRAMS)
