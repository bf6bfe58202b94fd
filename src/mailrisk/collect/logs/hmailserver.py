"""hMailServer: logins over SMTP, POP3 and IMAP, out of its log of conversations.

One line a sentence, the columns separated by tabs: program, thread, session, time, address, text::

    "SMTPD"	5500	12	"2026-05-11 04:02:01.123"	"192.0.2.1"	"SENT: 334 VXNlcm5hbWU6"
    "SMTPD"	5500	12	"2026-05-11 04:02:01.223"	"192.0.2.1"	"RECEIVED: YQ=="
    "SMTPD"	5500	12	"2026-05-11 04:02:01.423"	"192.0.2.1"	"SENT: 535 Authentication failed. Restarting ..."

Passwords are written as ``***``. The account is what the client has said before.

**Log injection.** The address has a column of its own before the text, and line ends are written as ``[nl]``.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_ip
from mailrisk.collect.logs.entry import LineFormat, ParseLine
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

MAX_SESSIONS: Final = 20_000
"""Most sessions whose account is remembered; the oldest goes first."""

_LINE = re.compile(
    r'"(SMTPD|POP3D|IMAPD)"\t[0-9]{1,10}\t([0-9]{1,10})\t"([0-9: .-]{19,26})"\t"([0-9A-Fa-f:.]{2,45})"\t"(.*)"',
    re.DOTALL,
)
_BASE64 = re.compile(r"RECEIVED: ([A-Za-z0-9+/]{1,430}={0,2})(?: \*\*\*)?")
_AUTH = re.compile(r"RECEIVED: AUTH (?:LOGIN|PLAIN) ([A-Za-z0-9+/]{1,430}={0,2})(?: \*\*\*)?", re.IGNORECASE)
_USER = re.compile(r"RECEIVED: USER (.{1,400})", re.IGNORECASE | re.DOTALL)
_IMAP_LOGIN = re.compile(
    r'RECEIVED: \S{1,60} LOGIN (?:"(.{0,400})"|(\S{1,400})) .{1,10}', re.IGNORECASE | re.DOTALL
)
_IMAP_ANSWER = re.compile(r"SENT: \S{1,60} (OK LOGIN completed|NO Invalid user name)")
_PROTOCOLS: Final = {"SMTPD": "smtp", "POP3D": "pop3", "IMAPD": "imap"}


def claims(line: str) -> bool:
    """Whether hMailServer wrote the line."""
    return line.startswith(
        ('"SMTPD"\t', '"POP3D"\t', '"IMAPD"\t', '"TCPIP"\t', '"APPLICATION"\t', '"DEBUG"\t')
    )


def open_log(times: Times) -> ParseLine:
    """A reader that remembers what account a session is about."""
    accounts: dict[str, str] = {}

    def parse(line: str) -> LoginEvent | None:
        found = _LINE.fullmatch(line)
        if found is None:
            if line.startswith(('"SMTPD"\t', '"POP3D"\t', '"IMAPD"\t')):
                raise BadInput("line", "not the columns that hMailServer writes")
            return None
        program, session, time, address, text = found.groups()
        key = f"{program} {session}"
        outcome = _answer(program, text)
        if outcome is None:
            _learn(accounts, key, program, text)
            return None
        return LoginEvent(
            seen_at=times.iso(time),
            service="hmailserver",
            protocol=_PROTOCOLS[program],
            account=account_name(accounts.pop(key, "")),
            ip=client_ip(address),
            outcome=outcome,
        )

    return parse


def _answer(program: str, text: str) -> Outcome | None:
    """What the server's sentence says about a login; None if it says nothing."""
    if program == "SMTPD":
        if text.startswith("SENT: 235 authenticated"):
            return Outcome.SUCCESS
        return Outcome.FAILURE if text.startswith("SENT: 535 Authentication failed") else None
    if program == "POP3D":
        if text.startswith("SENT: +OK Mailbox locked and ready"):
            return Outcome.SUCCESS
        return Outcome.FAILURE if text.startswith("SENT: -ERR Invalid user name or password") else None
    answer = _IMAP_ANSWER.match(text)
    if answer is None:
        return None
    return Outcome.SUCCESS if answer[1].startswith("OK") else Outcome.FAILURE


def _learn(accounts: dict[str, str], key: str, program: str, text: str) -> None:
    """Keeps the account that a client's sentence names."""
    account = ""
    if program == "SMTPD":
        if text.startswith("SENT: 334 VXNlcm5hbWU6"):
            accounts[key] = "?"  # "Username:" is asked for; the next sentence answers.
        found = _AUTH.fullmatch(text) or (_BASE64.fullmatch(text) if accounts.get(key) == "?" else None)
        account = _decoded(found[1]) if found else ""
    elif program == "POP3D":
        user = _USER.fullmatch(text)
        account = user[1] if user else ""
    else:
        login = _IMAP_LOGIN.fullmatch(text)
        account = (login[1] if login[1] is not None else login[2]) if login else ""
    if account:
        accounts[key] = account
    while len(accounts) > MAX_SESSIONS:
        del accounts[next(iter(accounts))]


def _decoded(text: str) -> str:
    try:
        return binascii.a2b_base64(text).decode("utf-8", "backslashreplace")
    except binascii.Error:
        return ""


FORMAT = LineFormat("hmailserver", claims, open_log, '"')
