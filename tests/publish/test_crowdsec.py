"""Decisions: what comes into force and what ends, by change or by time, told once to whoever follows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.publish.tables import SECOND, change, filled, listing

from mailrisk.model.change import ChangeKind
from mailrisk.model.subject import Kind
from mailrisk.publish.crowdsec import Position, Wanted, Writer, address_in_force, duration, in_force, since
from mailrisk.publish.listing_table import ListingTable

ONE, TWO = listing(Kind.IP, "192.0.2.1"), listing(Kind.IP, "192.0.2.2")
NET = listing(Kind.NETWORK, "198.51.100.0/30")


def told(table: ListingTable, position: Position, now: int = SECOND) -> tuple[set[str], set[str]]:
    delta = since(table, position, now)
    return {table.text(one) for one in delta.new}, {table.text(one) for one in delta.gone}


ALL = Wanted()


def written(table: ListingTable, wanted: Wanted = ALL) -> list[dict[str, Any]]:
    raw = b"".join(Writer(table.snapshot(), wanted, SECOND).pieces())
    return list(json.loads(b"[" + raw + b"]"))


def test_a_delta_tells_what_changed_and_nothing_else() -> None:
    table = filled(ONE, TWO)
    heard = Position("e", 100, SECOND)
    assert told(table, heard) == (set(), set())
    table.apply(change(101, ChangeKind.WITHDRAWN, ONE))
    table.apply(change(102, ChangeKind.LISTED, NET))
    assert told(table, heard) == ({"198.51.100.0/30"}, {"192.0.2.1"})
    assert told(table, Position("e", 102, SECOND)) == (set(), set())


def test_a_response_that_ran_out_is_told_once() -> None:
    table = filled(ONE)
    assert told(table, Position("e", 100, SECOND + 3_590), SECOND + 3_600) == (set(), {"192.0.2.1"})
    assert told(table, Position("e", 100, SECOND + 3_610), SECOND + 3_620) == (set(), set())


def test_what_ran_out_and_goes_afterwards_is_not_told_again() -> None:
    table = filled(ONE)
    table.apply(change(101, ChangeKind.EXPIRED, ONE))
    assert told(table, Position("e", 100, SECOND + 4_000), SECOND + 4_010) == (set(), set())


def test_names_are_no_decisions() -> None:
    table = filled(listing(Kind.HOST, "evil.example"))
    assert not in_force(table, table.rows, SECOND).any()


def test_a_network_is_expanded_for_those_who_need_it_and_left_out_when_it_is_too_large() -> None:
    table = filled(NET, listing(Kind.NETWORK, "203.0.113.0/24"))
    writer = Writer(table.snapshot(), Wanted(expand=16), SECOND)
    items = json.loads(b"[" + b"".join(writer.pieces()) + b"]")
    assert [item["value"] for item in items] == [f"198.51.100.{number}" for number in range(4)]
    assert {item["scope"] for item in items} == {"Ip"}
    assert writer.left_out == 1


def test_an_address_stays_as_long_as_its_own_listing_or_a_network_keeps_it() -> None:
    inside = listing(Kind.IP, "198.51.100.2")
    table = filled(NET, inside)
    assert address_in_force(table, "198.51.100.2", SECOND, 16)
    table.apply(change(101, ChangeKind.EXPIRED, NET))
    assert address_in_force(table, "198.51.100.2", SECOND, 16)
    assert not address_in_force(table, "198.51.100.3", SECOND, 16)
    table.apply(change(102, ChangeKind.EXPIRED, inside))
    assert not address_in_force(table, "198.51.100.2", SECOND, 16)


def test_a_decision_has_the_fields_that_bouncers_need() -> None:
    assert written(filled(ONE)) == [
        {
            "duration": "1h0m0s", "id": 1, "origin": "mailrisk", "scenario": "mailrisk/brute-force", "scope": "Ip",
            "type": "ban", "value": "192.0.2.1",
        }
    ]  # fmt: skip


def test_scopes_types_and_scenarios_choose() -> None:
    table = filled(ONE, NET)
    assert [one["scope"] for one in written(table, Wanted(scopes=("range",)))] == ["Range"]
    assert written(table, Wanted(types=("captcha",))) == []
    assert written(table, Wanted(scenarios=(-1,))) == []


def test_durations_are_as_go_writes_them() -> None:
    assert [duration(one) for one in (0, 59, 60, 14_398)] == ["0s", "59s", "1m0s", "3h59m58s"]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(ChangeKind)[:5])), max_size=40), st.data())
def test_whoever_follows_ends_with_what_is_in_force(steps: list[tuple[int, ChangeKind]], data: Any) -> None:
    table, have = filled(), set[str]()
    heard = Position("e", 100, SECOND)
    for seq, (number, kind) in enumerate(steps, start=101):
        table.apply(change(seq, kind, listing(Kind.IP, f"192.0.2.{number}")))
        if data.draw(st.booleans()):
            new, gone = told(table, heard)
            have, heard = (have - gone) | new, Position("e", seq, SECOND)
    new, gone = told(table, heard)
    have = (have - gone) | new
    active = np.flatnonzero(in_force(table, table.rows, SECOND)).tolist()
    assert have == {table.text(one) for one in active}
