"""Times as the stores write them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from mailrisk.store.microseconds import from_us, json_time, to_us

TIMES = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59), timezones=st.just(UTC))


@given(TIMES)
@example(datetime(1970, 1, 1, tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(2026, 1, 5, 8, 0, 0, 120_000, tzinfo=UTC))
def test_a_time_in_json_is_what_the_encoder_writes(when: datetime) -> None:
    assert from_us(to_us(when)) == when
    assert json_time(to_us(when)) == msgspec.json.encode(when)
