"""OpenSSH: logins to the machine itself, by password or key.

The lines::

    Failed password for invalid user a from 192.0.2.1 port 4711 ssh2
    Accepted publickey for a from 192.0.2.1 port 4711 ssh2: ED25519 SHA256:...
    Invalid user a from 192.0.2.1 port 4711
    error: PAM: Authentication failure for a from 192.0.2.1

Where passwords are not allowed "Invalid user" is all that is logged; where they are, "Failed password" follows
it, and as it may follow PAM's line; ``attempts.py`` joins them. Keys that do not fit are no failures: a client shows all that it has.

**Log injection.** The account stands before the address: the *last* `` from ... port ...`` counts, and only
OpenSSH's own words may follow it.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_METHOD = r"(password|keyboard-interactive(?:/pam)?|publickey|gssapi-with-mic|hostbased|none)"
_LOGIN = re.compile(
    rf"(Failed|Accepted) {_METHOD} for (invalid user )?(.*) from ({ADDRESS}) port [0-9]{{1,5}}(?: ssh[12])?"
    r"(?:: [A-Z0-9-]{2,20} [A-Za-z0-9:+/=]{1,100})?",
    re.DOTALL,
)
_INVALID = re.compile(rf"Invalid user (.*) from ({ADDRESS})(?: port [0-9]{{1,5}})?", re.DOTALL)
_TWO_READINGS = re.compile(rf" from {ADDRESS} port [0-9]{{1,5}} ssh[12]:")
_PAM = re.compile(
    rf"error: PAM: [Aa]uthentication (?:failure|error) for (?:illegal user )?(.*) from ({ADDRESS})(?: via \S{{1,100}})?",
    re.DOTALL,
)
_ID = re.compile(r"\[ID [0-9]{1,8} [a-z]{1,12}\.[a-z]{1,12}\] ")  # Solaris


def claims(entry: Entry) -> bool:
    """Whether OpenSSH's server wrote the entry."""
    return entry.program in PROGRAMS


def parse(entry: Entry) -> Attempt | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    text = _ID.sub("", entry.text, count=1)
    if text.startswith("Invalid user "):
        found = _INVALID.fullmatch(text)
        if found is None:
            raise BadInput("line", "an unknown account without a client address in its place")
        return Attempt(_event(entry, found[2], found[1], "", Outcome.UNKNOWN_USER), "account")
    if text.startswith("error: PAM: "):
        pam = _PAM.fullmatch(text)
        return Attempt(_event(entry, pam[2], pam[1], "pam", Outcome.FAILURE), "pam") if pam else None
    return _login(entry, text)


def _login(entry: Entry, text: str) -> Attempt | None:
    if not text.startswith(("Failed ", "Accepted ")):
        return None
    found = _LOGIN.fullmatch(text)
    if found is None:
        if not text.startswith(("Failed password ", "Accepted password ")):
            return None
        raise BadInput("line", "a login without a client address in its place")
    verdict, method, invalid, account, address = found.groups()
    if _TWO_READINGS.search(account):  # What follows "ssh2: " may be the client's as well.
        raise BadInput("line", "it can be read with more than one client address")
    if verdict == "Accepted":
        return Attempt(_event(entry, address, account, method, Outcome.SUCCESS))
    if method not in ("password", "keyboard-interactive", "keyboard-interactive/pam"):
        return None
    outcome = Outcome.UNKNOWN_USER if invalid else Outcome.FAILURE
    return Attempt(_event(entry, address, account, method, outcome))


def _event(entry: Entry, address: str, account: str, method: str, outcome: Outcome) -> LoginEvent:
    return LoginEvent(
        seen_at=entry.seen_at,
        service="sshd",
        protocol="ssh",
        account=account_name(account),
        ip=client_ip(address),
        outcome=outcome,
        detail=method,
    )


PROGRAMS = frozenset({"sshd", "sshd-session"})
FORMAT = LogFormat("sshd", claims, parse, PROGRAMS)
