"""The command line as scripts and people use it: the seven steps, formats, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailrisk.cli import main

EXAMPLES = Path("src/mailrisk/data/examples")
LURE = str(EXAMPLES / "mailbox-quota.eml")
LOG = str(EXAMPLES / "dovecot.log")


class Result:
    """What a run printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the program in this process on a data directory of its own."""
    monkeypatch.setenv("MAILRISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)

    def call(*arguments: str, stdin: bytes = b"") -> Result:
        source = tmp_path / "stdin"
        source.write_bytes(stdin)
        monkeypatch.setattr(sys, "argv", ["mailrisk", *arguments])
        with source.open() as text:
            monkeypatch.setattr(sys, "stdin", text)
            code: Any = 0
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return call


def test_the_seven_steps(run: Any, tmp_path: Path) -> None:
    [checked] = run("message", "check", LURE, "--no-network", "--format", "jsonl").lines
    assert checked["level"] == "malicious" and checked["missing_stages"] == ["auth", "domain"]
    assert set(checked["auth"].values()) == {"not-checked"}

    [reported] = run("message", "check", LURE, "--no-network", "--submit", "--format", "jsonl").lines
    [listed] = [item for item in reported["indicators"] if item["state"] == "listed"]
    url = listed["indicator"]
    [found] = run("url", "check", url, "--format", "jsonl").lines
    assert (found["level"], found["scope"]) == ("malicious", "url")
    before = datetime.now(UTC).isoformat()

    detected = run("log", "detect", LOG, "--timezone", "UTC", "--format", "jsonl")
    levels = {item["input"]: item["level"] for item in detected.lines}
    assert levels["203.0.113.66"] == "high" and levels["198.51.100.10"] not in ("high", "medium")
    assert "280 lines: 280 login events" in detected.err

    feed = tmp_path / "feed.txt"
    feed.write_text("http://phish.example/a\nhttp://phish.example/b\n")
    assert "2 entries, 2 new" in run("feed", "import", "openphish", str(feed)).out
    assert "the same content" in run("feed", "import", "openphish", str(feed)).out

    taken_back = run("withdraw", url, "--reason", "a drill", "--format", "jsonl").lines
    assert taken_back[0]["change"] == "withdrawn"
    [gone] = run("url", "check", url, "--format", "jsonl").lines
    assert gone["level"] == "clean"
    [now] = run("explain", url, "--format", "jsonl").lines
    [then] = run("explain", url, "--as-of", before, "--format", "jsonl").lines
    assert (now["state"], then["state"], then["recomputed_equal"]) == ("exempted", "listed", True)

    kinds = [(item["kind"], item["indicator"]) for item in run("changes", "--format", "jsonl").lines]
    assert kinds[0] == ("listed", url) and kinds[-1] == ("withdrawn", url)


def test_the_administrators_own_log_of_today_makes_the_attacker_high_at_once(
    run: Any, tmp_path: Path
) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    lines = [
        f"{start + timedelta(seconds=5 * number):%Y-%m-%dT%H:%M:%S+00:00} mail dovecot: imap-login: Disconnected "
        f"(auth failed, 1 attempts in 2 secs): user=<user{number % 40}@example.org>, method=PLAIN, "
        f"rip=203.0.113.99, lip=192.0.2.1, TLS, session=<s{number}>\n"
        for number in range(200)
    ]
    packed = tmp_path / "mail.log.gz"
    packed.write_bytes(gzip.compress("".join(lines).encode()))
    assert run("log", "detect", str(packed), "--fail-on", "high").code == 1
    [answer] = run("ip", "check", "203.0.113.99", "--format", "jsonl").lines
    assert answer["level"] == "high" and answer["suggested_response"] == "block"
    assert answer["first_detected"] and answer["category"] and answer["reasons"]
    assert 0 < answer["known_for_s"] <= 3_700
    again = run("log", "detect", str(packed), "--format", "jsonl").lines
    assert [item["input"] for item in again] == ["203.0.113.99"]
    [explained] = run("explain", "203.0.113.99", "--format", "jsonl").lines
    assert explained["recomputed_equal"] and len({item["id"] for item in explained["evidence"]}) == len(
        explained["evidence"]
    )


def test_log_parse_prints_one_object_an_event_in_order(run: Any) -> None:
    log = (
        b"2026-03-01T10:00:00+08:00 m dovecot: imap-login: Login: user=<a@example.org>, method=PLAIN, "
        b"rip=198.51.100.7, lip=192.0.2.1, mpid=1, TLS, session=<x>\n"
        b"2026-03-01T10:00:01+08:00 m postfix/smtpd[1]: warning: unknown[203.0.113.5]: SASL LOGIN "
        b"authentication failed: authentication failure, sasl_username=b@example.org\n"
        b"nonsense\n"
    )
    result = run("log", "parse", "-", "--format", "jsonl", stdin=log)
    events = [item for item in result.lines if "error" not in item]
    assert [(item["seen_at"], item["service"], item["account"], item["ip"], item["outcome"]) for item in events] == [
        ("2026-03-01T02:00:00Z", "dovecot", "a@example.org", "198.51.100.7", "success"),
        ("2026-03-01T02:00:01Z", "postfix", "b@example.org", "203.0.113.5", "failure"),
    ]  # fmt: skip
    assert {"seen_at", "service", "protocol", "account", "ip", "outcome", "detail"} <= set(events[0])


def test_items_come_back_in_order_with_errors_of_their_own_and_exit_code_3(run: Any) -> None:
    stdin = b"http://one.example/\nhttp://\n\xff\xfe\nhttp://two.example/\n"
    result = run("url", "check", "http://zero.example/", "-", "--format", "jsonl", stdin=stdin)
    assert [item["input"] for item in result.lines][0::4] == ["http://zero.example/", "http://two.example/"]
    assert ["error" in item for item in result.lines] == [False, False, True, True, False]
    assert result.code == 3


def test_a_message_file_that_is_missing_is_an_error_of_its_own(run: Any, tmp_path: Path) -> None:
    result = run(
        "message", "check", LURE, str(tmp_path / "no.eml"), str(tmp_path), "--no-network", "--format", "jsonl"
    )
    assert ["error" in item for item in result.lines] == [False, True, True]
    assert result.code == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("url", "check", "http://a.example/", "--fail-on", "suspicious"), 0),
        (("message", "check", LURE, "--no-network", "--fail-on", "malicious"), 1),
        (("message", "check", LURE, "--no-network", "--fail-on", "suspicious"), 1),
        (("message", "check", LURE, "--no-network"), 0),
        (("message", "check", "no-such-file", "--fail-on", "malicious"), 3),
        (("url", "check"), 2),
        (("url", "check", "http://a.example/", "--format", "xml"), 2),
        (("message", "check", LURE, "--client-ip", "300.1.1.1"), 2),
        (("log", "detect", LOG, "--timezone", "Mars/Olympus"), 2),
        (("log", "detect", LOG, "--as", "unheard-of"), 2),
        (("explain", "http://a.example/", "--as-of", "yesterday"), 2),
        (("withdraw", "http://a.example/"), 2),
        (("withdraw", "http://a.example/", "--reason", " "), 2),
        (("feed", "import", "unheard-of", LOG), 2),
        (("explain", "not an indicator"), 3),
        (("feed", "import", "openphish", "no-such-file"), 3),
    ],
)
def test_exit_codes(run: Any, arguments: tuple[str, ...], code: int) -> None:
    result = run(*arguments)
    assert result.code == code, (result.out, result.err)
    assert "Traceback" not in result.err


def test_an_unknown_key_in_the_configuration_is_an_error_that_names_it(run: Any, tmp_path: Path) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text("[network]\nenabledd = true\n")
    result = run("status", "--config", str(config))
    assert result.code == 2 and "enabledd" in result.err
    config.write_text("[network\n")
    assert run("status", "--config", str(config)).code == 2


def test_tables_speak_chinese_when_asked(run: Any) -> None:
    result = run("message", "check", LURE, "--no-network", "--lang", "zh")
    assert "恶意" in result.out and "原因" in result.out
    attacked = run("log", "detect", LOG, "--timezone", "UTC", "--lang", "zh")
    assert "建议处置: 观察" in attacked.out and "280 行：登录事件 280 条" in attacked.err


def test_an_address_that_is_listed_without_a_category_is_not_said_to_phish(run: Any) -> None:
    run("list", "198.51.100.66", "--reason", "seen scanning")
    run("list", "https://evil.example/login", "--reason", "seen asking for our passwords")
    listed = {
        item["indicator"]: item["category"]
        for item in run("changes", "--format", "jsonl").lines
        if item.get("indicator")
    }
    assert listed["198.51.100.66"] == "listed"
    assert listed["https://evil.example/login"] == "credential-phishing"


def test_a_sweep_that_cannot_ask_says_so_and_a_report_has_its_date(run: Any, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(Path(LOG).read_bytes())
    swept = run("agent", "--once", "--dry-run", "--log", str(log), "--server", "http://127.0.0.1:9")
    assert swept.code == 3 and "the sweep failed" in swept.out
    told = run("agent", "--report", "--log", str(log), "--lang", "zh")
    assert f"{datetime.now(UTC):%Y}" in told.out.splitlines()[0]


@pytest.mark.parametrize("format_", ["table", "json", "jsonl"])
def test_text_from_outside_cannot_steer_the_terminal(run: Any, tmp_path: Path, format_: str) -> None:
    mail = tmp_path / "escape.eml"
    mail.write_bytes(
        b"From: a@b.example\r\nSubject: =?utf-8?Q?=1B[31mred_=C2=9B31m_=E2=80=AEexe.pdf_[bold]x[/bold]?=\r\n"
        b'Content-Type: text/html\r\n\r\n<a href="http://e.example/\x1b[2Jx">\x1b]0;title\x07click</a>\r\n'
    )
    shown = run("message", "check", str(mail), "--no-network", "--format", format_).out
    listed = run("url", "check", "-", "--format", format_, stdin=b"http://e.example/\x1b]0;x\x07\n").out
    for text in (shown, listed):
        assert not any(char in text for char in "\x1b\x07\x9b\u202e")


def test_arguments_that_are_no_utf8_are_answered(run: Any, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.example")
    assert "error" in run("url", "check", name, "--format", "jsonl").lines[0]
    assert "error" in run("message", "check", name, "--format", "jsonl").lines[0]


@pytest.mark.parametrize(
    "command",
    [
        (), ("message",), ("message", "check"), ("url", "check"), ("ip", "check"), ("log", "parse"),
        ("log", "detect"), ("feed", "import"), ("explain",), ("withdraw",), ("changes",), ("status",), ("serve",),
        ("key", "issue"),
    ],
)  # fmt: skip
def test_every_command_has_help(run: Any, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0 and "Usage:" in result.out
