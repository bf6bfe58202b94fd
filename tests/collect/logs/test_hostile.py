"""Whatever a client types, no address but its own is blamed, and no line raises."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.logs.entry import BadLine, SkippedLine
from mailrisk.collect.logs.read import AUTO, MAX_LINE, Read, read_events, recognise, split_lines
from mailrisk.collect.logs.registry import FORMATS
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLIENT = "198.51.100.66"
INNOCENT = "203.0.113.66"
FRONT = "Sep  8 07:46:30 mx1 "

# Pieces that make forged fields likely; what servers let through of a client's text is printable.
_PIECES = st.sampled_from(
    [">", "<", ", ", ",", "(", ")", "): ", "]", "[", ": ", " ", "x", "rip=", "lip=", INNOCENT, f"rip={INNOCENT}",
     f", rip={INNOCENT}, lip=5.6.7.8", "session=<s>", ", session=<", "method=PLAIN", "user=<", "unknown user",
     f",{INNOCENT}", f",{INNOCENT},<s>): ", ",sasl:plain)<s>: ", "imap-login: ", "Login: ", "(auth failed, 9 attempts",
     f"unknown[{INNOCENT}]: SASL LOGIN authentication failed", "warning: ", "sasl_username=", "client=", "sql: "]
)  # fmt: skip
TYPED = st.one_of(
    st.lists(_PIECES, max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80),
)
# No "message repeated" is forged: the text of a line starts with the server's words.
PATTERNS = [
    "dovecot: imap-login: Login: user=<{0}>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid=1, TLS, session=<real>",
    (
        "dovecot: imap-login: Disconnected (auth failed, 2 attempts in 6 secs): user=<{0}>, method=PLAIN, rip={ip}, "
        "lip=192.0.2.1, TLS, session=<gtSWszFtxD5Q8TzB>"
    ),
    (
        "dovecot: imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): "
        "user=<{0}>, method=LOGIN, rip={ip}, lip=192.0.2.1"
    ),
    "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 1 secs): rip={ip}, lip=192.0.2.1, user=<{0}>",
    "dovecot: imap-login: ID sent: name={0}: user=<>, rip={ip}, lip=192.0.2.1, session=<real>",
    "dovecot: imap-login: proxy({0}): Login failed to 192.0.2.9:143: user=<{0}>, rip={ip}, lip=192.0.2.1",
    "dovecot: auth-worker(1): pam({0},{ip}): unknown user",
    "dovecot: auth: sql({0},{ip},<real>): Password mismatch (given password: {1})",
    "dovecot: auth: sql({0},{ip},<real>): something else",
    "dovecot: auth({0},{ip},sasl:plain)<real>: sql: Password mismatch",
    "dovecot: auth-worker({0},{ip},sasl:plain)<8><real>: request [7]: sql: unknown user (given password: {1})",
    "dovecot: auth: login(?,{ip},<real>): Username character disallowed by auth_username_chars: 0x3e (username: {0})",
    (
        "postfix/smtpd[1]: warning: unknown[{ip}]: SASL LOGIN authentication failed: (reason unavailable), "
        "sasl_username={0}"
    ),
    "postfix/smtpd[1]: 4XYZ12: client=a.example.net[{ip}], sasl_method=PLAIN, sasl_username={0}",
    "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[{ip}]: 554 <{0}>: Relay access denied; from=<{1}>",
    "postfix/smtpd[1]: warning: non-SMTP command from unknown[{ip}]: {0}",
    "postfix/cleanup[1]: 4XYZ12: warning: header Subject: {0}",
]


def _read(lines: Iterable[bytes], log_format: str = AUTO) -> list[Read]:
    return list(read_events(lines, format=log_format, timezone=UTC, now=NOW))


@given(st.sampled_from(PATTERNS), TYPED, TYPED)
def test_only_the_clients_own_address_is_ever_blamed(pattern: str, account: str, password: str) -> None:
    line = FRONT + pattern.format(account, password, ip=CLIENT)
    for read in _read([line.encode()]):
        assert not isinstance(read, LoginEvent) or read.ip == CLIENT


@given(TYPED)
def test_a_failing_client_cannot_forge_a_success(account: str) -> None:
    for pattern in PATTERNS[1:4]:
        for read in _read([(FRONT + pattern.format(account, "", ip=CLIENT)).encode()]):
            assert not isinstance(read, LoginEvent) or read.outcome is Outcome.FAILURE


@given(TYPED)
def test_a_failing_login_cannot_hide_behind_its_account(account: str) -> None:
    for number in (1, 2, 12):
        line = FRONT + PATTERNS[number].format(account, "", ip=CLIENT)
        assert isinstance(_read([line.encode()])[0], LoginEvent), line


@given(st.lists(st.binary(max_size=200), max_size=10), st.sampled_from([AUTO, *FORMATS]))
def test_any_bytes_give_one_answer_a_line_and_no_error(lines: list[bytes], log_format: str) -> None:
    assert len(_read(lines, log_format)) == len(lines)


@given(st.sampled_from(PATTERNS), st.integers(0, 400), st.binary(max_size=20))
def test_cut_and_broken_lines_blame_nobody_else(pattern: str, cut: int, rubbish: bytes) -> None:
    line = (FRONT + pattern.format("x", "y", ip=CLIENT)).encode()
    for read in _read([line[:cut] + rubbish, line[:cut]]):
        assert not isinstance(read, LoginEvent) or read.ip == CLIENT or CLIENT.encode() not in line[:cut]


@given(st.binary(max_size=400), st.integers(1, 40))
def test_lines_are_the_same_however_the_bytes_arrive(data: bytes, step: int) -> None:
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    assert list(split_lines(pieces)) == data.splitlines(keepends=True) or b"\r" in data or not data.isascii()
    assert b"".join(split_lines(pieces)) == data


def test_an_endless_line_is_counted_once_and_the_next_is_read() -> None:
    good = (FRONT + PATTERNS[1].format("a", "", ip=CLIENT)).encode() + b"\n"
    pieces = [b"x" * 50_000] * 40 + [b"\n", good]
    lines = list(split_lines(pieces))
    assert [len(line) for line in lines] == [MAX_LINE + 1, len(good)]
    reads = _read(lines)
    assert isinstance(reads[0], BadLine)
    assert "longer than" in reads[0].reason
    assert isinstance(reads[1], LoginEvent)


def test_a_bad_line_is_named_by_its_number_and_withholds_its_text() -> None:
    reads = _read([b"\n", b"secret password", b""])
    assert reads == [
        SkippedLine("blank"),
        BadLine(2, "no time and program at its front"),
        SkippedLine("blank"),
    ]


def test_an_unknown_format_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="dovecot, postfix"):
        _read([], "exmi")


def test_nothing_is_recognised_in_text_that_is_no_log() -> None:
    assert recognise([b"hello\n", b"\xff\xfe"], timezone=UTC, now=NOW) == ""
