"""Entra ID and Microsoft 365: sign-ins in JSON, one object a line or a whole export.

Three shapes: the sign-ins of Microsoft Graph (``/auditLogs/signIns``), those that Azure Monitor exports (the same
inside ``properties``), and ``UserLoggedIn`` and ``UserLoginFailed`` of the Microsoft 365 audit log::

    {"createdDateTime":"2026-01-24T05:10:08Z","userPrincipalName":"a@example.org","ipAddress":"192.0.2.1",
     "clientAppUsed":"Browser","status":{"errorCode":50126}}
    {"CreationTime":"2026-02-10T15:13:13","Operation":"UserLoginFailed","ClientIP":"192.0.2.1","UserId":"a@example.org",
     "ErrorNumber":"50126"}

Only error codes that judge an account or its password are failures: many others are steps of an honest login
(a second factor is asked for, consent is needed) and are none.

**Log injection.** JSON quotes the client's words; the address is a member of its own.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_endpoint
from mailrisk.collect.logs.entry import LineFormat, ParseLine
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

CODES: Final = {  # https://learn.microsoft.com, "Microsoft Entra authentication and authorization error codes"
    0: Outcome.SUCCESS,
    50034: Outcome.UNKNOWN_USER,  # UserAccountNotFound
    50053: Outcome.REFUSED,  # IdsLocked: too many failures, or an address with malicious activity
    50055: Outcome.DISABLED,  # InvalidPasswordExpiredPassword
    50056: Outcome.FAILURE,  # Invalid or null password
    50057: Outcome.DISABLED,  # UserDisabled
    50126: Outcome.FAILURE,  # InvalidUserNameOrPassword
    53003: Outcome.REFUSED,  # BlockedByConditionalAccess
    500121: Outcome.FAILURE,  # Authentication failed during the request for a second factor
}
_OPERATIONS: Final = {"UserLoggedIn": Outcome.SUCCESS, "UserLoginFailed": Outcome.FAILURE}
MAX_ID: Final = 100
_PROTOCOLS: Final = {
    "IMAP4": "imap", "POP3": "pop3", "Authenticated SMTP": "smtp", "SMTP": "smtp", "Exchange ActiveSync": "http",
}  # fmt: skip


class _Status(msgspec.Struct):
    code: int = msgspec.field(name="errorCode", default=-1)


class _SignIn(msgspec.Struct):
    """What matters of a sign-in of Graph, of Azure Monitor's ``properties``, and of the audit log's record."""

    id: str = ""
    created: str = msgspec.field(name="createdDateTime", default="")
    principal: str = msgspec.field(name="userPrincipalName", default="")
    address: str | None = msgspec.field(name="ipAddress", default=None)
    app: str | None = msgspec.field(name="clientAppUsed", default=None)
    status: _Status = msgspec.field(default_factory=_Status)
    properties: _SignIn | None = None
    creation: str = msgspec.field(name="CreationTime", default="")
    operation: str = msgspec.field(name="Operation", default="")
    client: str | None = msgspec.field(name="ClientIP", default=None)
    actor: str | None = msgspec.field(name="ActorIpAddress", default=None)
    user: str = msgspec.field(name="UserId", default="")
    error: int | str = msgspec.field(name="ErrorNumber", default="")


_DECODER = msgspec.json.Decoder(_SignIn, strict=False)


def claims(line: str) -> bool:
    """Whether the line is a sign-in or an audit record of Microsoft's cloud."""
    if not line.startswith("{"):
        return False
    return '"userPrincipalName"' in line or ('"Operation"' in line and '"CreationTime"' in line)


def open_log(times: Times) -> ParseLine:
    """A reader of sign-ins; their times are UTC."""

    def parse(line: str) -> LoginEvent | None:
        try:
            found = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError):
            raise BadInput("line", "no sign-in in JSON") from None
        if found.operation:
            return _audit(found, times)
        return _sign_in(found.properties or found, times)

    return parse


def _sign_in(found: _SignIn, times: Times) -> LoginEvent | None:
    outcome = CODES.get(found.status.code)
    if outcome is None:
        return None
    app = found.app or ""
    protocol = _PROTOCOLS.get(app, "http")
    event = _event(
        times, found.created, found.address, found.principal, outcome, protocol, f"{app} {found.status.code}"
    )
    # A sign-in is the same one however it comes: pulled twice, exported, forwarded.
    return msgspec.structs.replace(event, id=f"entra {found.id}"[:MAX_ID]) if found.id else event


def _audit(found: _SignIn, times: Times) -> LoginEvent | None:
    outcome = _OPERATIONS.get(found.operation)
    number = str(found.error)
    if outcome is Outcome.FAILURE and number:
        outcome = (
            CODES.get(int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else None
        )
    if outcome is None:
        return None
    address = found.client or found.actor
    return _event(times, found.creation, address, found.user, outcome, "http", number)


def _event(
    times: Times, time: str, address: str | None, account: str, outcome: Outcome, protocol: str, detail: str
) -> LoginEvent:
    return LoginEvent(
        seen_at=times.iso(time, zone=UTC),
        service="entra",
        protocol=protocol,
        account=account_name("" if account == "Not Available" else account),
        ip=client_endpoint(address) if address else "",
        outcome=outcome,
        detail=account_name(detail),
    )


FORMAT = LineFormat("entra", claims, open_log, "{")
