"""Requests that no honest client sends are answered as what they are: bad input, and never a fault of ours."""

from __future__ import annotations

import pytest
from tests.listen.conftest import Service

DEEP = b"[" * 200_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/urls:check", DEEP),
        ("/api/v1/urls:check", b'{"urls":' + DEEP),
        ("/api/v1/ips:check", b'{"network":' + DEEP),
        ("/api/v1/withdrawals", b'{"indicator":' + b'{"a":' * 200_000),
        ("/api/v1/listings", DEEP),
    ],
)
def test_json_nested_without_end_is_bad_input(service: Service, path: str, body: bytes) -> None:
    answer = service.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "value", ["Basic \u00e9", "Basic =", "Basic //79", "Basic", "Bearer \u00e9", "\u00e9"]
)
def test_credentials_that_cannot_be_read_are_no_credentials(service: Service, value: str) -> None:
    headers = {b"X-API-Key": b"", b"Authorization": value.encode("latin-1")}
    for path in ("/api/v1/status", "/lists/phishing-urls.txt"):
        assert service.client.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("0001-01-01T00:00:00+14:00", 400),
        ("0001-01-01T00:00:00Z", 400),
        ("9999-12-31T23:59:59-14:00", 400),
        ("2026-01-31T12:00:00", 400),
        ("1970-01-01T00:00:00+14:00", 200),
        ("8999-12-31T23:59:59-14:00", 200),
    ],
)
def test_a_time_outside_of_the_calendar_is_bad_input(service: Service, when: str, status: int) -> None:
    asked = {"indicator": "https://somewhere.example/", "as_of": when}
    assert service.client.get("/api/v1/explain", params=asked).status_code == status
