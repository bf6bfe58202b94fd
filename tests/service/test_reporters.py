"""What one API key can bring about with invented events: named as its word, and only so much a day."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.worlds import TestClock, world

from mailrisk.model.errors import Exhausted
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level
from mailrisk.service.answers import IpAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.context import Context
from mailrisk.service.watch import Watch

KEY = "abcdefghijkl"


def attack(
    context: Context, last: int, reporter: str = KEY, first: int = 0, count: int = 30
) -> list[LoginEvent]:
    """Failures on so many accounts from one address."""
    return [
        LoginEvent(
            seen_at=context.clock(), service="api", protocol="imap", account=f"user{number}@example.org",
            ip=f"198.51.100.{last}", outcome=Outcome.FAILURE, reporter=reporter, id=f"{last} {number}",
        )
        for number in range(first, first + count)
    ]  # fmt: skip


def said(context: Context, last: int) -> set[str]:
    """Who says something of an address."""
    found = context.ledger.evidence_of(Subject(Kind.IP, f"198.51.100.{last}"))
    return {item.evidence.source for item in found}


def level(context: Context, last: int) -> Level:
    [answer] = check_ips(context, [f"198.51.100.{last}"])
    assert isinstance(answer, IpAnswer)
    return answer.level


def take(watch: Watch, events: list[LoginEvent]) -> None:
    async def scene() -> None:
        await watch.take(events)
        await watch.settle()

    asyncio.run(scene())


def test_what_a_key_alone_says_of_an_address_names_the_key(context: Context, tmp_path: Path) -> None:
    watch = Watch(context, tmp_path / "events")
    take(watch, attack(context, 1))
    assert said(context, 1) == {f"key:{KEY}"} and level(context, 1) is Level.HIGH


def test_what_our_own_servers_saw_too_is_not_the_word_of_a_key(context: Context, tmp_path: Path) -> None:
    watch = Watch(context, tmp_path / "events", addresses_per_key=0)
    take(watch, attack(context, 1, reporter="", count=1))
    take(watch, attack(context, 1, first=1))
    assert said(context, 1) == {"analyser:login"} and level(context, 1) is Level.HIGH


def test_a_key_blames_so_many_addresses_a_day_and_then_is_refused_until_the_next(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        watch = Watch(context, tmp_path / "events", addresses_per_key=2)
        take(watch, [event for last in range(1, 5) for event in attack(context, last)])
        assert [level(context, last) is Level.HIGH for last in range(1, 5)] == [True, True, False, False]
        with pytest.raises(Exhausted, match="2 addresses today") as refused:
            watch.reporters.check(KEY)
        assert 0 < refused.value.after_s <= 86_400
        watch.reporters.check("another")
        take(watch, attack(context, 3, reporter="", count=60))  # Our own servers are believed all the same.
        assert level(context, 3) is Level.HIGH
        clock.forward(seconds=refused.value.after_s)
        watch.reporters.check(KEY)


def test_what_a_key_has_blamed_is_known_after_a_restart(context: Context, tmp_path: Path) -> None:
    watch = Watch(context, tmp_path / "events", addresses_per_key=1)
    take(watch, attack(context, 1))
    asyncio.run(watch.checkpoint())
    watch.close()
    for _ in range(2):  # From the checkpoint; the second time from the events behind it too.
        watch = Watch(context, tmp_path / "events", addresses_per_key=1)
        with pytest.raises(Exhausted):
            watch.reporters.check(KEY)
        take(watch, attack(context, 2))
        watch.close()
    assert level(context, 2) is not Level.HIGH


def test_nobody_uses_up_the_names_of_another_ones_events(context: Context, tmp_path: Path) -> None:
    watch = Watch(context, tmp_path / "events")
    take(watch, attack(context, 1))
    taken = asyncio.run(watch.take(attack(context, 1, reporter="another")))
    assert (taken.accepted, taken.repeated) == (30, 0)
    assert asyncio.run(watch.take(attack(context, 1))).repeated == 30
