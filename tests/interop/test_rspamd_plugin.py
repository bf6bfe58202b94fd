"""The unmodified rspamd asks mailrisk about a message and gives it the symbol of the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.interop.conftest import SE_PAGE, Google
from tests.interop.page import block
from tests.interop.rspamd_server import rspamd

PLUGIN = Path(__file__).parents[2] / "integrations" / "rspamd" / "mailrisk.lua"


def check(url: str, text: str, **headers: str) -> dict[str, Any]:
    raw = f"From: a@sender.example\nTo: bob@example.org\nSubject: now\n\n{text}\n"
    envelope = {
        "IP": "198.51.100.7",
        "Helo": "mx.sender.example",
        "From": "a@sender.example",
        "Rcpt": "bob@example.org",
    }
    answer = httpx.post(f"{url}/checkv2", content=raw, headers={**envelope, **headers}, timeout=60)
    symbols: dict[str, Any] = answer.json()["symbols"]
    return {name: said for name, said in symbols.items() if name.startswith("MAILRISK")}


def lines(google: Google, key: str) -> str:
    return block("rspamd.md", "ucl", **{"http://127.0.0.1:8025": google.url, "KEY": key})


@pytest.fixture(scope="module")
def scanner(google: Google) -> Iterator[str]:
    with rspamd(lines(google, google.key), [PLUGIN]) as url:
        yield url


def test_a_message_with_a_listed_link_gets_the_symbol_and_the_reasons(scanner: str) -> None:
    found = check(scanner, f"Confirm your password now: {SE_PAGE}")
    assert set(found) == {"MAILRISK_MALICIOUS"}, found
    said = found["MAILRISK_MALICIOUS"]
    assert said["score"] == 12.0 and "credential-phishing" in said["options"], said


def test_an_honest_message_gets_no_score(scanner: str) -> None:
    found = check(scanner, "Shall we have lunch at noon?", User="anna@example.org")
    assert len(found) == 1 and all(said["score"] == 0 for said in found.values()), found
    assert set(found) <= {"MAILRISK_CLEAN", "MAILRISK_UNKNOWN"}


def test_without_a_valid_key_the_message_is_told_to_be_unchecked(google: Google) -> None:
    with rspamd(lines(google, "no-such-key"), [PLUGIN]) as url:
        found = check(url, f"Confirm your password now: {SE_PAGE}")
        assert set(found) == {"MAILRISK_FAIL"} and found["MAILRISK_FAIL"]["score"] == 0, found
        assert found["MAILRISK_FAIL"]["options"] == ["HTTP 401"]
