"""Dovecot 2.2 to 2.4: the lines of its login processes and of its password databases.

The login process writes one line when a client is logged in, or leaves after failures::

    imap-login: Login: user=<a@example.org>, method=PLAIN, rip=192.0.2.1, lip=..., TLS, session=<..>
    imap-login: Disconnected (auth failed, 2 attempts in 9 secs): user=<a@example.org>, method=...

2.4 says ``Logged in:`` and ``Login aborted: <why> (auth failed, ...) (auth_failed):``. A password
database writes one line for each name or password that it does not take::

    auth-worker(24544): pam(a@example.org,192.0.2.1,<session>): unknown user
    auth(a@example.org,192.0.2.1,sasl:plain)<session>: sql: Password mismatch          (2.4)

Both may report one attempt; ``attempts.py`` joins them. "no auth attempts" is no failure, nor is a
fault of the server's own ("temporary failure").

**Log injection.** The account is the client's text. Dovecot replaces control characters and cuts it at
80 characters (64 in password-database lines), but leaves ``>``, ``,``, ``(`` and ``=`` alone.

- Login line: what stands before the first ``user=<`` is Dovecot's own. What follows the account is
  Dovecot's own too, so the *last* ``, rip=`` counts, and all that follows it must be what Dovecot writes
  there: no angle bracket but those of one final ``session=<...>``. A forged ``rip=`` inside the
  account is always followed by the account's own closing ``>``.
- Password-database line: the client's text may stand on both sides of the address (the account before,
  with ``auth_verbose_passwords`` the password behind). If the line can be read in two ways that name
  different addresses, neither is blamed.
- ``ID sent:`` lines, and those of the proxy other than "started proxying" with a plain account, carry
  text of the client before ``user=<`` and are never read.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.entry import Attempt, Entry, LogFormat
from mailrisk.model.errors import BadAddress, BadInput
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.ip import parse_ip

MAX_ATTEMPTS: Final = 100
"""Largest number of attempts believed of one connection; Dovecot closes it far earlier."""

_LOGIN_PROCESS = re.compile(r"(?:Info: )?([a-z0-9]{1,20})-login: (?:(?:Info|Warning|Error): )?")
_SUCCESS: Final = ("Login: ", "Logged in: ")
_PROXIED = re.compile(r"proxy\([^()<>=,\s]{1,320}\): [Ss]tarted proxying to [^=,\s]{1,300}: ")
_FAILED = re.compile(r"\((?:auth|authorization) failed, ([0-9]{1,9}) attempts")
_PROXY_FAILED: Final = "(proxy dest auth failed)"
_FREE_TEXT: Final = ("ID sent", "proxy(")
_DISABLED: Final = ("(user disabled)", "(login disabled)", "(password expired)")
_PROTOCOLS: Final = {"managesieve": "sieve"}

_ADDRESS = r"[0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,20})?"
# At least one field must follow, else the address itself may have been cut off with the line.
_CLIENT = re.compile(rf"rip=({_ADDRESS}),[^<>]*(?:session=<([^<>\s]{{0,64}})>)?", re.DOTALL)
_ACCOUNT_END = re.compile(r">(?:, method=([A-Za-z0-9_-]{1,64}))?\Z")

_BACKEND_LINE = re.compile(
    r"(?:Info: )?auth(?:-worker)?(?:\((?:default|[0-9]{1,10})\))?: (?:(?:Info|Warning|Error): )?"
    r"(?:conn \S{1,64} \((?:pid=[0-9]+,)?uid=[0-9]+\): auth-worker<[0-9]+>: )?([a-z0-9-]{2,20})\("
)
_BACKEND_LINE_24 = re.compile(r"(?:Info: )?auth(?:-worker)?\(")

# Where the client's fields end. There must be one such place, or the line can be read in two ways.
_FIELDS_END = re.compile(r"\)(?:<[^<>\s]{0,64}>){0,2}(?:: request \[[0-9]+\])?: ")
_BACKEND_CLIENT = re.compile(rf",({_ADDRESS})(?:,master)?(?:,(?:<([^<>\s]{{0,64}})>)?)?\): ()")
_BACKEND_CLIENT_24 = re.compile(
    rf",({_ADDRESS})(?:,sasl:[a-z0-9-]{{1,20}})?(?:,master)?\)(?:<[0-9]{{1,10}}>)?(?:<([^<>\s]{{0,64}})>)?"
    r"(?:: request \[[0-9]+\])?: (?:(?:Info|Warning|Error): )?(?:([a-z0-9-]{2,20}): )?"
)
_MEANINGS: Final = (
    (re.compile(r"[Uu]nknown user|pam_authenticate\(\) failed: User not known"), Outcome.UNKNOWN_USER),
    (re.compile(r"(?:[Pp]assword|[Cc]redentials) mismatch|[Ii]nvalid credentials"), Outcome.FAILURE),
    (re.compile(r"pam_authenticate\(\) failed: (?:Authentication f|Permission d)"), Outcome.FAILURE),
    (re.compile(r"Username character disallowed by auth_username_chars"), Outcome.FAILURE),
    (
        re.compile(r"pam_acct_mgmt\(\) failed|(?:[Uu]ser|[Aa]ccount|[Ll]ogin) (?:is )?disabled"),
        Outcome.DISABLED,
    ),
    (re.compile(r"[Pp]assword expired"), Outcome.DISABLED),
    (re.compile(r"Authentication failure due to policy server refusal"), Outcome.REFUSED),
)
"""What the databases write behind the client's fields. ``unknown user`` may be followed by the password."""


