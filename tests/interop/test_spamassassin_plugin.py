"""The unmodified SpamAssassin asks mailrisk about a message and scores it by the verdict."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.interop.conftest import SE_PAGE, Google
from tests.interop.page import block

PLUGIN = Path(__file__).parents[2] / "integrations" / "spamassassin" / "Mailrisk.pm"
LETTER = (
    "Received: from mx.sender.example (mx.sender.example [198.51.100.7])\n\tby mail.example.org with ESMTP; "
    "Mon, 23 Nov 2026 09:00:00 +0000\nFrom: a@sender.example\nTo: bob@example.org\nSubject: now\n\n{text}\n"
)


def scan(folder: Path, url: str, key: str, text: str, *options: str) -> str:
    """SpamAssassin's output for one message, with nothing loaded but what it needs and our page's lines."""
    assert shutil.which("spamassassin"), "run tools/debian.sh --file requirements/debian-test.txt"
    site, rules = folder / "site", folder / "rules"
    site.mkdir(exist_ok=True)
    rules.mkdir(exist_ok=True)
    (rules / "10_one.cf").write_text(
        "header HAS_FROM exists:From\nscore HAS_FROM 0.01\n"
    )  # It wants one of its own.
    (rules / "check.pre").write_text("loadplugin Mail::SpamAssassin::Plugin::Check\n")
    changes = {
        "/etc/spamassassin/Mailrisk.pm": str(PLUGIN),
        "http://127.0.0.1:8025": url,
        "KEY": key,
    }
    dns = "dns_available no\nreport_safe 0\nskip_rbl_checks 1\nadd_header all Report _REPORT_\n"
    (site / "mailrisk.cf").write_text(dns + block("spamassassin.md", "cf", **changes))
    run = subprocess.run(
        ["spamassassin", "-C", str(rules), "--siteconfigpath", str(site), "-x", *options],
        input=LETTER.format(text=text).encode(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode() + run.stderr.decode()


def test_a_message_with_a_listed_link_gets_the_symbol_and_the_reasons(google: Google, tmp_path: Path) -> None:
    key = google.new_key("reader")
    said = scan(tmp_path, google.url, key, f"Confirm your password now: {SE_PAGE}")
    assert "8.0 MAILRISK_MALICIOUS" in said, said
    assert "credential-phishing" in said


def test_an_honest_message_gets_none(google: Google, tmp_path: Path) -> None:
    said = scan(tmp_path, google.url, google.key, "Shall we have lunch at noon?")
    assert "MAILRISK_" not in said, said


@pytest.mark.parametrize("wrong", ["key", "url"])
def test_whoever_cannot_be_asked_is_told_of_and_scores_nothing(
    google: Google, tmp_path: Path, wrong: str
) -> None:
    url = "http://127.0.0.1:9" if wrong == "url" else google.url
    said = scan(tmp_path, url, "no-such-key", f"Confirm your password: {SE_PAGE}")
    assert "0.0 MAILRISK_FAIL" in said and "MAILRISK_MALICIOUS" not in said, said


def test_with_local_tests_alone_nobody_is_asked(google: Google, tmp_path: Path) -> None:
    said = scan(tmp_path, google.url, google.key, f"Confirm your password: {SE_PAGE}", "-L")
    assert "MAILRISK_" not in said, said
