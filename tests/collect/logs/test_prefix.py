"""The front of a line: years, zones, clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.logs.prefix import PrefixReader
from mailrisk.model.errors import BadInput

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _at(line: str, *, zone: str = "UTC", year: int | None = None, now: datetime = NOW) -> str:
    return PrefixReader(ZoneInfo(zone), year, now).read(line).seen_at.isoformat()


def test_a_time_without_year_is_the_latest_that_is_not_in_the_future() -> None:
    assert _at("Mar 10 11:00:00 mx1 dovecot: x") == "2026-03-10T11:00:00+00:00"
    assert _at("Mar 12 11:00:00 mx1 dovecot: x") == "2025-03-12T11:00:00+00:00"
    assert _at("Dec 31 23:59:59 mx1 dovecot: x") == "2025-12-31T23:59:59+00:00"


def test_a_clock_that_is_some_hours_ahead_does_not_lose_a_year() -> None:
    assert _at("Mar 11 06:00:00 mx1 dovecot: x") == "2026-03-11T06:00:00+00:00"


def test_29_february_without_year_is_in_the_latest_leap_year() -> None:
    assert _at("Feb 29 11:00:00 mx1 dovecot: x") == "2024-02-29T11:00:00+00:00"


def test_times_without_zone_are_in_the_given_one_summer_time_included() -> None:
    assert (
        _at("Jul  1 12:00:00 mx1 dovecot: x", zone="Europe/Berlin", year=2025) == "2025-07-01T10:00:00+00:00"
    )
    assert (
        _at("Jan  1 12:00:00 mx1 dovecot: x", zone="Europe/Berlin", year=2025) == "2025-01-01T11:00:00+00:00"
    )
    assert _at("2025-07-01 12:00:00 imap-login: Info: x", zone="Asia/Shanghai") == "2025-07-01T04:00:00+00:00"


def test_a_zone_in_the_line_wins() -> None:
    assert (
        _at("2025-07-01T12:00:00+08:00 mx1 dovecot: x", zone="Europe/Berlin") == "2025-07-01T04:00:00+00:00"
    )


def test_a_given_year_grows_over_new_year_and_returns_for_late_lines() -> None:
    reader = PrefixReader(UTC, 2023, NOW)
    years = [
        reader.read(f"{day} 11:00:00 mx1 dovecot: x").seen_at.year
        for day in ("Dec 30", "Dec 31", "Jan  1", "Dec 31", "Jan  1", "Jun  1", "Dec 31", "Jan  1")
    ]
    assert years == [2023, 2023, 2024, 2023, 2024, 2024, 2024, 2025]


def test_a_leap_second_is_a_time() -> None:
    assert _at("Dec 31 23:59:60 mx1 dovecot: x", year=2016) == "2016-12-31T23:59:59+00:00"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Abc 10 11:00:00 mx1 dovecot: x", "does not exist"),
        ("Mar 32 11:00:00 mx1 dovecot: x", "does not exist"),
        ("Mar 10 25:00:00 mx1 dovecot: x", "does not exist"),
        ("2026-13-10T11:00:00Z mx1 dovecot: x", "does not exist"),
        ("2027-01-01T11:00:00Z mx1 dovecot: x", "future"),
        ("1999-12-31T11:00:00Z mx1 dovecot: x", "before 2000"),
        ('{"__REALTIME_TIMESTAMP":"1","MESSAGE":"x"}', "before 2000"),
        ('{"__REALTIME_TIMESTAMP":"1773140000000000","MESSAGE":[999]}', "JSON"),
        ("{}", "JSON"),
        ("{" * 50_000, "JSON"),
        ("", "no time"),
        ("<22>", "no time"),
        ("Mar 10 11:00:00", "no time"),
    ],
)
def test_a_front_that_makes_no_sense_is_refused_with_the_reason(line: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        _at(line)


@given(
    st.text(max_size=80),
    st.sampled_from(["", "<22>", "<22>1 ", "Mar 10 11:00:00 ", "{", "2026-01-01T00:00:00Z "]),
)
def test_any_text_is_read_or_refused(text: str, front: str) -> None:
    try:
        PrefixReader(UTC, None, NOW).read(front + text)
    except BadInput as error:
        assert error.reason


def test_a_journal_entry_nested_without_end_is_no_entry() -> None:
    with pytest.raises(BadInput):
        _at('{"x":' + "[" * 30_000)
