"""Cyrus IMAP: logins over IMAP, POP3 and ManageSieve, in the words of 2.x to 3.10 and in logfmt after that.

The older lines::

    badlogin: host.example [192.0.2.1] plaintext a@example.org SASL(-13): authentication failure: checkpass failed
    login: host.example [192.0.2.1] a@example.org plaintext+TLS User logged in SESSIONID=<...>

The newer ones are ``event=login.bad ... r.clienthost="host [192.0.2.1]" u.username=... error=...``.

**Log injection.** The address stands before the account; a host name is letters, digits, dots and hyphens.
logfmt puts the client's text in quotes and escapes quotes in it, so fields are read one by one.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import ADDRESS, client_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

MAX_FIELDS = 40
"""Most logfmt fields of a line that are looked at."""

_PEER = rf"(?:[A-Za-z0-9._-]{{1,255}} ?)?\[({ADDRESS})\]"
_BAD = re.compile(rf"badlogin: {_PEER} (\S{{1,40}}) (.*)", re.DOTALL)
_GOOD = re.compile(
    rf"login: {_PEER} (.{{1,320}}) (\S{{1,40}}) User logged in(?: SESSIONID=<[^<>]*>)?", re.DOTALL
)
_ACCOUNT = re.compile(r"(.{1,320}?) (?:SASL\(|invalid |password )")
_JUDGED = re.compile(
    r"SASL\(-(?:13|20)\)|invalid user|[Ll]ogin incorrect|[Pp]assword (?:incorrect|verification)"
)
_FIELD = re.compile(r'([a-z.-]{1,40})=(?:"((?:[^"\\]|\\.)*)"|(\S*))(?: |\Z)')
_HOST = re.compile(rf".*\[({ADDRESS})\]")
_PROTOCOLS = {"imap": "imap", "pop3": "pop3", "sieve": "sieve", "timsieved": "sieve", "http": "http"}


def claims(entry: Entry) -> bool:
    """Whether a Cyrus process wrote the entry; other servers' processes have the same names."""
    if entry.program.startswith("cyrus"):
        return True
    return entry.text.startswith(("badlogin: ", "login: ", "event=login."))


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    text = entry.text
    if text.startswith("event=login."):
        return _logfmt(entry)
    if text.startswith("badlogin: "):
        return _bad(entry)
    found = _GOOD.fullmatch(text) if text.startswith("login: ") else None
    if found is None:
        return None
    return _event(entry, found[1], found[2], found[3], Outcome.SUCCESS)


def _bad(entry: Entry) -> LoginEvent | None:
    found = _BAD.fullmatch(entry.text)
    if found is None:
        raise BadInput("line", "a failed login without a client address in its place")
    address, method, rest = found.groups()
    if not _JUDGED.search(rest):
        return None  # "no secret in database", "External SSF not good enough": no password was judged.
    named = _ACCOUNT.match(rest)
    outcome = Outcome.UNKNOWN_USER if "user not found" in rest or "invalid user" in rest else Outcome.FAILURE
    return _event(entry, address, named[1] if named and not rest.startswith("[") else "", method, outcome)


def _logfmt(entry: Entry) -> LoginEvent | None:
    fields: dict[str, str] = {}
    at = 0
    for _ in range(MAX_FIELDS):
        found = _FIELD.match(entry.text, at)
        if found is None:
            break
        fields.setdefault(found[1], found[2] if found[2] is not None else found[3])
        at = found.end()
    host = _HOST.fullmatch(fields.get("r.clienthost", ""))
    outcome = {"login.good": Outcome.SUCCESS, "login.bad": Outcome.FAILURE}.get(fields["event"])
    if outcome is None or "login.anonymous" in fields:
        return None
    if host is None:
        raise BadInput("line", "a login without a client address in its place")
    account = fields.get("u.username", "").replace("~null~", "")
    return _event(entry, host[1], account, fields.get("login.mech", ""), outcome)


def _event(entry: Entry, address: str, account: str, method: str, outcome: Outcome) -> LoginEvent:
    process = entry.program.rpartition("/")[2].removesuffix("d").removesuffix("s")
    return LoginEvent(
        seen_at=entry.seen_at,
        service="cyrus",
        protocol=_PROTOCOLS.get(process, process),
        account=account_name(account),
        ip=client_ip(address),
        outcome=outcome,
        detail=account_name(method).upper(),
    )


PROGRAMS = frozenset(
    {
        "cyrus",
        "imap",
        "imaps",
        "imapd",
        "pop3",
        "pop3s",
        "pop3d",
        "sieve",
        "timsieved",
        "http",
        "https",
        "httpd",
    }
)
FORMAT = LogFormat("cyrus", claims, parse, PROGRAMS)
