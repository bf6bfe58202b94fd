"""The failed-login sweep's plan: who is blocked, for how long, and who never is."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.decide.sweep import LONGEST, expired, is_local, plan
from mailrisk.model.block import Block, Deed, Judged

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OFFICE = [ipaddress.ip_network("198.51.100.0/24")]


def judged(
    ip: str = "203.0.113.9", response: str = "block", for_s: int | None = 3600, *, local: bool = True
) -> Judged:
    level = "high" if response == "block" else "medium"
    return Judged(
        ip=ip, level=level, score=95, response=response, for_s=for_s, known_for_s=0, local=local, why="why"
    )


def block(ip: str = "203.0.113.9", until: timedelta = timedelta(hours=1)) -> Block:
    return Block(ip=ip, since=NOW - timedelta(hours=1), until=NOW + until, level="high")


def test_what_the_server_would_block_is_blocked_as_long_as_it_says() -> None:
    (step,) = plan([judged(for_s=86400)], {}, [], NOW)
    assert step.deed is Deed.BLOCK and step.block is not None
    assert step.block.until == NOW + timedelta(days=1) and step.why == "why"


def test_a_lasting_block_is_looked_at_once_a_year() -> None:
    (step,) = plan([judged(for_s=None)], {}, [], NOW)
    assert step.block is not None and step.block.until == NOW + LONGEST


def test_other_responses_block_nobody() -> None:
    for response in ("none", "watch", "delay", "challenge"):
        assert plan([judged(response=response)], {}, [], NOW) == []


def test_what_only_feeds_know_is_observed_unless_the_administrator_wants_it_blocked() -> None:
    (step,) = plan([judged(local=False)], {}, [], NOW)
    assert step.deed is Deed.OBSERVE
    (step,) = plan([judged(local=False)], {}, [], NOW, block_feeds=True)
    assert step.deed is Deed.BLOCK


def test_an_allowed_address_is_spared_and_one_that_becomes_allowed_passes_again() -> None:
    (step,) = plan([judged("198.51.100.7")], {}, OFFICE, NOW)
    assert step.deed is Deed.SPARE
    (step,) = plan([judged("198.51.100.7")], {"198.51.100.7": block("198.51.100.7")}, OFFICE, NOW)
    assert step.deed is Deed.UNBLOCK


def test_a_block_is_not_made_longer_and_ends_when_the_server_takes_its_word_back() -> None:
    blocks = {"203.0.113.9": block()}
    assert plan([judged()], blocks, [], NOW) == []
    (step,) = plan([judged(response="none")], blocks, [], NOW)
    assert step.deed is Deed.UNBLOCK


def test_an_address_that_the_server_says_nothing_about_stays_as_it_is_until_its_time_is_over() -> None:
    blocks = {"203.0.113.9": block(), "203.0.113.10": block("203.0.113.10", timedelta(0))}
    assert plan([], blocks, [], NOW) == []
    assert [step.ip for step in expired(blocks, NOW)] == ["203.0.113.10"]


def test_only_weight_from_our_side_makes_an_address_local() -> None:
    assert not is_local([("feed:x", 5.0), ("partner:y", 2.0), ("index", 0.0)])
    assert is_local([("feed:x", 5.0), ("key:abc", 0.5)])


@given(st.ip_addresses(v=4), st.sampled_from(["block", "none"]), st.booleans(), st.booleans())
def test_nothing_ever_blocks_an_allowed_address(
    address: ipaddress.IPv4Address, response: str, local: bool, feeds: bool
) -> None:
    allowed = [ipaddress.ip_network(f"{address}/20", strict=False)]
    steps = plan([judged(str(address), response, local=local)], {}, allowed, NOW, block_feeds=feeds)
    assert all(step.deed is not Deed.BLOCK for step in steps)
