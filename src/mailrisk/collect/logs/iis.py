"""IIS in front of Exchange (W3C extended log, UTC): Outlook on the web, ActiveSync, EWS, MAPI, Autodiscover.

The columns are named by ``#Fields``::

    2026-07-20 21:12:06 10.0.0.9 POST /owa/auth.owa - 443 anna@example.org 192.0.2.1 Mozilla/5.0+... - 302 0 0 46

What is a failure: 401.1 with a Windows code that says that name or password are wrong, or the page that the
login form leads back to (``/owa/auth/logon.aspx`` with ``reason=2``). What is none: 401.2 and 401.1 with 2148074254 (no
credentials yet) or another code, which are the first steps of every NTLM and Kerberos login. A success is the first
request that an account makes from an address; the requests after it within an hour are the same login.

**Log injection.** Blanks in the client's words are written as ``+``, so columns cannot be moved; a line with another
number of columns is counted as bad.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_ip
from mailrisk.collect.logs.entry import LineFormat, ParseLine
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

SAME_LOGIN: Final = timedelta(hours=1)
MAX_LOGINS: Final = 50_000
"""Most logins remembered to tell a new one from the next request; the oldest goes first."""

_CLAIMED = re.compile(
    r"#(?:Software: Microsoft Internet Information Services|Fields: date time |Version: |Date: )"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:[^ ]{1,64} ){1,3}"
    r"(?:GET|POST|HEAD|OPTIONS|PUT|PROPFIND|RPC_IN_DATA|RPC_OUT_DATA) /"
)
_COLUMNS: Final = (
    "date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip",
    "cs(User-Agent)", "cs(Referer)", "sc-status", "sc-substatus", "sc-win32-status", "time-taken",
)  # fmt: skip
_PATHS: Final = {
    "owa": "owa", "ecp": "owa", "microsoft-server-activesync": "eas", "ews": "ews", "mapi": "mapi", "rpc": "mapi",
    "oab": "mapi", "autodiscover": "autodiscover", "api": "owa", "powershell": "powershell",
}  # fmt: skip
_CODES: Final = {  # Windows system error codes and security status codes
    "1326": Outcome.FAILURE,  # ERROR_LOGON_FAILURE
    "2148074252": Outcome.FAILURE,  # SEC_E_LOGON_DENIED
    "1327": Outcome.DISABLED,  # ERROR_ACCOUNT_RESTRICTION
    "1330": Outcome.DISABLED,  # ERROR_PASSWORD_EXPIRED
    "1331": Outcome.DISABLED,  # ERROR_ACCOUNT_DISABLED
    "1793": Outcome.DISABLED,  # ERROR_ACCOUNT_EXPIRED
    "1907": Outcome.DISABLED,  # ERROR_PASSWORD_MUST_CHANGE
    "1909": Outcome.DISABLED,  # ERROR_ACCOUNT_LOCKED_OUT
}
_NEEDED: Final = frozenset({"date", "time", "cs-uri-stem", "cs-username", "c-ip", "sc-status"})

Row = dict[str, str]


def claims(line: str) -> bool:
    """Whether the line is of a W3C extended log of IIS."""
    return _CLAIMED.match(line) is not None


def open_log(times: Times) -> ParseLine:
    """A reader that knows the columns of one log and the logins that go on."""
    columns = list(_COLUMNS)
    logins: dict[tuple[str, str, str], datetime] = {}

    def parse(line: str) -> LoginEvent | None:
        if line.startswith("#"):
            if line.startswith("#Fields: "):
                columns[:] = line[9:].split()
            return None
        cells = line.split(" ")
        if len(cells) != len(columns):
            raise BadInput("line", f"{len(cells)} columns where the log has {len(columns)}")
        row = dict(zip(columns, cells, strict=True))
        if not row.keys() >= _NEEDED:
            raise BadInput("line", "the log lacks a column that tells of logins")
        return _login(row, logins, times)

    return parse


def _login(row: Row, logins: dict[tuple[str, str, str], datetime], times: Times) -> LoginEvent | None:
    path = row["cs-uri-stem"].lower()
    service = _PATHS.get(path[1:].partition("/")[0])
    outcome = _outcome(row, path)
    if service is None or outcome is None:
        return None
    event = LoginEvent(
        seen_at=times.iso(f"{row['date']} {row['time']}", zone=UTC),
        service="iis",
        protocol="http",
        account=account_name("" if row["cs-username"] == "-" else row["cs-username"].replace("+", " ")),
        ip=client_ip(row["c-ip"]),
        outcome=outcome,
        detail=service,
    )
    return None if outcome is Outcome.SUCCESS and not _is_new(event, logins) else event


def _outcome(row: Row, path: str) -> Outcome | None:
    status = row["sc-status"]
    if status == "401":
        return _CODES.get(row.get("sc-win32-status", "")) if row.get("sc-substatus") == "1" else None
    if path.endswith("/auth/logon.aspx"):
        return Outcome.FAILURE if "reason=2" in row.get("cs-uri-query", "").split("&") else None
    return Outcome.SUCCESS if row["cs-username"] != "-" and status[:1] in ("2", "3") else None


def _is_new(event: LoginEvent, logins: dict[tuple[str, str, str], datetime]) -> bool:
    key = (event.account, event.ip, event.detail)
    before = logins.get(key)
    if before is not None and event.seen_at - before < SAME_LOGIN:
        return False
    logins.pop(key, None)
    if len(logins) >= MAX_LOGINS:
        del logins[next(iter(logins))]
    logins[key] = event.seen_at
    return True


FORMAT = LineFormat("iis", claims, open_log, "#0123456789")
