"""Sendmail: SMTP AUTH.

The lines (``sm-mta[7]: s1GNXHYB005133: ...`` with or without the queue id)::

    AUTH failure (LOGIN): authentication failure (-13) SASL(-13): ... checkpass failed, user=a, relay=host [192.0.2.1]
    AUTH=server, relay=host.example [192.0.2.1] (may be forged), authid=a@example.org, mech=PLAIN, bits=256
    host.example [192.0.2.1]: possible SMTP attack: command=AUTH, count=5

The third counts the attempts of a connection of which failures may have been logged; ``attempts.py`` joins them.

**Log injection.** In a failure the account stands before the address: the *last* ``, relay=`` counts and only
Sendmail's own words may follow it. In the others the address stands first.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

MAX_COUNT = 100
"""Largest number of attempts believed of one connection."""

_ID = r"(?:[0-9A-Za-z]{12,20}: )?"
_RELAY = rf"(?:[A-Za-z0-9._-]{{1,255}} )?\[({ADDRESS})\](?: \(may be forged\))?"
_FAILURE = re.compile(rf"{_ID}AUTH failure \(([A-Za-z0-9-]{{1,20}})\): (.*), relay={_RELAY}", re.DOTALL)
_SUCCESS = re.compile(
    rf"{_ID}AUTH=server, relay={_RELAY}, authid=(.*), mech=([A-Za-z0-9-]{{1,20}}), bits=[0-9]+", re.DOTALL
)
_ATTACK = re.compile(rf"{_ID}{_RELAY}: possible SMTP attack: command=AUTH, count=([0-9]{{1,6}})")


def claims(entry: Entry) -> bool:
    """Whether a Sendmail process wrote the entry."""
    return entry.program in PROGRAMS


def parse(entry: Entry) -> LoginEvent | Attempt | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    text = entry.text
    if "AUTH failure (" in text[:40]:
        found = _FAILURE.fullmatch(text)
        if found is None:
            raise BadInput("line", "an authentication failure without a client address in its place")
        reason, _, account = found[2].partition(", user=")
        outcome = Outcome.UNKNOWN_USER if reason.startswith("user not found") else Outcome.FAILURE
        return Attempt(_event(entry, found[3], account, found[1], outcome), "sasl")
    if "AUTH=server, " in text[:40]:
        found = _SUCCESS.fullmatch(text)
        if found is None:
            raise BadInput("line", "a login without a client address in its place")
        return Attempt(_event(entry, found[1], found[2], found[3], Outcome.SUCCESS))
    attack = _ATTACK.fullmatch(text)
    if attack is None:
        return None
    count = max(1, min(int(attack[2]), MAX_COUNT))
    return Attempt(_event(entry, attack[1], "", "", Outcome.FAILURE, count))


def _event(
    entry: Entry, address: str, account: str, method: str, outcome: Outcome, attempts: int = 1
) -> LoginEvent:
    return LoginEvent(
        seen_at=entry.seen_at,
        service="sendmail",
        protocol="smtp",
        account=account_name(account),
        ip=client_ip(address),
        outcome=outcome,
        detail=method.upper(),
        attempts=attempts,
    )


PROGRAMS = frozenset({"sendmail", "sm-mta", "sm-acceptingconnections"})
FORMAT = LogFormat("sendmail", claims, parse, PROGRAMS)
