"""Reports of partners' programs that are no reports: an error in their form, never one of ours."""

from __future__ import annotations

import pytest
from tests.listen.conftest import Service


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x", b"", b'{"ip":1e999}', b"[" * 60_000, b'"text"', b"[1]"])
def test_a_body_that_is_no_json_is_told_in_their_form(service: Service, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v2/report", content=body, headers=headers)
    assert answer.status_code == 422 and answer.json()["errors"][0]["status"] == 422
