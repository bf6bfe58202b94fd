"""``log detect``: accounts beside addresses, which file a bad line stands in, what to do when nothing is found."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailrisk.cli import main


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def call(*arguments: str) -> Ran:
        lang = () if "--lang" in arguments else ("--lang", "en")
        monkeypatch.setattr(
            sys, "argv", ["mailrisk", *arguments, "--data-dir", str(tmp_path / "data"), *lang]
        )
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capfd.readouterr()
        return Ran(int(stop.value.code or 0), out, err)

    return call


def sent(at: str, number: int, ip: str, to: str) -> str:
    return (
        f"{at} mx1 postfix/submission/smtpd[9]: 4A{number:04}: client=x.example.net[{ip}], sasl_method=PLAIN, "
        "sasl_username=anna@example.org\n"
        f"{at} mx1 postfix/qmgr[9]: 4A{number:04}: from=<anna@example.org>, size=920, nrcpt=1 (queue active)\n"
        f"{at} mx1 postfix/smtp[9]: 4A{number:04}: to=<{to}>, relay=mx.example.net[198.51.100.1]:25, delay=1, "
        "delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
        f"{at} mx1 postfix/qmgr[9]: 4A{number:04}: removed\n"
    )


def stolen(folder: Path) -> Path:
    """An account that writes to a colleague from home for a week, and to forty strangers from elsewhere then."""
    lines = [
        sent(f"2026-09-{day:02}T08:00:00+00:00", day, "198.51.100.20", "b@example.org") for day in range(1, 8)
    ]
    for number in range(40):
        at = f"2026-09-08T09:{number:02}:00+00:00"
        lines.append(sent(at, 100 + number, "203.0.113.77", f"stranger{number}@example.com"))
    path = folder / "mail.log"
    path.write_text("".join(lines))
    return path


def test_an_account_that_sends_strangely_is_told_by_its_name_with_the_reason(
    run: Run, tmp_path: Path
) -> None:
    log = str(stolen(tmp_path))
    found = run("log", "detect", log, "--format", "jsonl")
    [account] = [one for one in found.lines if one["input"] == "anna@example.org"]
    assert account["level"] == "high"
    assert "47 messages of accounts" in found.err
    shown = run("log", "detect", log)
    assert "anna@example.org  high" in shown.out and "mailboxes never written to before" in shown.out
    checked = run("account", "check", "anna@example.org")
    assert "from 1 unfamiliar network\n" in checked.out
    assert "Nothing is known against it" in run("account", "check", "b@example.org").out


def test_of_several_files_the_one_with_the_first_bad_line_is_named(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_text(
        "2026-09-08T09:00:00+00:00 mail dovecot: imap-login: Login: user=<a>, rip=192.0.2.1, TLS\n"
    )
    bad.write_text("x" * 70_000 + "\n")
    several = run("log", "detect", str(good), str(bad))
    assert f"(first: {bad}, line 1: longer than 65536 bytes)" in several.err
    assert "(first: line 1: longer" in run("log", "detect", str(bad)).err
    parsed = run("log", "parse", str(good), str(bad), "--format", "jsonl")
    assert parsed.lines[-1]["input"] == f"{bad}, line 1"


def test_when_nothing_is_found_it_says_what_may_be_wrong(run: Run, tmp_path: Path) -> None:
    other, quiet = tmp_path / "other.log", tmp_path / "quiet.log"
    other.write_text("2026-09-08T09:00:00+00:00 host kernel: eth0 up\n")
    quiet.write_text(
        "2026-09-08T09:00:00+00:00 mail dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, TLS\n"
    )
    assert "--as" in run("log", "detect", str(other)).err
    assert "Nothing stands out" in run("log", "detect", str(quiet)).err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_log_that_was_not_read_is_no_all_clear(run: Run, tmp_path: Path, lang: str) -> None:
    (tmp_path / "empty.log").touch()
    not_read = {"en": "whoever attacks there is not shown", "zh": "其中的攻击不会列出"}[lang]
    for name in ("missing.log", "."):
        ran = run("log", "detect", str(tmp_path / name), "--lang", lang)
        assert ran.code == 3 and f"{not_read}" in ran.err and str(tmp_path / name) in ran.err.splitlines()[-1]
        assert "Nothing stands out" not in ran.err and "未发现异常" not in ran.err
    ran = run("log", "detect", str(tmp_path / "empty.log"), "--lang", lang)
    assert ran.code == 0 and {"en": "no line to read", "zh": "没有读到任何一行"}[lang] in ran.err
    assert "Nothing stands out" not in ran.err and "未发现异常" not in ran.err


def test_what_was_not_read_is_named_beside_what_was_found(run: Run, tmp_path: Path) -> None:
    ran = run("log", "detect", str(stolen(tmp_path)), str(tmp_path / "missing.log"))
    assert ran.code == 3 and "anna@example.org" in ran.out
    assert ran.err.splitlines()[-1].endswith(f"is not shown: {tmp_path}/missing.log")
