"""The words between Squid and the helper, and a log that teaches a running service."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.listen.conftest import Service, service

from mailrisk.cli.squid import parse_question, said_of

__all__ = ["service"]


def test_questions_are_read_with_what_is_unknown_left_out() -> None:
    said = parse_question("GET http://good.example/a%20b 192.0.2.7 -")
    assert said == {"method": "GET", "url": "http://good.example/a b", "client": "192.0.2.7"}
    assert parse_question("GET") is None


def test_answers_are_squids_words() -> None:
    allowed = {"action": "allow", "wanted": "allow", "level": "unknown"}
    assert said_of(allowed) == "OK log=unknown/allow tag=mailrisk-unknown"
    page = "http://gate.example/visit?t=AbC_-"
    stopped = {"action": "block", "wanted": "block", "level": "malicious", "page": page}
    assert said_of(stopped) == "ERR message=AbC_- log=malicious/block"
    assert said_of({"input": "x", "error": "no URL"}).startswith("BH ")


def test_a_log_teaches_what_is_common(service: Service, tmp_path: Path) -> None:
    now, log = time.time(), tmp_path / "access.log"
    lines = [
        f"{now - 86_400 * (5 - n // 10)} 9 192.0.2.{n % 5} TCP_TUNNEL/200 9 CONNECT partner.example:443 - X/1 -\n"
        for n in range(50)
    ]
    log.write_text("".join([*lines, "broken\n"]))
    key = str(service.data_dir / "admin.key")
    command = [
        sys.executable,
        "-m",
        "mailrisk",
        "visits",
        "learn",
        str(log),
        "--url",
        service.url,
        "--key-file",
        key,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.strip() == "visits learnt: 50; lines that were none: 1", run.stderr
    body = {"visits": [{"url": "https://www.partner.example/"}, {"url": "https://other.example/"}]}
    first, second = service.client.post("/api/v1/visits:decide", json=body).json()["results"]
    assert first["common"] and not second["common"]
