"""A real Postfix asks mailrisk about its senders: a stolen account's mail is held, a colleague's goes out."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx
from tests.interop.dovecot import free_port
from tests.interop.postfix import postfix
from tests.listen.conftest import start, stop

OFFICE, THIEF = "203.0.113.50", "198.51.100.7"
ANNA, BERT = "anna@example.org", "bert@example.org"


def test_the_mail_of_a_stolen_account_is_held_and_a_colleagues_is_not(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "mailrisk.toml"
    config.write_text(
        f'[network]\nenabled = false\n[send]\npostfix = "127.0.0.1:{port}"\nhigh_action = "HOLD stolen account"\n'
    )
    process, url, _ = start(tmp_path / "data", "--workers", "0", "--config", str(config))
    try:
        headers = {"X-API-Key": (tmp_path / "data" / "admin.key").read_text().strip()}
        with (
            httpx.Client(base_url=url, headers=headers, timeout=30) as client,
            tempfile.TemporaryDirectory(prefix="mailrisk-") as folder,
        ):
            Path(folder).chmod(0o755)
            with postfix(Path(folder), port) as server:
                for account in (ANNA, BERT):
                    assert server.send(OFFICE, account, ["one@example.com", "two@example.com"]).startswith(
                        "250"
                    )
                victims = [f"victim{number}@example.net" for number in range(20)]
                assert server.send(THIEF, ANNA, victims).startswith("250")
                deadline = time.monotonic() + 20
                while level(client, ANNA) != "high":
                    assert time.monotonic() < deadline, "the thief was not found"
                    time.sleep(0.1)
                assert server.held() == 0
                assert server.send(THIEF, ANNA, ["next@example.net"]).startswith("250")
                assert server.held() == 1
                assert server.send(OFFICE, BERT, ["three@example.com"]).startswith("250")
                assert server.held() == 1 and level(client, BERT) in ("unknown", "none")
    finally:
        stop(process)


def level(client: httpx.Client, account: str) -> str:
    answer = client.post("/api/v1/accounts:check", json={"accounts": [account]})
    return str(answer.json()["results"][0]["level"])
