"""The unmodified rspamd asks mailrisk about a message and gives it the symbol of the verdict."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.interop.conftest import SE_PAGE, Google
from tests.interop.dovecot import free_port
from tests.interop.page import block

PLUGIN = Path(__file__).parents[2] / "integrations" / "rspamd" / "mailrisk.lua"
START_S = 60

MAIN = """
options {{
  pidfile = "{folder}/rspamd.pid";
  filters = "";
  disable_hyperscan = true;
  allow_raw_input = true;
  url_tld = "{folder}/suffixes";
  dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
metric {{ name = "default"; actions {{ reject = 15; }} }}
modules {{ path = "{folder}/plugins.d/"; }}
{ours}
"""


@contextlib.contextmanager
def rspamd(ours: str) -> Iterator[str]:
    """Its address, with our lines and none of its own modules, many of which would ask the network."""
    assert shutil.which("rspamd"), "run tools/debian.sh --file requirements/debian-test.txt"
    with tempfile.TemporaryDirectory(prefix="mailrisk-") as own:
        folder, port = Path(own), free_port()
        (folder / "plugins.d").mkdir()
        shutil.copy(PLUGIN, folder / "plugins.d")
        (folder / "suffixes").write_text("example\norg\n")  # Compiling all of them takes a minute.
        (folder / "rspamd.conf").write_text(MAIN.format(folder=folder, port=port, ours=ours))
        for path in (folder, *folder.rglob("*")):
            with contextlib.suppress(LookupError, PermissionError):
                shutil.chown(path, "_rspamd")
        folders = {name: str(folder) for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")}
        command = ["rspamd", "-f", "-i", "-c", str(folder / "rspamd.conf")]
        for name, value in folders.items():
            command += ["--var", f"{name}={value}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process, folder / "rspamd.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/ping").status_code == 200:
                return
        said = log.read_text() if log.exists() else "it never spoke"
        assert process.poll() is None and time.monotonic() < deadline, said
        time.sleep(0.2)


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
    with rspamd(lines(google, google.key)) as url:
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
    with rspamd(lines(google, "no-such-key")) as url:
        found = check(url, f"Confirm your password now: {SE_PAGE}")
        assert set(found) == {"MAILRISK_FAIL"} and found["MAILRISK_FAIL"]["score"] == 0, found
        assert found["MAILRISK_FAIL"]["options"] == ["HTTP 401"]
