"""Reports of partners' programs that are no reports, and large bodies of people who have shown no key."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from tests.listen.conftest import Service


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x", b"", b'{"ip":1e999}', b"[" * 60_000, b'"text"', b"[1]"])
def test_a_body_that_is_no_json_is_told_in_their_form(service: Service, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v2/report", content=body, headers=headers)
    assert answer.status_code == 422 and answer.json()["errors"][0]["status"] == 422


def test_who_shows_no_key_keeps_no_large_body_of_others_waiting(service: Service) -> None:
    place = (urlsplit(service.url).hostname, urlsplit(service.url).port)
    half = b"POST /visit HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\nt=a"
    with ExitStack() as stack:
        for _ in range(9):  # One more than there are slots for large bodies.
            stack.enter_context(socket.create_connection(place)).sendall(half)
        body = {"urls": ["http://a.example/" + "a" * 15_000] * 100}
        answer = service.client.post("/api/v1/urls:check", json=body, timeout=20)
        assert answer.status_code == 200
