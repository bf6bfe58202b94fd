"""RDAP answers and the bootstrap registry, as registries write them and as a hostile one might."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.rdap import MAX_ANSWER_BYTES, read_bootstrap, read_domain, server_for
from mailrisk.model.domain import Registration
from mailrisk.model.errors import BadInput, TooLarge


def answer(**changes: Any) -> bytes:
    """An answer in the form of RFC 9083 §5.3, with a person in it, whom nobody wants to know."""
    person = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Jane Doe"]]]
    return json.dumps(
        {
            "rdapConformance": ["rdap_level_0"],
            "objectClassName": "domain",
            "ldhName": "EVIL.EXAMPLE",
            "events": [
                {"eventAction": "registration", "eventDate": "2026-03-01T10:00:00Z"},
                {"eventAction": "expiration", "eventDate": "2027-03-01T10:00:00.0Z"},
                {"eventAction": "last changed", "eventDate": "2026-03-02T10:00:00Z"},
            ],
            "status": ["client transfer prohibited", "Server Hold"],
            "entities": [{"objectClassName": "entity", "roles": ["registrant"], "vcardArray": person}],
            **changes,
        }
    ).encode()


def registered(*events: tuple[str, str]) -> datetime | None:
    listed = [{"eventAction": action, "eventDate": date} for action, date in events]
    return read_domain(answer(events=listed), "evil.example").registered_at


def test_dates_and_statuses_are_read_and_nothing_else() -> None:
    assert read_domain(answer(), "evil.example") == Registration(
        registered_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        expires_at=datetime(2027, 3, 1, 10, tzinfo=UTC),
        statuses=("client transfer prohibited", "server hold"),
    )


def test_a_domain_registered_again_is_as_young_as_its_last_registration() -> None:
    assert registered(
        ("registration", "2001-01-01T00:00:00Z"), ("reregistration", "2026-03-05T00:00:00Z")
    ) == datetime(2026, 3, 5, tzinfo=UTC)


def test_other_zones_and_no_zone_become_utc() -> None:
    assert registered(("registration", "2026-03-01T10:00:00+08:00")) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert registered(("registration", "2026-03-01")) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", ["", "soon", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "9" * 9000]
)
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert registered(("registration", date)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"objectClassName":"domain","events":{}}',
        b'{"objectClassName":"domain","status":"active"}',
        b'{"errorCode":404}',
        b'{"objectClassName":"domain","ldhName":"other.example"}',
        b'{"objectClassName":"domain","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"objectClassName":"domain","events":[' + b'{"eventAction":[' * 50_000,
        answer()[:-1],
        b'{"objectClassName":"\xff"}',
    ],
)
def test_what_is_no_answer_about_the_domain_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_domain(raw, "evil.example")


def test_an_answer_over_the_limit_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read_domain(answer(remarks="x" * MAX_ANSWER_BYTES), "evil.example")


@given(
    st.binary(max_size=300) | st.from_regex(rb'\{"objectClassName":"domain",[ -~]{0,80}\}', fullmatch=True)
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        read_domain(raw, "evil.example")


BOOTSTRAP = b"""{"version": "1.0", "publication": "2026-01-30T00:00:01Z", "services": [
  [["com", "NET"], ["http://open.example/", "https://rdap.example/com/v1"]],
  [["co.example"], ["https://second.example/"]], [["example"], ["https://first.example/"]],
  [["kg"], ["http://open.example/"]]]}"""


def test_the_longest_entry_names_the_server_and_only_https_counts() -> None:
    publication, servers = read_bootstrap(BOOTSTRAP)
    assert publication == "2026-01-30T00:00:01Z"
    asked = ("a.com", "b.net", "x.co.example", "x.example", "x.kg", "x.unknown", "")
    assert [server_for(domain, servers) for domain in asked] == [
        "https://rdap.example/com/v1/", "https://rdap.example/com/v1/", "https://second.example/",
        "https://first.example/", "", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b'{"publication":"x","services":[[["com"]]]}', b"\xff", b'{"x":' + b"[" * 90_000]
)
def test_what_is_no_bootstrap_registry_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_bootstrap(raw)
