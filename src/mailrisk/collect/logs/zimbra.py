"""Zimbra: logins of all protocols, from ``audit.log`` and ``mailbox.log``.

The lines, the second of ``mailbox.log``::

    INFO  [qtp1-2:https://host/service/soap/AuthRequest] [name=a@example.org;oip=192.0.2.1;ua=zclient/9;] security - \
cmd=Auth; account=a@example.org; protocol=soap;
    INFO  [qtp1-2:...] [name=a@example.org;oip=192.0.2.1;...] SoapEngine - handler exception: authentication failed \
for [a@example.org], invalid password

A failure of the audit log says ``error=authentication failed for [a@example.org], invalid password;``. If both logs
are read as one, ``attempts.py`` joins their lines. ``oip`` is the client, ``ip`` the proxy that asked for it.

**Log injection.** The client's words are the account (``name=`` stands before the address, and is skipped as
whole as the end of the line repeats it) and ``ua=``, which ends what is looked at.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import forwarded_ip
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_OWN = re.compile(r"(?:INFO|WARN|ERROR) {1,2}\[[^\]]{1,400}\] \[")
_AUDIT = re.compile(
    r"\] security - cmd=(?:Admin)?Auth; account=([^;]{0,400}); (?:protocol=([a-z0-9]{1,20});)? ?(?:error=(.*);)?",
    re.DOTALL,
)
_SOAP = re.compile(
    r"\] SoapEngine - handler exception: authentication failed for \[(.*)\], ([a-z ]{1,40})", re.DOTALL
)
_FIELD = re.compile(r";(oip|ip)=([^;]{2,400})(?=;)")


def claims(entry: Entry) -> bool:
    """Whether Zimbra's mailbox server wrote the entry."""
    return not entry.program and _OWN.match(entry.text) is not None


def parse(entry: Entry) -> Attempt | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    start = _OWN.match(entry.text)
    if start is None:
        return None
    soap = _SOAP.search(entry.text, start.end())
    if soap is not None:
        ip = _client(entry.text[start.end() : soap.start()], soap[1])
        return Attempt(_event(entry, ip, soap[1], _protocol(entry.text), _outcome(soap[2])), "soap")
    audit = _AUDIT.search(entry.text, start.end())
    if audit is None:
        return None
    account, protocol, error = audit.groups()
    if error is not None and not error.startswith("authentication failed"):
        return None
    ip = _client(entry.text[start.end() : audit.start()], account)
    outcome = Outcome.SUCCESS if error is None else _outcome(error)
    return Attempt(_event(entry, ip, account, protocol or "", outcome))


def _client(context: str, account: str) -> str:
    """The client's address among ``name=...;oip=...;ua=...``, looked for outside of the client's words."""
    fields = f";{context};"
    if fields.startswith(f";name={account};"):
        fields = fields[len(account) + 6 :]
    found = dict(_FIELD.findall(fields.partition(";ua=")[0] + ";"))
    if not found:
        raise BadInput("line", "a login without a client address in its place")
    return forwarded_ip(found.get("oip") or found["ip"])


def _outcome(reason: str) -> Outcome:
    if "account not found" in reason or "no such account" in reason:
        return Outcome.UNKNOWN_USER
    return Outcome.DISABLED if "lockout" in reason or "not active" in reason else Outcome.FAILURE


def _protocol(text: str) -> str:
    return "smtp" if "oproto=smtp;" in text[:600] else "soap"


def _event(entry: Entry, ip: str, account: str, protocol: str, outcome: Outcome) -> LoginEvent:
    return LoginEvent(
        seen_at=entry.seen_at,
        service="zimbra",
        protocol={"soap": "http", "zsync": "http"}.get(protocol, protocol),
        account=account_name(account),
        ip=ip,
        outcome=outcome,
        detail=protocol,
    )


FORMAT = LogFormat("zimbra", claims, parse)
