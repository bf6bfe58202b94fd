"""The stream of decisions: everything at the start, then changes, over restarts and lost answers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import TestClock, world

from mailrisk.model.errors import Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.publish.crowdsec import Wanted
from mailrisk.service.bouncers import Bouncers
from mailrisk.service.context import Context
from mailrisk.service.decisions import Answer, unpacked
from mailrisk.service.record import record
from mailrisk.service.surfaces import Surfaces, SurfaceSettings
from mailrisk.service.withdraw import list_by_hand, withdraw

ONE, TWO, NET = "203.0.113.7", "203.0.113.8", "198.51.100.0/30"


def read(answer: Answer) -> tuple[dict[str, str], set[str]]:
    """({value: duration} that came, values that went) of an answer that was written whole."""
    answer.written()
    found: dict[str, Any] = json.loads(b"".join(unpacked(answer.pieces)))
    came = {item["value"]: item["duration"] for item in found["new"] or ()}
    return came, {item["value"] for item in found["deleted"] or ()}


def put(context: Context, indicator: str) -> None:
    list_by_hand(context, indicator, comment="a test", category="brute-force", analyst="a")


def take_back(context: Context, indicator: str) -> None:
    assert isinstance(context.clock, TestClock)
    context.clock.forward(seconds=1)
    withdraw(context, indicator, comment="a test", analyst="a")


def attack(
    context: Context, ip: str, *, first: timedelta = timedelta(0), source: str = "analyser:login"
) -> None:
    """Evidence of a brute-force attack, the first of ``first`` ago and the last of now."""
    now = context.clock()
    data = {
        "failures": 90,
        "accounts": 9,
        "window": "1 h",
        "window_zh": "1 小时",
        "first_seen": "",
        "successes": 0,
    }
    record(
        context,
        [
            Evidence(
                code="login-brute-force", subject=Subject(Kind.IP, ip), source=source, seen_at=at, data=data,
                ref=at.isoformat(),
            )
            for at in {now - first, now}
        ],
    )  # fmt: skip


def test_a_start_tells_everything_and_later_answers_what_changed(context: Context) -> None:
    put(context, ONE)
    stream = Surfaces(context).decisions.stream
    assert read(stream("b", Wanted(), startup=True)) == ({ONE: "168h0m0s"}, set())
    put(context, NET)
    take_back(context, ONE)
    assert read(stream("b", Wanted(), startup=False)) == ({NET: "167h59m59s"}, {ONE})


def test_an_answer_is_repeated_once_and_then_no_more(context: Context) -> None:
    stream = Surfaces(context).decisions.stream
    read(stream("b", Wanted(), startup=True))
    put(context, ONE)
    for expected in ({ONE}, {ONE}, set(), set()):
        assert set(read(stream("b", Wanted(), startup=False))[0]) == expected


def test_an_answer_that_was_not_written_whole_is_given_again(context: Context) -> None:
    stream = Surfaces(context).decisions.stream
    read(stream("b", Wanted(), startup=True))
    put(context, ONE)
    for _ in range(3):
        stream("b", Wanted(), startup=False)  # The bouncer vanishes.
    assert set(read(stream("b", Wanted(), startup=False))[0]) == {ONE}


def test_bouncers_do_not_take_changes_from_one_another(context: Context) -> None:
    stream = Surfaces(context).decisions.stream
    for bouncer in "bcd":
        read(stream(bouncer, Wanted(), startup=True))
    put(context, ONE)
    for bouncer in "bcd":
        assert set(read(stream(bouncer, Wanted(), startup=False))[0]) == {ONE}


def test_a_bouncer_that_nobody_knows_hears_everything(context: Context) -> None:
    put(context, ONE)
    assert set(read(Surfaces(context).decisions.stream("b", Wanted(), startup=False))[0]) == {ONE}


def test_starts_within_seconds_share_their_bytes(context: Context, clock: TestClock) -> None:
    put(context, ONE)
    stream = Surfaces(context).decisions.stream
    first, second = (stream(bouncer, Wanted(), startup=True) for bouncer in "bc")
    assert first.pieces is second.pieces
    clock.forward(seconds=11)
    assert stream("d", Wanted(), startup=True).pieces is not first.pieces


def test_what_went_while_we_were_down_is_told_after_the_start(tmp_path: Path) -> None:
    settings = SurfaceSettings(positions=tmp_path / "bouncers.json")
    with world(tmp_path) as context:
        for indicator in (ONE, TWO):
            put(context, indicator)
        read(Surfaces(context, settings).decisions.stream("b", Wanted(), startup=True))
        take_back(context, ONE)
        put(context, NET)
    with world(tmp_path) as context:
        came, gone = read(Surfaces(context, settings).decisions.stream("b", Wanted(), startup=False))
        assert (set(came), gone) == ({NET}, {ONE})


def test_a_damaged_file_of_positions_makes_bouncers_start_anew(tmp_path: Path) -> None:
    path = tmp_path / "bouncers.json"
    for raw in (b"", b"{", b'{"a": 1}', b"\xff" * 100):
        path.write_bytes(raw)
        assert len(Bouncers(path)) == 0
    path.unlink()
    path.mkdir()
    assert len(Bouncers(path)) == 0


@pytest.mark.parametrize(
    ("known", "duration"),
    [(timedelta(0), "1h0m0s"), (timedelta(hours=25), "24h0m0s"), (timedelta(days=8), "168h0m0s")],
)
def test_the_response_policy_says_for_how_long(context: Context, known: timedelta, duration: str) -> None:
    attack(context, ONE, first=known)
    came, _ = read(Surfaces(context).decisions.stream("b", Wanted(), startup=True))
    assert came == {ONE: duration}


def test_a_block_that_ran_out_is_told(context: Context, clock: TestClock) -> None:
    attack(context, ONE)
    stream = Surfaces(context).decisions.stream
    read(stream("b", Wanted(), startup=True))
    clock.forward(minutes=59)
    context.catch_up()
    assert read(stream("b", Wanted(), startup=False)) == ({}, set())
    clock.forward(minutes=2)
    context.catch_up()
    assert read(stream("b", Wanted(), startup=False)) == ({}, {ONE})


def test_what_feeds_alone_list_is_observed_unless_configured(context: Context) -> None:
    now = context.clock()
    record(
        context,
        [
            Evidence(
                code="feed-listed", subject=Subject(Kind.IP, ONE), source="feed:test", seen_at=now,
                data={"feed": "test", "since": "today"},
            )
        ],
    )  # fmt: skip
    assert read(Surfaces(context).decisions.stream("b", Wanted(), startup=True)) == ({}, set())
    settings = SurfaceSettings(block_feed_only=True)
    assert set(read(Surfaces(context, settings).decisions.stream("b", Wanted(), startup=True))[0]) == {ONE}


def test_a_network_that_ends_lets_its_addresses_go_but_those_listed_themselves(context: Context) -> None:
    stream, wanted = Surfaces(context).decisions.stream, Wanted(expand=16)
    put(context, NET)
    put(context, "198.51.100.2")
    read(stream("b", wanted, startup=True))
    take_back(context, NET)
    _, gone = read(stream("b", wanted, startup=False))
    assert gone == {f"198.51.100.{number}" for number in (0, 1, 3)}


def test_what_holds_for_an_address_is_asked_for(context: Context) -> None:
    put(context, NET)
    decisions = Surfaces(context).decisions
    assert [one["value"] for one in json.loads(decisions.about("198.51.100.3", Wanted()))] == [NET]
    assert decisions.about("192.0.2.1", Wanted()) == b"null"


def test_while_we_are_stale_nothing_is_told(context: Context, clock: TestClock) -> None:
    decisions = Surfaces(context).decisions
    clock.forward(hours=1)
    with pytest.raises(Unavailable):
        decisions.stream("b", Wanted(), startup=True)
    with pytest.raises(Unavailable):
        decisions.about(ONE, Wanted())


def test_an_attacker_who_comes_back_the_same_day_is_told_again(context: Context) -> None:
    assert isinstance(context.clock, TestClock)
    attack(context, ONE)
    stream = Surfaces(context).decisions.stream
    assert set(read(stream("b", Wanted(), startup=True))[0]) == {ONE}
    context.clock.forward(seconds=3_700)
    context.catch_up()
    assert read(stream("b", Wanted(), startup=False)) == ({}, {ONE})
    context.clock.forward(seconds=3_600)
    attack(context, ONE)
    context.catch_up()
    assert read(stream("b", Wanted(), startup=False))[0] == {ONE: "1h0m0s"}
