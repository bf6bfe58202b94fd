"""How the stores write times: whole microseconds since 1970 UTC, and what answers make of that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


MAX_TIMES: Final = 256
"""Times whose number is remembered: what is listed together has the same three or four, thousands of times over."""


@lru_cache(MAX_TIMES)
def to_us(when: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError for a time without zone: it would be ambiguous."""
    if when.tzinfo is None:
        raise ValueError("time without zone")
    return (when - EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """The time, in UTC."""
    # In half the time that ``timedelta(0, 0, value)`` takes, and a listing has three of them.
    return EPOCH + _MICROSECOND * value


_HOUR: Final = 3_600_000_000
_IN_HOUR: Final = tuple(b":%02d:%02d" % divmod(second, 60) for second in range(3_600))

MAX_HOURS: Final = 20_000
"""Hours whose text is remembered: more than two years."""


@lru_cache(MAX_HOURS)
def _hour(number: int) -> bytes:
    return from_us(number * _HOUR).strftime('"%Y-%m-%dT%H').encode()


def json_time(value: int) -> bytes:
    """``from_us(value)`` in JSON as msgspec encodes it (RFC 3339), in half the time: a hit shows three of them."""
    hour, rest = divmod(value, _HOUR)
    second, fraction = divmod(rest, 1_000_000)
    if fraction:
        return b'%b%b.%06dZ"' % (_hour(hour), _IN_HOUR[second], fraction)
    return _hour(hour) + _IN_HOUR[second] + b'Z"'
