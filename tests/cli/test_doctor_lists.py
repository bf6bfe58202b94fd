"""Doctor asks for a list from the outside, and knows which bouncers have gone silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.interop.dovecot import free_port

from mailrisk.cli.doctor_lists import list_findings
from mailrisk.config import Config
from mailrisk.config.service import Server
from mailrisk.publish.crowdsec import Position
from mailrisk.service.bouncers import Bouncers

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@contextmanager
def answering(status: int) -> Iterator[str]:
    """HOST:PORT of a service that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def findings(folder: Path, listen: str) -> list[tuple[str, dict[str, object]]]:
    return list(list_findings(Config(server=Server(listen=listen)), folder, NOW))


def test_a_service_that_gives_no_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text("k\n")
    with answering(503) as listen:
        ((check, data),) = findings(tmp_path, listen)
        assert check == "lists" and str(data["error"]).startswith("503")
    with answering(200) as listen:
        assert findings(tmp_path, listen) == []


def test_a_service_that_does_not_run_is_told_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text("k\n")
    assert findings(tmp_path, f"127.0.0.1:{free_port()}") == []


def test_a_bouncer_that_went_silent_is_told_and_one_that_is_gone_for_weeks_is_not(tmp_path: Path) -> None:
    for name, age in (("asks", 10), ("silent", 3_600), ("gone", 9 * 86_400)):
        bouncers = Bouncers(tmp_path / "bouncers.json")
        at = int((NOW - timedelta(seconds=age)).timestamp())
        bouncers.restart(f"{name}@192.0.2.1|('ip',)", Position("e", 1, at))
    assert findings(tmp_path, f"127.0.0.1:{free_port()}") == [
        ("bouncer-silent", {"bouncer": "silent@192.0.2.1", "minutes": 60})
    ]
