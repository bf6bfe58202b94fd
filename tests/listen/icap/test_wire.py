"""ICAP heads: what proxies send is read, what is none is refused, answers say where their parts begin."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.listen.icap import wire
from mailrisk.model.errors import BadInput

HEAD = (
    b"REQMOD icap://127.0.0.1:1344/visits ICAP/1.0\r\nHost: 127.0.0.1:1344\r\nAllow: 204, trailers\r\n"
    b"Preview: 0\r\nX-Client-IP: 192.0.2.7\r\nX-Client-Username: anna\r\nEncapsulated: req-hdr=0, req-body=170"
)


def test_a_request_of_squid_is_read() -> None:
    asked = wire.parse_icap(HEAD)
    assert (asked.method, asked.service, asked.head, asked.has_body) == ("REQMOD", "/visits", 170, True)
    assert (asked.user, asked.client, asked.preview, asked.may_be_204) == ("anna", "192.0.2.7", 0, True)


def test_204_is_an_answer_only_where_the_client_knows_it() -> None:
    plain = HEAD.replace(b"Allow: 204, trailers\r\nPreview: 0\r\n", b"")
    assert not wire.parse_icap(plain).may_be_204
    assert wire.parse_icap(HEAD.replace(b"Preview: 0\r\n", b"")).may_be_204


def test_users_that_are_told_in_base64_are_read() -> None:
    told = HEAD.replace(b"X-Client-Username: anna", b"X-Authenticated-User: TG9jYWw6Ly9iZXJ0")
    assert wire.parse_icap(told).user == "bert"
    assert wire.parse_icap(HEAD.replace(b"X-Client-Username: anna", b"X-Authenticated-User: %%%")).user == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"REQMOD", b"GET"), (b"ICAP/1.0", b"HTTP/1.1"), (b"req-body=170", b"req-body=99999999"),
        (b"req-hdr=0, req-body=170", b"req-body=170"), (b"req-hdr=0", b"req-hdr=5"), (b"Preview: 0", b"Preview: -1"),
        (b"Host: 127", b"Host 127"), (b"req-body=170", b"req-body=0"), (b"Encapsulated", b"Encapsulate"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(BadInput):
        wire.parse_icap(HEAD.replace(old, new, 1))


@given(st.binary(max_size=300), st.integers(0, len(HEAD)))
def test_any_bytes_are_read_or_refused(raw: bytes, at: int) -> None:
    for one in (raw, HEAD[:at] + raw):
        with contextlib.suppress(BadInput):
            wire.parse_icap(one)
        with contextlib.suppress(BadInput):
            wire.parse_http(one)


def test_the_visit_is_read_from_the_request_inside() -> None:
    whole = wire.parse_http(b"GET http://good.example/a?b=c HTTP/1.1\r\nHost: good.example\r\n\r\n")
    assert (whole.method, whole.url) == ("GET", "http://good.example/a?b=c")
    path = wire.parse_http(b"GET /a HTTP/1.1\r\nhost: good.example\r\n\r\n")
    assert path.url == "http://good.example/a"
    assert wire.parse_http(b"CONNECT good.example:443 HTTP/1.1\r\n\r\n").url == "good.example:443"


def test_a_page_in_place_of_the_request_says_where_its_body_begins() -> None:
    said = wire.instead("tag", 403, "<p>页面</p>")
    head, _, rest = said.partition(b"\r\n\r\n")
    start = int(head.rpartition(b"res-body=")[2])
    assert rest[start:].startswith(b"d\r\n<p>") and rest.endswith(b"\r\n0\r\n\r\n")
