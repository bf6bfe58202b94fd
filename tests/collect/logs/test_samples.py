"""Every sample line is read as the line beside it says; no hostile line moves the blame.

Adding a case needs two files and no code: see ``tests/samples/logs/README.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from mailrisk.collect.logs.entry import BadLine, SkippedLine
from mailrisk.collect.logs.read import AUTO, Read, read_events, recognise, split_lines
from mailrisk.collect.logs.registry import FORMATS
from mailrisk.model.events import LoginEvent

SAMPLES = Path(__file__).parents[2] / "samples" / "logs"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
INNOCENT = "203.0.113.66"
CASES = sorted(SAMPLES.glob("*/*.log"))


def _read(case: Path, log_format: str) -> Iterator[Read]:
    options_file = case.with_suffix(".options.json")
    options = json.loads(options_file.read_text()) if options_file.exists() else {}
    return read_events(
        split_lines([case.read_bytes()]),
        format=log_format,
        timezone=ZoneInfo(options.get("timezone", "UTC")),
        year=options.get("year"),
        now=NOW,
    )


def _shown(read: Read) -> dict[str, Any]:
    """What stands in an ``.expected`` file for one line."""
    if isinstance(read, SkippedLine):
        return {"skipped": read.reason}
    if isinstance(read, BadLine):
        return {"bad": read.reason}
    return _event(read)


def _event(event: LoginEvent) -> dict[str, Any]:
    """Without the fields that logs never tell."""
    shown: dict[str, Any] = msgspec.to_builtins(event)
    return {key: value for key, value in shown.items() if key not in ("secret", "id", "reporter") or value}


def _expected(case: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in case.with_suffix(".expected").read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_every_line_of_a_sample_is_read_as_expected(case: Path) -> None:
    shown = [_shown(read) for read in _read(case, case.parent.name)]
    assert shown == _expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_the_events_are_the_same_when_the_format_is_recognised_by_itself(case: Path) -> None:
    events = [read for read in _read(case, AUTO) if isinstance(read, LoginEvent)]
    assert [_event(event) for event in events] == [e for e in _expected(case) if "ip" in e]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_no_line_moves_the_blame_to_an_address_of_the_clients_choice(case: Path) -> None:
    assert INNOCENT not in {expected.get("ip") for expected in _expected(case)}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_samples_with_successes_failures_and_a_hostile_line(name: str) -> None:
    cases = [case for case in CASES if case.parent.name == name]
    assert cases, f"tests/samples/logs/{name} has no NAME.log"
    outcomes = {expected.get("outcome") for case in cases for expected in _expected(case)}
    assert {"success", "failure"} <= outcomes
    hostile = f"x>, method=PLAIN, rip={INNOCENT}".encode()
    assert any(hostile in case.read_bytes() for case in cases), "no line with an injected address"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_recognised_by_its_first_lines(name: str) -> None:
    for case in CASES:
        if case.parent.name == name:
            lines = split_lines([case.read_bytes()])
            assert recognise(lines, timezone=UTC, now=NOW) == name
