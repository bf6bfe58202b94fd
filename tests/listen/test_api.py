"""The native API as a client sees it, over HTTP against the running program."""

from __future__ import annotations

import base64
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.listen.conftest import Service, start, stop

LURE = Path("src/mailrisk/data/examples/mailbox-quota.eml").read_bytes()
URL_KEYS = {
    "input", "indicator", "level", "score", "probability", "category", "scope", "first_seen", "last_seen",
    "target", "reasons", "valid_until", "stages",
}  # fmt: skip
IP_KEYS = {
    "input", "level", "score", "category", "first_detected", "last_seen", "country", "asn", "network",
    "known_for_s", "suggested_response", "reasons", "valid_until",
}  # fmt: skip


def post(service: Service, path: str, body: Any) -> Any:
    answer = service.client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def wait_for(condition: Any, seconds: float = 2.0) -> None:
    """The promise: what is decided is seen everywhere within two seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not seen within the time promised"
        time.sleep(0.05)


def test_the_administrators_key_is_readable_by_its_owner_alone(service: Service) -> None:
    mode = (service.data_dir / "admin.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_reported_lure_is_listed_found_listed_out_and_withdrawn_everywhere(service: Service) -> None:
    report = service.client.post("/api/v1/reports", content=LURE)
    assert report.status_code == 201, report.text
    body = report.json()
    assert body["level"] == "malicious" and body["stored"]
    [listed] = [item for item in body["indicators"] if item["state"] == "listed"]
    url = listed["indicator"]
    assert "lee" not in url, "a stored URL has lost the recipient's address"

    [found] = post(service, "urls:check", {"urls": [url + "?user=somebody@example.org"]})["results"]
    assert found["level"] == "malicious" and set(found) >= URL_KEYS and found["category"]
    assert all({"code", "text", "text_zh", "weight"} <= set(reason) for reason in found["reasons"])

    lists = service.client.get("/lists/phishing-urls.txt")
    assert url in lists.text.splitlines()
    same = service.client.get("/lists/phishing-urls.txt", headers={"If-None-Match": lists.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")

    page = service.client.get("/api/v1/changes", params={"after": 0}).json()
    assert [(item["kind"], item["indicator"]) for item in page["changes"]] == [("listed", url)]

    by_cli = service.cli("withdraw", url, "--reason", "a test of our own")
    assert by_cli.returncode == 0, by_cli.stderr
    wait_for(lambda: post(service, "urls:check", {"urls": [url]})["results"][0]["level"] != "malicious")
    wait_for(lambda: url not in service.client.get("/lists/phishing-urls.txt").text)
    more = service.client.get("/api/v1/changes", params={"after": page["next"]}).json()
    assert [(item["kind"], item["indicator"]) for item in more["changes"]] == [("withdrawn", url)]

    explained = service.client.get("/api/v1/explain", params={"indicator": url}).json()
    assert explained["state"] == "exempted" and explained["recomputed_equal"]


def test_what_the_command_line_lists_is_seen_by_the_running_service_within_two_seconds(
    service: Service,
) -> None:
    listed = service.cli("list", "http://cli.example/x", "--reason", "seen")
    assert listed.returncode == 0, listed.stderr
    wait_for(
        lambda: (
            post(service, "urls:check", {"urls": ["http://cli.example/x"]})["results"][0]["level"]
            == "malicious"
        )
    )


def test_a_message_that_is_only_checked_leaves_no_trace(service: Service) -> None:
    mail = LURE.replace(b"mail-desk-support", b"never-stored-desk")
    answer = service.client.post("/api/v1/messages:check", content=mail).json()
    assert answer["level"] == "malicious" and not answer["stored"]
    assert {"spf", "dkim", "dmarc", "arc"} == set(answer["auth"])
    assert {url["level"] for url in answer["urls"]}
    for file in service.data_dir.rglob("*"):
        assert not file.is_file() or b"never-stored-desk" not in file.read_bytes()


def test_the_envelope_is_taken_from_the_query_and_a_wrong_one_is_refused(service: Service) -> None:
    fine = service.client.post(
        "/api/v1/messages:check",
        params={"client_ip": "203.0.113.5", "helo": "mx.example", "mail_from": "a@b.example", "rcpt_to": ["c@d.example", "e@f.example"]},
        content=LURE,
    )  # fmt: skip
    assert fine.status_code == 200, fine.text
    wrong = service.client.post("/api/v1/messages:check", params={"client_ip": "300.1.1.1"}, content=LURE)
    assert wrong.status_code == 400 and wrong.json()["field"] == "client_ip"


def test_addresses_are_answered_in_order_and_one_bad_one_is_an_error_of_its_own(service: Service) -> None:
    results = post(service, "ips:check", {"ips": ["203.0.113.9", "nonsense", "10.0.0.1"]})["results"]
    assert set(results[0]) >= IP_KEYS and results[0]["level"] == "unknown"
    assert results[1]["error"] and results[1]["input"] == "nonsense"
    assert results[2]["reasons"][0]["code"] == "private-address"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("urls:check", {"urls": []}, 400),
        ("urls:check", {"urls": ["http://a.example/"] * 1001}, 400),
        ("urls:check", {"urls": ["http://a.example/"], "analize": "none"}, 400),
        ("urls:check", {"urls": "http://a.example/"}, 400),
        ("ips:check", {"ips": ["203.0.113.9"] * 10_001}, 400),
        ("withdrawals", {"indicator": "not an indicator", "reason": "x"}, 400),
        ("withdrawals", {"indicator": "a.example", "reason": ""}, 400),
        ("nothing-here", {}, 404),
    ],
)
def test_bad_requests_get_a_problem_that_says_what_is_wrong(
    service: Service, path: str, body: Any, status: int
) -> None:
    answer = service.client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == status and answer.json()["title"]


def test_a_body_that_is_no_json_or_no_utf8_is_refused(service: Service) -> None:
    for body in (b"{", b"\xff\xfe{}", b'{"urls": ["\xff"]}', b""):
        answer = service.client.post("/api/v1/urls:check", content=body)
        assert answer.status_code == 400, (body, answer.text)


def test_an_empty_message_is_refused(service: Service) -> None:
    assert service.client.post("/api/v1/messages:check", content=b"").status_code == 400


def test_a_message_over_the_limit_is_refused_and_the_service_goes_on(service: Service) -> None:
    answer = service.client.post(
        "/api/v1/messages:check", content=b"Subject: x\r\n\r\n" + b"A" * (65 * 1024 * 1024)
    )
    assert answer.status_code == 413
    assert service.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/changes", "/lists/phishing-urls.txt"])
def test_without_a_key_or_with_a_wrong_one_nothing_is_told(service: Service, path: str) -> None:
    wrong = service.key[:-1] + ("A" if service.key[-1] != "A" else "B")
    for headers in (
        {},
        {"X-API-Key": wrong},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic ???"},
    ):
        answer = httpx.get(service.url + path, headers=headers)
        assert answer.status_code == 401 and "www-authenticate" in answer.headers, (headers, answer.text)


def test_keys_are_taken_as_bearer_and_as_the_password_of_basic_authentication(service: Service) -> None:
    basic = base64.b64encode(f"edl:{service.key}".encode()).decode()
    for value in (f"Bearer {service.key}", f"Basic {basic}"):
        assert httpx.get(service.url + "/api/v1/status", headers={"Authorization": value}).status_code == 200


def test_a_key_does_what_its_role_allows_until_it_is_revoked(service: Service) -> None:
    issued = service.cli("key", "issue", "--role", "reader").stdout.decode().strip()
    headers = {"X-API-Key": issued}
    wait_for(lambda: httpx.get(service.url + "/api/v1/status", headers=headers).status_code == 200)
    body = {"indicator": "a.example", "reason": "x"}
    refused = httpx.post(service.url + "/api/v1/withdrawals", json=body, headers=headers)
    assert refused.status_code == 403
    assert service.cli("key", "revoke", issued.split("_")[1]).returncode == 0
    wait_for(lambda: httpx.get(service.url + "/api/v1/status", headers=headers).status_code == 401)


def test_a_repeated_report_with_the_same_idempotency_key_gets_a_receipt(service: Service) -> None:
    headers = {"Idempotency-Key": "report-1"}
    mail = LURE.replace(b"mail-desk-support", b"idempotent-desk")
    first = service.client.post("/api/v1/reports", content=mail, headers=headers)
    again = service.client.post("/api/v1/reports", content=mail, headers=headers)
    other = service.client.post("/api/v1/reports", content=LURE, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json()["repeated"] and again.json()["indicators"] == first.json()["indicators"]
    assert again.json()["sample"] == first.json()["sample"]


def test_as_of_needs_a_time_zone(service: Service) -> None:
    params = {"indicator": "http://a.example/", "as_of": "2026-01-01T00:00:00"}
    assert service.client.get("/api/v1/explain", params=params).status_code == 400
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    fine = service.client.get("/api/v1/explain", params={**params, "as_of": past})
    assert fine.status_code == 200 and fine.json()["said"] is None


def test_the_openapi_document_names_every_route(service: Service) -> None:
    document = service.client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path in ("urls:check", "ips:check", "messages:check", "reports", "withdrawals", "changes", "explain"):
        assert f"/api/v1/{path}" in document["paths"], path


def test_two_processes_on_one_port_are_refused_with_a_clear_word(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]
    second = replace(service, data_dir=tmp_path).cli("serve", "--listen", f"127.0.0.1:{port}")
    assert second.returncode == 3 and b"another program listens on" in second.stderr


def test_listings_are_there_after_a_kill_and_a_restart(tmp_path: Path) -> None:
    process, url, printed = start(tmp_path)
    key = (tmp_path / "admin.key").read_text().strip()
    assert any(key in line for line in printed), "the first start prints the key"
    headers = {"X-API-Key": key}
    listing = {"indicator": "http://kept.example/", "reason": "x"}
    assert httpx.post(url + "/api/v1/listings", json=listing, headers=headers).status_code == 200
    process.kill()
    process.wait()
    process, url, printed = start(tmp_path)
    assert not any(key in line for line in printed), "later starts do not"
    answer = httpx.post(url + "/api/v1/urls:check", json={"urls": ["http://kept.example/"]}, headers=headers)
    assert answer.json()["results"][0]["level"] == "malicious"
    assert stop(process) == 0
