"""A real Dovecot asks mailrisk: the attacker is refused, the attacked user logs in from where he always does."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.interop.dovecot import Dovecot, dovecot, free_port
from tests.listen.conftest import start, stop

HOME, ATTACKER, SECOND = "203.0.113.50", "198.51.100.7", "198.51.100.8"
USERS = [(f"user{number}", f"right{number}") for number in range(30)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dovecot, httpx.Client]]:
    folder = tmp_path_factory.mktemp("dovecot")
    data = folder / "data"
    port = free_port()
    config = folder / "mailrisk.toml"
    config.write_text(
        f'[network]\nenabled = false\n[login]\ndovecot = "127.0.0.1:{port}"\npassword = "s3cret"\n'
    )
    process, url, _ = start(data, "--workers", "1", "--config", str(config))
    credentials = base64.b64encode(b"dovecot:s3cret").decode()
    try:
        headers = {"X-API-Key": (data / "admin.key").read_text().strip()}
        # Pytest's folders are closed to the users that Dovecot runs as.
        with (
            tempfile.TemporaryDirectory(prefix="mailrisk-") as own,
            httpx.Client(base_url=url, headers=headers, timeout=30) as client,
            dovecot(open_folder(own), USERS, f"http://127.0.0.1:{port}/", credentials) as server,
        ):
            yield server, client
    finally:
        stop(process)


def open_folder(name: str) -> Path:
    """The folder, open to everybody."""
    Path(name).chmod(0o755)
    return Path(name)


def at_once(server: Dovecot, ip: str, logins: Sequence[tuple[str, str]]) -> list[str]:
    """Logs in many times, since Dovecot answers each failure a second late."""
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda login: server.imap_login(ip, *login), logins))


def level(client: httpx.Client, ip: str) -> str:
    return str(client.post("/api/v1/ips:check", json={"ips": [ip]}).json()["results"][0]["level"])


def wait_for(client: httpx.Client, ip: str, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while (found := level(client, ip)) != wanted:
        assert time.monotonic() < deadline, f"{ip} is {found} and not {wanted}"
        time.sleep(0.1)


def test_an_attack_is_refused_and_the_attacked_user_logs_in_from_home(
    servers: tuple[Dovecot, httpx.Client],
) -> None:
    server, client = servers
    assert server.imap_login(HOME, "user0", "right0").startswith("OK")
    assert server.pop3_login(HOME, "user1", "right1").startswith("+OK")
    answers = at_once(server, ATTACKER, [(f"user{number}", "wrong") for number in range(25)])
    assert all(answer.startswith("NO") for answer in answers)
    wait_for(client, ATTACKER, "high")
    said = server.imap_lines(ATTACKER, "user0", "right0")
    assert "a NO" in said and ATTACKER in said and "refused" in said, "a stolen password does not help"
    assert server.pop3_login(ATTACKER, "user1", "right1").startswith("-ERR")
    assert server.imap_login(HOME, "user0", "right0").startswith("OK")
    assert server.pop3_login(HOME, "user1", "right1").startswith("+OK")


def test_who_has_logged_in_from_an_address_before_still_does_when_it_attacks(
    servers: tuple[Dovecot, httpx.Client],
) -> None:
    server, client = servers
    assert server.imap_login(SECOND, "user29", "right29").startswith("OK")
    names = [f"{who}{number}" for number in range(28) for who in ("user", "nobody")]
    at_once(server, SECOND, [(name, "wrong") for name in names])
    wait_for(client, SECOND, "high")
    assert server.imap_login(SECOND, "user28", "right28").startswith("NO")
    assert server.imap_login(SECOND, "user29", "right29").startswith("OK")


def test_one_stale_password_on_a_thousand_tries_refuses_nobody(
    servers: tuple[Dovecot, httpx.Client],
) -> None:
    server, client = servers
    office = "203.0.113.99"
    at_once(server, office, [("user3", "last years password")] * 60)
    time.sleep(1)
    assert level(client, office) in ("unknown", "none")
    assert server.imap_login(office, "user4", "right4").startswith("OK")


def test_refusals_are_reported_and_dovecot_complains_of_nothing(
    servers: tuple[Dovecot, httpx.Client],
) -> None:
    server, _ = servers
    log = (server.folder / "dovecot.log").read_text()
    assert "auth failed" in log
    assert "Policy server" not in log and "Error" not in log, log[-2000:]