def claims(entry: Entry) -> bool:
    """Whether Dovecot wrote the entry: by its tag, or by the process name in its own log file."""
    if entry.program:
        return entry.program == "dovecot"
    return _LOGIN_PROCESS.match(entry.text) is not None or entry.text.startswith(
        ("auth:", "auth-worker", "auth(")
    )


def parse(entry: Entry) -> Attempt | None:
    """The attempt that a line reports; None for all other lines. BadInput if its fields make no sense."""
    process = _LOGIN_PROCESS.match(entry.text)
    if process is not None:
        return _login_line(entry, process[1], entry.text[process.end() :])
    backend = _BACKEND_LINE.match(entry.text)
    if backend is not None:
        return _backend_line(entry, _BACKEND_CLIENT, backend.end(), backend[1])
    backend = _BACKEND_LINE_24.match(entry.text)
    if backend is not None:
        return _backend_line(entry, _BACKEND_CLIENT_24, backend.end(), "")
    return None


def _login_line(entry: Entry, process: str, message: str) -> Attempt | None:
    head, user, fields = message.partition("user=<")
    outcome, attempts = _outcome(head)
    if outcome is None:
        return None
    if not user:
        raise BadInput("line", "a login line without an account")
    ip, session, before = _client(head, fields)
    account, method = _account(before)
    event = LoginEvent(
        seen_at=entry.seen_at,
        service="dovecot",
        protocol=_PROTOCOLS.get(process, process),
        account=account,
        ip=ip,
        outcome=outcome,
        detail=method,
        attempts=attempts,
    )
    return Attempt(event, "", session)


def _outcome(head: str) -> tuple[Outcome | None, int]:
    """What the text before the account says, and of how many attempts. None: no attempt was made."""
    if head.startswith(_SUCCESS) or _PROXIED.fullmatch(head):
        return Outcome.SUCCESS, 1
    if head.startswith(_FREE_TEXT):
        return None, 0
    failed = _FAILED.search(head)
    if failed is not None:
        return Outcome.FAILURE, max(1, min(int(failed[1]), MAX_ATTEMPTS))
    if _PROXY_FAILED in head:
        return Outcome.FAILURE, 1
    if any(word in head for word in _DISABLED):
        return Outcome.DISABLED, 1
    return None, 0


def _client(head: str, fields: str) -> tuple[str, str, str]:
    """Address, session and the text before them. The module says which address is the client's."""
    inside, at = head, head.rfind("rip=")
    if at < 0:
        inside, at = fields, fields.rfind(", rip=") + 2
    if at < 2 and inside is fields:
        raise BadInput("line", "a login line without rip=")
    found = _CLIENT.match(head + "user=", at) if inside is head else _CLIENT.fullmatch(fields, at)
    if found is None:
        raise BadInput("line", "the fields behind the account are not those that Dovecot writes")
    return _ip(found[1]), found[2] or "", fields[: at - 2] if inside is fields else fields


def _account(before: str) -> tuple[str, str]:
    """The account and the method, from the text between ``user=<`` and the address."""
    end = _ACCOUNT_END.search(before)
    if end is None:
        return account_name(before.rpartition(">")[0] or before), ""
    return account_name(before[: end.start()]), (end[1] or "").upper()


def _backend_line(entry: Entry, pattern: re.Pattern[str], start: int, backend: str) -> Attempt | None:
    text = entry.text
    client = pattern.search(text, start)
    outcome = None if client is None else _meaning(text, client.end())
    if client is None or outcome is None:
        return None
    if len(_FIELDS_END.findall(text, start)) != 1:
        raise BadInput("line", "it can be read with more than one client address")
    event = LoginEvent(
        seen_at=entry.seen_at,
        service="dovecot",
        protocol="",
        account=account_name(text[start : client.start()]),
        ip=_ip(client[1]),
        outcome=outcome,
        detail=backend or client[3] or "auth",
    )
    return Attempt(event, event.detail, client[2] or "")


def _meaning(text: str, start: int) -> Outcome | None:
    """What the text from ``start`` says about the attempt; None if it reports none."""
    for pattern, outcome in _MEANINGS:
        if pattern.match(text, start):
            return outcome
    return None


def _ip(text: str) -> str:
    try:
        return parse_ip(text)
    except BadAddress:
        raise BadInput("line", "its client address is no IP address") from None


FORMAT = LogFormat("dovecot", claims, parse, frozenset({"dovecot"}))
