"""Configured formats: expressions, columns and paths; what could stall is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.contracts.patterns import hostile
from tests.stalling import at_most

from mailrisk.collect.logs.entry import BadLine, SkippedLine
from mailrisk.collect.logs.linear import MAX_TEXT, linear_pattern
from mailrisk.collect.logs.mapped import formats_of
from mailrisk.collect.logs.read import AUTO, Read, read_events, split_lines
from mailrisk.model.errors import ConfigError
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.log_mapping import LogMapping

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WORDS = {"ok": "success", "failed": "failure"}
REGEX = r'login (?P<outcome>ok|failed) user="(?P<account>.*)" ip=(?P<ip>[0-9a-f:.]+)'
HOSTILE = 'x>, method=PLAIN, rip=203.0.113.66" ip=203.0.113.66'


def _mapping(**given: Any) -> LogMapping:
    return msgspec.convert({"name": "gateway", "outcomes": WORDS, **given}, LogMapping)


def _read(lines: Iterable[bytes], mapping: LogMapping, name: str = "gateway") -> list[Read]:
    return list(read_events(lines, format=name, timezone=UTC, now=NOW, mapped=formats_of([mapping])))


@pytest.mark.parametrize("name", ["gateway", AUTO])
def test_an_expression_reads_the_text_of_a_syslog_program(name: str) -> None:
    front = "Sep  8 07:46:30 mx1 mailgw[7]: "
    reads = _read(
        [
            f'{front}login failed user="Lee@example.org" ip=192.0.2.1'.encode(),
            f'{front}login ok user="{HOSTILE}" ip=192.0.2.2'.encode(),
            f"{front}something else".encode(),
            f'{front}login failed user="{"x" * MAX_TEXT}" ip=192.0.2.1'.encode(),
            f'{front}login failed user="x" ip=999'.encode(),
        ],
        _mapping(regex=REGEX, program="mailgw", protocol="imap"),
        name,
    )
    first, second, *others = reads
    assert first == LoginEvent(
        seen_at=datetime(2026, 9, 8, 7, 46, 30, tzinfo=UTC), service="gateway", protocol="imap",
        account="lee@example.org", ip="192.0.2.1", outcome=Outcome.FAILURE,
    )  # fmt: skip
    assert isinstance(second, LoginEvent)
    assert (second.ip, second.outcome) == ("192.0.2.2", Outcome.SUCCESS)
    assert [type(read) for read in others] == [SkippedLine, BadLine, BadLine]


@pytest.mark.parametrize("name", ["gateway", AUTO])
def test_an_expression_with_a_time_reads_whole_lines(name: str) -> None:
    mapping = _mapping(
        regex=rf"(?P<time>[0-9/]+ [0-9:]+) (?P<protocol>[A-Z]+) {REGEX}", time_format="%d/%m/%Y %H:%M:%S"
    )
    (read,) = _read([b'08/09/2026 07:46:30 POP login failed user="a" ip=2001:db8::1\r\n'], mapping, name)
    assert isinstance(read, LoginEvent)
    assert (read.seen_at.isoformat(), read.ip, read.protocol) == (
        "2026-09-08T07:46:30+00:00",
        "2001:db8::1",
        "pop",
    )


def test_csv_is_read_by_the_names_of_its_header_or_by_numbers() -> None:
    rows = [
        "when,who,from,result",
        '2026-09-08T07:46:30Z,"Lee, A.",192.0.2.1:4711,FAILED',
        "2026-09-08T07:46:31Z,b,192.0.2.2,?",
    ]
    named = _mapping(csv={"time": "when", "account": "who", "ip": "from", "outcome": "result"})
    numbered = _mapping(csv={"time": 0, "account": 1, "ip": 2, "outcome": 3})
    for mapping, lines in ((named, rows), (numbered, rows[1:])):
        reads = _read([line.encode() for line in lines], mapping)
        events = [read for read in reads if isinstance(read, LoginEvent)]
        assert [(event.account, event.ip, event.outcome) for event in events] == [
            ("lee, a.", "192.0.2.1", "failure")
        ]
    assert isinstance(_read([b"a,b,c,d"], named)[0], BadLine)
    assert isinstance(_read([b"a,b"], numbered)[0], BadLine)
    assert isinstance(_read([b'"half'], numbered)[0], BadLine)


def test_json_is_read_by_paths_and_a_whole_document_by_its_records() -> None:
    record = {"ts": 1788853590, "client": {"addrs": ["192.0.2.1"]}, "user": HOSTILE, "ok": False}
    mapping = _mapping(
        json={"time": "ts", "account": "user", "ip": "client.addrs.0", "outcome": "ok"},
        outcomes={"false": "failure", "true": "success"},
    )
    shapes = (json.dumps(record), json.dumps([record], indent=1), json.dumps({"value": [record]}))
    for text in shapes:
        for step in (1, 7, 10_000):
            data = text.encode()
            pieces = [data[start : start + step] for start in range(0, len(data), step)]
            (read,) = _read(split_lines(pieces), mapping)
            assert isinstance(read, LoginEvent)
            assert (read.ip, read.outcome, read.seen_at.year) == ("192.0.2.1", Outcome.FAILURE, 2026)
    assert isinstance(_read([b"{"], mapping)[0], BadLine)
    assert isinstance(_read([b"[" * 60_000], mapping)[0], BadLine)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "exactly one"),
        ({"regex": REGEX, "csv": {"time": 0, "ip": 1}}, "exactly one"),
        ({"regex": REGEX}, "the group time"),
        ({"regex": r"(?P<account>x)", "program": "x"}, "the group ip"),
        ({"regex": r"(?P<ip>x)(?P<password>y)", "program": "x"}, "none but"),
        ({"regex": r"(?P<ip>x)", "program": "x"}, "tells no outcome"),
        ({"csv": {"time": 0, "ip": 1}}, "tells no outcome"),
        ({"regex": "(?P<ip>", "program": "x"}, "no regular expression"),
        ({"name": "dovecot", "regex": REGEX, "program": "x"}, "taken"),
    ],
)
def test_a_format_that_cannot_work_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        formats_of([_mapping(**given)])


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+",
        "(?:a*b?)*c",
        "(a|b)*.*.*.*x",
        r"(.)\1",
        "(?=a)a",
        "(?:.*,){3,9}x",
        ".*a.*b.*c",
        "(" * 90 + ")" * 90,
    ],
)
def test_an_expression_that_could_stall_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        linear_pattern(text, "here")


@pytest.mark.parametrize(
    "text",
    [
        REGEX,
        r"[^ ]* [^ ]* (?P<a>.*) from (?P<ip>\S+)",
        "[0-9]{1,3}(?:[.][0-9]{3}){3}",
        ".*login.*",
        r"(a|b)* \w+=x .*",
    ],
)
def test_an_expression_that_is_allowed_does_not_stall(text: str) -> None:
    pattern = linear_pattern(text, "here")
    for hard in hostile(pattern, MAX_TEXT):
        with at_most(0.3):
            pattern.fullmatch(hard)
