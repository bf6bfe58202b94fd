"""The packed table of addresses, and what goes into it: nothing is lost, and a flood pushes out its own kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailrisk.analyse.login.light import LARGEST, LightTable, packed_key
from mailrisk.analyse.login.sources import Source, Sources, pack, unpack
from mailrisk.analyse.login.tally import Tally

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "remove"]), st.integers(1, 40), st.binary(max_size=LARGEST)),
    max_size=200,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_the_table_says_what_a_dictionary_says(steps: list[tuple[str, int, bytes]]) -> None:
    table, expected = LightTable(1000, b"seed"), dict[int, bytes]()
    for what, number, payload in steps:
        if what == "put":
            table.put(number, payload)
            expected[number] = payload
        else:
            table.remove(number)
            expected.pop(number, None)
    again = LightTable(1000)
    again.restore(iter([bytes(part) for part in table.parts()]))
    for one in (table, again):
        assert {number: one.get(number) for number in range(1, 41)} == {
            number: expected.get(number) for number in range(1, 41)
        }
        assert len(one) == len(expected) and set(one.numbers()) == set(expected)


def test_a_full_table_forgets_what_was_not_used_and_stays_as_large_as_it_is() -> None:
    table = LightTable(100, b"seed")
    for number in range(1, 5001):
        table.put(number, b"x" * 20)
        table.put(7, b"busy")
    assert len(table) == 100 and table.get(7) == b"busy"
    assert table.get(5000) == b"x" * 20 and table.get(8) is None


def test_a_flood_of_one_kind_leaves_the_other_kinds_alone() -> None:
    table = LightTable(1000, b"seed")
    for number in range(1, 301):
        table.put(number, b"an office with many accounts " * 8)
    for number in range(1000, 6000):
        table.put(number, b"one failure")
    assert all(table.get(number) for number in range(1, 301))


def test_a_table_with_an_index_goes_on_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailrisk.analyse.login.light.PLACED_ANEW", 10)
    table = LightTable(50_000, b"seed")
    for number in range(1, 20_001):
        table.put(number, number.to_bytes(4, "big"))
    for number in range(1, 20_001, 3):
        table.remove(number)
    for most in (50_000, 500_000):
        again = LightTable(most)
        again.restore(iter([bytes(part) for part in table.parts()]))
        assert len(again) == len(table) == 13_333
        assert again.get(2) == b"\0\0\0\2" and again.get(1) is None
        again.put(1, b"new")
        assert again.get(1) == b"new" and again.get(20_000) == table.get(20_000)


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_state_that_is_cut_off_is_refused(cut: int) -> None:
    table = LightTable(1000)
    table.put(1, b"x")
    parts = [bytes(part) for part in table.parts()][:cut]
    again = LightTable(1000)
    if cut < 3:
        with pytest.raises(msgspec.MsgspecError):
            again.restore(iter(parts))


TIMES = st.integers(-10, 10).map(lambda days: START + timedelta(days=days, microseconds=days))
TALLIES = st.none() | st.builds(
    Tally,
    start=TIMES,
    last_at=TIMES,
    failures=st.integers(0, 10),
    unnamed=st.integers(0, 3),
    tries=st.dictionaries(st.text(max_size=9), st.integers(1, 5), max_size=3),
    unknown=st.sets(st.text(max_size=5), max_size=2),
    further=st.none() | st.binary(max_size=4).map(bytearray),
    said=st.dictionaries(st.text(max_size=5), st.floats(0, 2), max_size=1),
)
SOURCES = st.builds(
    Source,
    at_home=st.dictionaries(st.text(max_size=9), st.none(), max_size=3),
    tallies=st.lists(TALLIES, min_size=4, max_size=4),
    first_failure_at=st.none() | TIMES,
    failures=st.integers(0, 20),
    last_ip=st.sampled_from(["", "192.0.2.1", "2001:db8::5"]),
    hits=st.integers(0, 2),
    reported=st.booleans(),
    honest_value=st.sampled_from([0.0, 0.75]),
    secrets=st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=4), max_size=2), max_size=2),
)


@given(source=SOURCES, key=st.sampled_from(["192.0.2.1", "2001:db8::/64"]))
def test_a_packed_address_is_the_same_address(source: Source, key: str) -> None:
    assert unpack(key, pack(key, source)) == source


def test_tallies_that_were_equal_are_counted_apart_after_unpacking() -> None:
    source = Source(tallies=[Tally(START, START, 1), Tally(START, START, 1)])
    again = unpack("192.0.2.1", pack("192.0.2.1", source))
    assert again.tallies[0] is not None and again.tallies[1] is not None
    again.tallies[0].add("a", 1, START, unknown=False)
    assert again.tallies[1].failures == 1


def test_addresses_have_numbers_of_their_own() -> None:
    keys = ["0.0.0.0", "192.0.2.1", "255.255.255.255", "2001:db8::/64", "2001:db8:0:1::/64", "fe80::/64"]
    assert len({packed_key(key) for key in keys}) == len(keys)
    assert packed_key("ffff:ffff:c000:201::/64") == 0, "it must not stand for 192.0.2.1"


def test_what_is_changed_after_touch_is_kept_however_many_come_between() -> None:
    sources = Sources(1, max_light=5000)
    for number in range(3000):
        sources.touch(f"10.0.{number // 250}.{number % 250}").at_home[f"user{number}"] = None
    found = sources.peek("10.0.0.3")
    assert found is not None and list(found.at_home) == ["user3"]
    assert len(sources) == 3000


def test_what_was_said_of_an_address_takes_it_out_of_the_packed_table() -> None:
    sources = Sources(1, max_light=100, max_heavy=100)
    sources.touch("192.0.2.1").failures = 1
    assert list(sources.all()) == []
    found = sources.get("192.0.2.1")
    assert found is not None
    found.reported = True
    assert [key for key, _ in sources.all()] == ["192.0.2.1"] and len(sources) == 1
