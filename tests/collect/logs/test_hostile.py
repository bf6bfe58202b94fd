"""Whatever a client types, no address but its own is blamed, and no line raises."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
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
     f" from {INNOCENT}", f" [{INNOCENT}]", f", relay=[{INNOCENT}]", f"', ip=[{INNOCENT}]", f";oip={INNOCENT};", f":{INNOCENT}",
     " port 1 ssh2", " in session s", "(error: 0)", f"/imap/1 from: {INNOCENT}/1: failed: badauth", f" ({INNOCENT})",
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
    "exim[1]: login authenticator failed for (h) [{ip}]:4711: 535 Incorrect authentication data (set_id={0})",
    "exim[1]: login authenticator failed for ({0}) [{ip}]:4711: 535 Incorrect authentication data (set_id={1})",
    "exim[1]: 1tABCd-000001-00 <= a@example.org H=(h) [{ip}]:4711 P=esmtpsa A=plain:{0} S=920 T={1}",
    "cyrus/imap[1]: badlogin: h [{ip}] plaintext {0} SASL(-13): authentication failure: checkpass failed",
    "cyrus/imap[1]: login: h [{ip}] {0} plaintext User logged in SESSIONID=<real>",
    "imapd: LOGIN FAILED, user={0}, ip=[{ip}], port=[4711]",
    "imapd: LOGIN, user={0}, ip=[{ip}], port=[4711], protocol=IMAP",
    'courieresmtpd: error,relay={ip},port=1,msg="535 Authentication failed.",cmd: AUTH LOGIN {0}',
    "sendmail[1]: 06I02CNi016764: AUTH failure (LOGIN): authentication failure: checkpass, user={0}, relay=h [{ip}]",
    "sm-mta[1]: AUTH=server, relay=h [{ip}], authid={0}, mech=PLAIN, bits=0",
    "vpopmail[1]: vchkpw-pop3: password fail {0}:{ip}",
    "vpopmail[1]: vchkpw-smtp: password fail (pass: '{1}') {0}:{ip}",
    "sogod[1]: SOGoRootPage Login from '{ip}' for user '{0}' might not have worked - password policy: 65535  grace: -1",
    "sshd[1]: Failed password for invalid user {0} from {ip} port 4711 ssh2",
    "sshd[1]: Invalid user {0} from {ip} port 4711",
    "roundcube: <real> Failed login for {0} from {ip} in session 1z506z6rvddstv6k (error: 0)",
    "roundcube: IMAP Error: Login failed for {0} from {ip}. AUTHENTICATE PLAIN: {1} in /usr/x.php on line 2 (POST /)",
    (
        'stalwart[1]: 2026-05-11T04:03:01Z INFO Authentication failed (auth.failed) listenerId = "imap", '
        'localPort = 143, remoteIp = {ip}, remotePort = 1, accountName = "{0}"'
    ),
]

# Formats with a front of their own, whose lines hold text of the client.
OWN_FRONTS = [
    (
        "2026-03-03 20:00:01,100 INFO  [qtp1-2:https://h/service/soap/] [name={0};oip={ip};port=1;ua={1};] SoapEngine - "
        "handler exception: authentication failed for [{0}], invalid password"
    ),
    (
        "2026-03-03 20:00:01,100 WARN  [Pop3Server-1] [ip={ip};] security - cmd=Auth; account={0}; protocol=pop3; "
        "error=authentication failed for [{0}], invalid password;"
    ),
    "[2026-03-28 03:10:01,112] INFO in nginx: Login attempt for: {0}/imap/10143 from: {ip}/4711: failed: badauth: 5ebe",
    "[2026-03-28 03:10:01,112] INFO in nginx: Login attempt for: a/imap/1 from: {ip}/4711: success: token-3: '{0}'",
    '"IMAPD"\t1\t2\t"2026-05-11 04:02:01.123"\t"{ip}"\t"RECEIVED: A1 LOGIN {0} ***"',
    '"POP3D"\t1\t2\t"2026-05-11 04:02:01.123"\t"{ip}"\t"SENT: -ERR Invalid user name or password. {0}"',
    '2026-07-20T21:29:01.530Z,0E,2,192.0.2.10:143,{ip}:35070,x,1,1,1,login,"{0}","R=""2 NO LOGIN failed."";{1}",',
    "2026-07-20 21:13:01 192.0.2.10 POST /EWS/Exchange.asmx - 443 {0} {ip} UA - 401 1 1326 5",
    "[10-May-2026 13:03:01 +0000]: Failed login for {0} from {ip} in session 1z506z6rvddstv6k (error: 0)",
]


def _read(lines: Iterable[bytes], log_format: str = AUTO) -> list[Read]:
    return list(read_events(lines, format=log_format, timezone=UTC, now=NOW))


@given(st.sampled_from(PATTERNS), TYPED, TYPED)
def test_only_the_clients_own_address_is_ever_blamed(pattern: str, account: str, password: str) -> None:
    line = FRONT + pattern.format(account, password, ip=CLIENT)
    for read in _read([line.encode()]):
        assert not isinstance(read, LoginEvent) or read.ip == CLIENT


@given(st.sampled_from(OWN_FRONTS), TYPED, TYPED)
def test_that_holds_for_lines_with_a_front_of_their_own(pattern: str, account: str, password: str) -> None:
    line = pattern.format(account.replace('"', ""), password.replace('"', ""), ip=CLIENT)
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
    assume(not data.lstrip().startswith((b"[", b"{", b"\xef\xbb\xbf")))  # Documents have tests of their own.
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
