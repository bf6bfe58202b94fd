"""CrowdSec's local API over HTTP: keys, roles, machines, alerts, wrong requests."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from tests.listen.conftest import Service

ATTACKER = "203.0.113.7"


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, str]:
    found = {"admin": service.key}
    for role in ("reader", "reporter"):
        run = service.cli("key", "issue", "--role", role, "--format", "json")
        found[role] = str(json.loads(run.stdout)["key"])
    body = {"indicator": ATTACKER, "reason": "a test", "category": "brute-force"}
    assert service.client.post("/api/v1/listings", json=body).status_code == 200
    return found


@pytest.fixture
def reader(service: Service, keys: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, headers={"X-Api-Key": keys["reader"]}) as client:
        yield client


def test_a_bouncer_gets_decisions(reader: httpx.Client) -> None:
    answer = reader.get("/v1/decisions/stream", params={"startup": "true"})
    assert answer.headers["content-encoding"] == "gzip"
    assert [item["value"] for item in answer.json()["new"]] == [ATTACKER]
    plain = reader.get("/v1/decisions/stream?startup=true", headers={"Accept-Encoding": "identity"})
    assert plain.json() == answer.json()


def test_a_wrong_key_is_forbidden_in_crowdsecs_words(service: Service) -> None:
    for headers in ({}, {"X-Api-Key": "nonsense"}, {"X-Api-Key": "mr_" + "a" * 12 + "_" + "b" * 43}):
        for path in ("decisions/stream", "decisions?ip=1.2.3.4", "alerts"):
            answer = httpx.get(f"{service.url}/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()) == (403, {"message": "access forbidden"})


def test_no_decision_is_the_literal_null(reader: httpx.Client) -> None:
    assert reader.get("/v1/decisions", params={"ip": "192.0.2.1"}).text == "null"
    assert reader.get("/v1/decisions", params={"ip": ATTACKER}).json()[0]["value"] == ATTACKER


@pytest.mark.parametrize("query", ["ip=nonsense", "ip=1.2.3.4.5", "range=1.2.3.4/99", "ip=" + "1" * 5000])
def test_a_wrong_address_is_told(reader: httpx.Client, query: str) -> None:
    answer = reader.get(f"/v1/decisions?{query}")
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_machine_logs_in_and_its_alert_is_evidence(service: Service, keys: dict[str, str]) -> None:
    login = {"machine_id": "agent1", "password": keys["reporter"], "scenarios": []}
    assert httpx.post(f"{service.url}/v1/watchers", json=login).status_code == 201
    token = httpx.post(f"{service.url}/v1/watchers/login", json=login).json()["token"]
    alert = {
        "scenario": "crowdsecurity/ssh-bf", "message": "", "events_count": 6, "simulated": False, "events": [],
        "source": {"scope": "Ip", "value": "203.0.113.77", "ip": "203.0.113.77"}, "capacity": 5, "leakspeed": "10s",
        "start_at": "2026-03-10T09:00:00Z", "scenario_hash": "", "scenario_version": "",
    }  # fmt: skip
    bearer = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{service.url}/v1/alerts", json=[alert, alert | {"simulated": True}], headers=bearer)
    assert (answer.status_code, answer.json()) == (201, ["1", "2"])
    told = service.client.get("/api/v1/explain", params={"indicator": "203.0.113.77"}).json()
    assert [one["code"] for one in told["reasons"]] == ["reported-address"]
    assert httpx.get(f"{service.url}/v1/heartbeat", headers=bearer).status_code == 200
    assert httpx.post(f"{service.url}/v1/usage-metrics", json={}, headers=bearer).status_code == 201


def test_a_wrong_password_logs_nobody_in(service: Service) -> None:
    login = {"machine_id": "agent1", "password": "guessed"}
    assert httpx.post(f"{service.url}/v1/watchers", json=login).status_code == 403
    assert httpx.post(f"{service.url}/v1/watchers/login", json=login).status_code == 403


def test_cscli_adds_shows_and_deletes_a_decision(service: Service, keys: dict[str, str]) -> None:
    value = "198.51.100.9"
    decision = {
        "scope": "Ip",
        "value": value,
        "type": "ban",
        "origin": "cscli",
        "duration": "4h",
        "scenario": "manual",
    }
    alert = {"scenario": "manual 'ban'", "source": {"scope": "Ip", "value": value}, "decisions": [decision]}
    bearer = {"Authorization": f"Bearer {keys['admin']}"}
    with httpx.Client(base_url=service.url, headers=bearer) as cscli:
        assert cscli.post("/v1/alerts", json=[alert]).status_code == 201
        shown = cscli.get("/v1/alerts", params={"ip": value, "has_active_decision": "true"}).json()
        assert [one["decisions"][0]["value"] for one in shown] == [value]
        assert cscli.delete("/v1/decisions", params={"ip": value}).json() == {"nbDeleted": "1"}
        assert cscli.get("/v1/decisions", params={"ip": value}).text == "null"


def test_a_reporters_manual_decision_is_only_a_report(service: Service, keys: dict[str, str]) -> None:
    value = "198.51.100.10"
    decision = {"scope": "Ip", "value": value, "type": "ban", "origin": "cscli"}
    alert = {"scenario": "manual", "source": {"scope": "Ip", "value": value}, "decisions": [decision]}
    headers = {"Authorization": f"Bearer {keys['reporter']}"}
    assert httpx.post(f"{service.url}/v1/alerts", json=[alert], headers=headers).status_code == 201
    assert service.client.get("/v1/decisions", params={"ip": value}).text == "null"


def test_a_reader_reports_and_deletes_nothing(reader: httpx.Client) -> None:
    assert reader.post("/v1/alerts", json=[]).status_code == 403
    assert reader.delete("/v1/decisions", params={"ip": ATTACKER}).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'[{"source": 5}]', b'{"a": 1}'])
def test_wrong_bodies_are_refused(service: Service, keys: dict[str, str], body: bytes) -> None:
    headers = {"Authorization": f"Bearer {keys['reporter']}"}
    assert httpx.post(f"{service.url}/v1/alerts", content=body, headers=headers).status_code == 400
    assert httpx.post(f"{service.url}/v1/watchers/login", content=body).status_code == 400


def test_other_paths_and_methods_are_not_found(reader: httpx.Client) -> None:
    assert reader.put("/v1/decisions").status_code == 404
    assert reader.get("/v1/decisions/stream/more").status_code == 404


def test_a_bouncer_that_vanishes_in_mid_stream_hurts_nobody(
    service: Service, reader: httpx.Client, keys: dict[str, str]
) -> None:
    host, _, port = service.url.removeprefix("http://").partition(":")
    request = (
        f"GET /v1/decisions/stream?startup=true HTTP/1.1\r\nHost: a\r\nX-Api-Key: {keys['reader']}\r\n\r\n"
    )
    for length in (10, len(request)):
        for _ in range(20):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(request[:length].encode())
    assert reader.get("/v1/decisions/stream?startup=true").json()["new"]
