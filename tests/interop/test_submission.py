"""Submission through the real Postfix and the real Dovecot: its logins are asked about, and refused, like all others."""

from __future__ import annotations

import base64
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.interop.dovecot import dovecot, free_port
from tests.interop.postfix import Postfix, postfix
from tests.listen.conftest import start, stop

HOME, ATTACKER = "203.0.113.50", "198.51.100.7"
USERS = [(f"user{number}", f"right{number}") for number in range(30)]


def test_an_attack_over_submission_is_refused_and_a_familiar_user_hands_in_mail(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "mailrisk.toml"
    config.write_text(
        f'[network]\nenabled = false\n[login]\ndovecot = "127.0.0.1:{port}"\npassword = "s3cret"\n'
    )
    process, url, _ = start(tmp_path / "data", "--workers", "0", "--config", str(config))
    credentials = base64.b64encode(b"dovecot:s3cret").decode()
    try:
        headers = {"X-API-Key": (tmp_path / "data" / "admin.key").read_text().strip()}
        with (
            httpx.Client(base_url=url, headers=headers, timeout=30) as client,
            tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
        ):
            folders = [Path(own), Path(own) / "dovecot", Path(own) / "postfix"]
            for folder in folders:
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)
            with (
                dovecot(folders[1], USERS, f"http://127.0.0.1:{port}/", credentials) as passwords,
                postfix(folders[2], auth=passwords.auth) as server,
            ):
                attacked(server, client)
                assert passwords.imap_login(ATTACKER, "user2", "right2").startswith("NO"), "IMAP knows it too"
    finally:
        stop(process)


def attacked(server: Postfix, client: httpx.Client) -> None:
    """The user logs in from home, is attacked, and still does; the attacker does not, whatever he knows."""
    assert server.login(HOME, "user0", "right0").startswith("235")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda user: server.login(ATTACKER, user[0], "wrong"), USERS[:25]))
    assert all(answer.startswith("535") for answer in answers), answers
    deadline = time.monotonic() + 20
    while level(client) != "high":
        assert time.monotonic() < deadline, "the attacker was not found"
        time.sleep(0.1)
    assert server.login(ATTACKER, "user0", "right0").startswith("535"), "a stolen password does not help"
    assert server.login(HOME, "user0", "right0").startswith("235")


def level(client: httpx.Client) -> str:
    answer = client.post("/api/v1/ips:check", json={"ips": [ATTACKER]})
    return str(answer.json()["results"][0]["level"])
