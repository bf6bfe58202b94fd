"""Squid's access.log: visits that went through, of whom, when."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.squid import LoggedVisit, squid_visit
from mailrisk.model.errors import BadInput

TUNNEL = "1795424400.123    456 192.0.2.7 TCP_TUNNEL/200 4711 CONNECT www.example.org:443 anna HIER_DIRECT/198.51.100.7 -"
PAGE = "1795424401.5 12 192.0.2.8 TCP_MISS/304 99 GET http://user@news.example:8080/a?b=c - HIER_DIRECT/198.51.100.8 text/html"


def test_tunnels_and_pages_are_visits() -> None:
    assert squid_visit(TUNNEL) == LoggedVisit("www.example.org", "anna", 1795424400.123)
    assert squid_visit(PAGE) == LoggedVisit("news.example", "192.0.2.8", 1795424401.5)


def test_what_was_denied_or_failed_is_no_visit() -> None:
    assert squid_visit(TUNNEL.replace("TCP_TUNNEL/200", "TCP_DENIED/407")) is None
    assert squid_visit(TUNNEL.replace("TCP_TUNNEL/200", "TCP_TUNNEL/503")) is None


@pytest.mark.parametrize("line", ["", "hello", TUNNEL.replace("1795424400.123", "yesterday"), "x" * 100_000])
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(BadInput):
        squid_visit(line)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadInput):
        squid_visit(text)
        squid_visit(TUNNEL.replace("www.example.org:443", text))
