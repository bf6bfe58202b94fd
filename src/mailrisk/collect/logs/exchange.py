"""Exchange Server: the protocol logs of its SMTP receive connectors, IMAP4 and POP3.

CSV, times in UTC, the columns named by ``#Fields``. SMTP, one line a sentence (``>`` the server's)::

    2026-07-20T21:12:06.270Z,EX1\\Default Frontend EX1,08DA4F7C,9,10.0.0.9:25,192.0.2.1:53722,>,535 5.7.3 Authenti...
    2026-07-20T21:12:06.270Z,EX1\\Client Frontend EX1,08DA4F7C,9,10.0.0.9:587,192.0.2.1:53722,*,EX\\anna,authenticated

IMAP4 and POP3, one line a command, with the answer in the last column but one::

    2026-07-20T21:28:50.530Z,0000000E,2,10.0.0.9:143,192.0.2.1:35070,anna,168,31,31,authenticate,PLAIN,"R=""2 NO ...

On a server behind others the client is the server in front: name those under ``login.trusted_frontends``.

**Log injection.** The address has a column of its own; the client's words are in quotes, which are doubled inside.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_endpoint
from mailrisk.collect.logs.entry import LineFormat, ParseLine
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

MAX_SESSIONS: Final = 20_000
"""Most sessions whose account is remembered; the oldest goes first."""

_CLAIMED = re.compile(
    r"#(?:Software: Microsoft Exchange|Log-[Tt]ype: (?:SMTP Receive|IMAP4|POP3)|Fields: date-?[Tt]ime,|Version: |Date: )"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,16}Z,"
)
_SMTP_COLUMNS: Final = (
    "date-time", "connector-id", "session-id", "sequence-number", "local-endpoint", "remote-endpoint",
    "event", "data", "context",
)  # fmt: skip
_CLIENT_COLUMNS: Final = (
    "dateTime", "sessionId", "seqNumber", "sIp", "cIp", "user", "duration", "rqsize", "rpsize", "command",
    "parameters", "context", "puid",
)  # fmt: skip
_COMMANDS: Final = frozenset({"login", "authenticate", "auth", "pass"})
_REFUSED = re.compile(
    r'R="?(?:\S{1,60} NO (?:LOGIN|AUTHENTICATE) failed|-ERR (?:Authentication failure|Logon failure))'
)
_TAKEN = re.compile(r'R="?(?:\+?OK(?:[ ";]|\Z)|\S{1,60} OK (?:LOGIN|AUTHENTICATE) completed)')

Row = dict[str, str]


def claims(line: str) -> bool:
    """Whether the line is of a protocol log of Exchange."""
    return _CLAIMED.match(line) is not None


def open_log(times: Times) -> ParseLine:
    """A reader that knows the columns of one log and the accounts of its SMTP sessions."""
    columns: list[str] = []
    accounts: dict[str, str] = {}

    def parse(line: str) -> LoginEvent | None:
        if line.startswith("#"):
            if line.startswith("#Fields: "):
                columns[:] = line[9:].strip().split(",")
            return None
        cells = _cells(line)
        names = columns or (_SMTP_COLUMNS if len(cells) == len(_SMTP_COLUMNS) else _CLIENT_COLUMNS)
        if len(cells) != len(names):
            raise BadInput("line", f"{len(cells)} columns where the log has {len(names)}")
        row = dict(zip(names, cells, strict=True))
        if "remote-endpoint" in row:
            return _smtp(row, accounts, times)
        return _client(row, times) if "cIp" in row else None

    return parse


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        raise BadInput("line", "no line of CSV") from None


def _smtp(row: Row, accounts: dict[str, str], times: Times) -> LoginEvent | None:
    session, event, data, context = row["session-id"], row["event"], row["data"], row["context"]
    if event == "*" and context.startswith("User Name: "):
        if len(accounts) >= MAX_SESSIONS:
            del accounts[next(iter(accounts))]
        accounts[session] = context[11:]
        return None
    if event == "*" and context == "authenticated":
        accounts.pop(session, None)
        return _event(times, row["date-time"], row["remote-endpoint"], "smtp", data, Outcome.SUCCESS)
    if event == ">" and data.startswith("535 5.7.3 Authentication unsuccessful"):
        account = accounts.pop(session, "")
        return _event(times, row["date-time"], row["remote-endpoint"], "smtp", account, Outcome.FAILURE)
    return None


def _client(row: Row, times: Times) -> LoginEvent | None:
    command, answer = row.get("command", "").lower(), row.get("context", "")
    if command not in _COMMANDS:
        return None
    if _REFUSED.match(answer):
        outcome = Outcome.FAILURE
    elif _TAKEN.match(answer):
        outcome = Outcome.SUCCESS
    else:
        return None
    if not row["user"]:
        return None  # The first half of an exchange: the secret has not been sent yet.
    protocol = "pop3" if command in ("auth", "pass") else "imap"
    return _event(times, row["dateTime"], row["cIp"], protocol, row["user"], outcome)


def _event(
    times: Times, time: str, endpoint: str, protocol: str, account: str, outcome: Outcome
) -> LoginEvent:
    return LoginEvent(
        seen_at=times.iso(time, zone=UTC),
        service="exchange",
        protocol=protocol,
        account=account_name("" if account == "NULL" else account),
        ip=client_endpoint(endpoint),
        outcome=outcome,
    )


FORMAT = LineFormat("exchange", claims, open_log, "#0123456789")
