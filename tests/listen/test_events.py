"""Events over HTTP: an attack is listed within seconds, and survives the end of the process."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import msgspec
from tests.listen.conftest import start, stop

ATTACKER = "198.51.100.7"


def attack(first: int, count: int) -> bytes:
    """NDJSON of failures on as many accounts."""
    return b"\n".join(
        msgspec.json.encode(
            {"ip": ATTACKER, "account": f"user{n}@example.org", "outcome": "failure", "id": f"e{n}"}
        )
        for n in range(first, first + count)
    )


def level(client: httpx.Client) -> str:
    """What ips:check says of the attacker."""
    answer = client.post("/api/v1/ips:check", json={"ips": [ATTACKER]})
    return str(answer.json()["results"][0]["level"])


def wait_for(client: httpx.Client, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while (found := level(client)) != wanted:
        assert time.monotonic() < deadline, f"the attacker is {found} and not {wanted}"
        time.sleep(0.1)


def test_an_attack_in_two_halves_around_a_kill_is_one_attack(tmp_path: Path) -> None:
    process, url, _ = start(tmp_path, "--workers", "1")
    headers = {"X-API-Key": (tmp_path / "admin.key").read_text().strip()}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        answer = client.post("/api/v1/login-events", content=attack(0, 5))
        assert answer.status_code == 200 and answer.json() == {"accepted": 5, "repeated": 0, "refused": []}
        assert client.post("/api/v1/login-events", content=attack(0, 5)).json()["repeated"] == 5
    process.send_signal(signal.SIGKILL)
    process.wait()
    process, url, _ = start(tmp_path, "--workers", "1")
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            assert client.post("/api/v1/login-events", content=attack(0, 5)).json()["repeated"] == 5
            client.post("/api/v1/login-events", content=attack(5, 30))
            wait_for(client, "high")
            reasons = client.post("/api/v1/ips:check", json={"ips": [ATTACKER]}).json()["results"][0][
                "reasons"
            ]
            assert any("accounts" in reason["text"] for reason in reasons)
    finally:
        assert stop(process) == 0
    assert (tmp_path / "events" / "checkpoint").is_file()


def test_bad_events_are_answered_with_their_number_and_reason_and_the_others_count(tmp_path: Path) -> None:
    process, url, _ = start(tmp_path, "--workers", "0")
    try:
        key = (tmp_path / "admin.key").read_text().strip()
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
            lines = (
                b'{"ip":"203.0.113.1","account":"a","outcome":"failure"}',
                b'{"ip":"203.0.113.1, 1.2.3.4","outcome":"failure"}',
                b'{"ip":"203.0.113.1","outcome":"maybe"}',
                b'{"ip":"203.0.113.1","outcome":"failure","seen_at":"2099-01-01T00:00:00Z"}',
                b'{"ip":"203.0.113.1","outcome":"failure","seen_at":"2026-01-01T00:00:00"}',
                b"not json",
                b'{"ip":"203.0.113.1","outcome":"failure","typo":1}',
            )
            answer = client.post("/api/v1/login-events", content=b"\n".join(lines)).json()
            assert answer["accepted"] == 1
            assert [one["number"] for one in answer["refused"]] == [2, 3, 4, 5, 6, 7]
            assert all(one["error"] for one in answer["refused"])
            assert client.post("/api/v1/login-events", content=b"").status_code == 400
            many = b"\n".join([lines[0]] * 10_001)
            assert client.post("/api/v1/login-events", content=many).status_code == 400
            sends = b'[{"account":"a@example.org","ip":"203.0.113.1","to":["b@example.com"]},{"account":""}]'
            answer = client.post("/api/v1/send-events", content=sends).json()
            assert answer["accepted"] == 1 and answer["refused"][0]["number"] == 2
    finally:
        stop(process)


def test_a_key_that_has_blamed_enough_is_told_so(tmp_path: Path) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text("[login]\naddresses_per_key = 1\n")
    process, url, _ = start(tmp_path / "data", "--workers", "1", "--config", str(config))
    headers = {"X-API-Key": (tmp_path / "data" / "admin.key").read_text().strip()}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            assert client.post("/api/v1/login-events", content=attack(0, 30)).status_code == 200
            wait_for(client, "high")
            answer = client.post("/api/v1/login-events", content=attack(30, 1))
            assert answer.status_code == 429 and "addresses_per_key" in answer.json()["detail"]
            assert 0 < int(answer.headers["retry-after"]) <= 86_401
    finally:
        assert stop(process) == 0
