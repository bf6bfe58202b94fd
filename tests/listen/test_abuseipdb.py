"""AbuseIPDB's API: what programs that know it send, and what they get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from tests.listen.conftest import Service

LISTED = "203.0.113.7"
CSV = (
    "IP,Categories,ReportDate,Comment\n"
    '198.51.100.1,"18,22",{at},"Failed password for root"\n'
    "10.0.0.1,18,{at},private\n"
    "nonsense,18,{at},\n"
    "198.51.100.2,99,{at},\n"
    "198.51.100.3,11,yesterday,\n"
)


@pytest.fixture(scope="module")
def api(service: Service) -> Iterator[httpx.Client]:
    body = {"indicator": LISTED, "reason": "a test", "category": "brute-force"}
    assert service.client.post("/api/v1/listings", json=body).status_code == 200
    run = service.cli("key", "issue", "--role", "reporter", "--format", "json")
    key = str(json.loads(run.stdout)["key"])
    with httpx.Client(base_url=f"{service.url}/api/v2", headers={"Key": key}, timeout=60) as client:
        yield client


def test_check_answers_in_their_form(api: httpx.Client) -> None:
    data = api.get("/check", params={"ipAddress": LISTED, "maxAgeInDays": 90}).json()["data"]
    assert (data["ipAddress"], data["ipVersion"], data["isPublic"]) == (LISTED, 4, True)
    assert data["abuseConfidenceScore"] >= 90
    unknown = api.get("/check", params={"ipAddress": "192.0.2.1", "verbose": ""}).json()["data"]
    assert (unknown["abuseConfidenceScore"], unknown["totalReports"], unknown["reports"]) == (0, 0, [])


def test_a_report_comes_by_form_query_or_json_and_the_comment_is_not_kept(
    service: Service, api: httpx.Client
) -> None:
    fields = {"ip": "198.51.100.50", "categories": "18,22", "comment": "Failed password for alice"}
    for more in ({"data": fields}, {"params": fields}, {"json": fields}):
        answer = api.post("/report", **more)  # type: ignore[arg-type]
        assert answer.json() == {"data": {"ipAddress": "198.51.100.50", "abuseConfidenceScore": 0}}
    data = api.get("/check", params={"ipAddress": "198.51.100.50", "verbose": ""}).json()["data"]
    assert (data["totalReports"], data["numDistinctUsers"]) == (1, 1)
    assert data["reports"][0]["categories"] == [18, 22]
    told = service.client.get("/api/v1/explain", params={"indicator": "198.51.100.50"})
    assert "alice" not in told.text


@pytest.mark.parametrize(
    "fields",
    [
        {"ip": "nonsense", "categories": "18"},
        {"ip": "127.0.0.1", "categories": "18"},
        {"ip": "198.51.100.1", "categories": ""},
        {"ip": "198.51.100.1", "categories": "18,x"},
        {"ip": "198.51.100.1", "categories": "99"},
        {"ip": "198.51.100.1", "categories": "²"},
        {"ip": "198.51.100.1", "categories": "18", "timestamp": "tomorrow"},
        {"ip": "198.51.100.1", "categories": "18", "timestamp": "2099-01-01T00:00:00Z"},
        {},
    ],
)
def test_a_wrong_report_is_unprocessable(api: httpx.Client, fields: dict[str, str]) -> None:
    answer = api.post("/report", data=fields)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"]


def test_a_bulk_report_saves_what_is_right_and_names_the_rest(api: httpx.Client) -> None:
    raw = CSV.replace("{at}", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}").encode()
    data = api.post("/bulk-report", files={"csv": ("a.csv", raw, "text/csv")}).json()["data"]
    assert data["savedReports"] == 1
    assert [one["rowNumber"] for one in data["invalidReports"]] == [3, 4, 5, 6]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a,b\n1,2\n", b"IP,Categories\n" + b"x" * 200_000, b"\0\n\0"])
def test_a_wrong_file_hurts_nobody(api: httpx.Client, raw: bytes) -> None:
    answer = api.post("/bulk-report", files={"csv": ("a.csv", raw, "text/csv")})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or answer.json()["data"]["savedReports"] == 0


def test_a_network_is_checked(api: httpx.Client) -> None:
    data = api.get("/check-block", params={"network": "203.0.113.0/24"}).json()["data"]
    assert data["numPossibleHosts"] == 256
    assert [one["ipAddress"] for one in data["reportedAddress"]] == [LISTED]
    for wrong in ("0.0.0.0/0", "2001:db8::/32", "nonsense", ""):
        assert api.get("/check-block", params={"network": wrong}).status_code == 422


def test_the_blacklist_is_json_or_plain(api: httpx.Client) -> None:
    told = api.get("/blacklist").json()
    assert [one["ipAddress"] for one in told["data"]] == [LISTED]
    assert told["meta"]["generatedAt"]
    for more in ({"params": {"plaintext": ""}}, {"headers": {"Accept": "text/plain"}}):
        assert api.get("/blacklist", **more).text == f"{LISTED}\n"  # type: ignore[arg-type]
    assert api.get("/blacklist", params={"ipVersion": 6}).json()["data"] == []
    assert api.get("/blacklist", params={"confidenceMinimum": 1}).status_code == 422


def test_keys_and_roles_are_looked_at(service: Service, api: httpx.Client) -> None:
    for key in ("", "wrong"):
        answer = httpx.get(f"{service.url}/api/v2/check?ipAddress={LISTED}", headers={"Key": key})
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["status"] == 401
    run = service.cli("key", "issue", "--role", "reader", "--format", "json")
    reader = {"Key": str(json.loads(run.stdout)["key"])}
    answer = httpx.post(
        f"{service.url}/api/v2/report", data={"ip": LISTED, "categories": "18"}, headers=reader
    )
    assert answer.status_code == 403
