"""Pulling sign-ins: nothing twice, nothing lost, late ones too, through throttling and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.edge.graph import GraphServer, graph_server, sign_in
from tests.worlds import NOW, TestClock

from mailrisk.model.events import LoginEvent
from mailrisk.service.context import Context
from mailrisk.service.graph_pull import GraphPull, read_state
from mailrisk.service.watch import Taken, Watch


class Pulling:
    """A watch, a stand-in of Graph, and the pull between them."""

    def __init__(self, server: GraphServer, context: Context, clock: TestClock, folder: Path) -> None:
        self.server, self.context, self.clock, self.folder = server, context, clock, folder
        self.slept: list[float] = []
        self.restart()

    def restart(self) -> None:
        """As a new process would begin, after a ``kill -9``."""
        self.watch = Watch(self.context, self.folder)
        self.accepted = 0
        self.pull = GraphPull(
            self.server.source(), self._take, self.clock, self.folder, tenant="example.org", sleep=self._sleep
        )  # fmt: skip

    async def _take(self, events: Sequence[LoginEvent]) -> Taken:
        taken = await self.watch.take(events)
        self.accepted += taken.accepted
        return taken

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def run(context: Context, clock: TestClock, folder: Path, test: Callable[[Pulling], Awaitable[None]]) -> None:
    async def within() -> None:
        async with graph_server() as server:
            await test(Pulling(server, context, clock, folder / "events"))

    asyncio.run(within())


def test_sign_ins_are_taken_once_however_often_they_are_given(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        one.server.records = [sign_in(n, NOW - timedelta(minutes=5 * n)) for n in range(1, 8)]
        assert await one.pull.pull() and one.accepted == 7
        assert await one.pull.pull() and one.accepted == 7
        one.restart()
        assert await one.pull.pull() and one.accepted == 0
        state = read_state(one.folder)
        assert state is not None and state.until == state.at == NOW and not state.error
        assert state.events == 7

    run(context, clock, tmp_path, test)


def test_a_sign_in_that_appears_late_is_taken_by_the_overlap(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        await one.pull.pull()
        clock.forward(minutes=10)
        one.server.records = [sign_in(1, NOW - timedelta(minutes=15))]
        await one.pull.pull()
        assert one.accepted == 1

    run(context, clock, tmp_path, test)


def test_after_a_long_time_away_what_was_missed_is_caught_up_with_in_windows(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        await one.pull.pull()
        one.server.records = [sign_in(n, NOW + timedelta(hours=n)) for n in range(48)]
        clock.forward(days=2)
        one.restart()
        await one.pull.pull()
        assert one.accepted == 48

    run(context, clock, tmp_path, test)


def test_events_of_a_window_are_taken_in_the_order_of_their_time(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        one.server.records = [sign_in(n, NOW - timedelta(minutes=n)) for n in range(1, 6)]
        seen: list[datetime] = []

        async def take(events: Sequence[LoginEvent]) -> Taken:
            seen.extend(event.seen_at for event in events)
            return Taken(accepted=len(events), repeated=0)

        pull = GraphPull(
            one.server.source(), take, clock, one.folder, tenant="example.org", first=timedelta(minutes=30),
            overlap=timedelta(0), sleep=one._sleep,
        )  # fmt: skip
        await pull.pull()
        assert len(seen) == 5 and seen == sorted(seen)

    run(context, clock, tmp_path, test)


def test_throttling_is_waited_for_as_long_as_it_says(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        one.server.records = [sign_in(1, NOW - timedelta(minutes=5))]
        one.server.busy = [(429, "17"), (503, "")]
        assert await one.pull.pull() and one.accepted == 1
        assert one.slept[:2] == [17.0, 10.0]

    run(context, clock, tmp_path, test)


def test_a_failed_pull_goes_on_where_it_ended(context: Context, clock: TestClock, tmp_path: Path) -> None:
    async def test(one: Pulling) -> None:
        one.server.records = [sign_in(1, NOW - timedelta(hours=20)), sign_in(2, NOW - timedelta(minutes=5))]
        one.server.body = b"<html>"
        assert not await one.pull.pull() and not await one.pull.pull()
        state = read_state(one.folder)
        assert state is not None and state.failures == 2 and "no page" in state.error
        one.server.body = None
        assert await one.pull.pull() and one.accepted == 2
        assert one.pull.state.failures == 0 and not one.pull.state.error

    run(context, clock, tmp_path, test)


def test_a_window_with_too_many_is_halved(
    context: Context, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailrisk.service.graph_pull.MAX_PAGES", 2)

    async def test(one: Pulling) -> None:
        one.server.records = [sign_in(n, NOW - timedelta(seconds=30 * n)) for n in range(1, 41)]
        one.server.page = 10
        assert await one.pull.pull() and one.accepted == 40

    run(context, clock, tmp_path, test)


def test_records_that_cannot_be_read_are_counted_and_the_rest_is_taken(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        good, bad = sign_in(1, NOW - timedelta(minutes=5)), sign_in(2, NOW - timedelta(minutes=5))
        bad["status"] = "none"
        step = sign_in(3, NOW - timedelta(minutes=5), code=50074)
        one.server.records = [good, bad, step]
        assert await one.pull.pull()
        assert (one.accepted, one.pull.state.bad) == (1, 1)

    run(context, clock, tmp_path, test)


def test_a_state_of_another_tenant_is_not_gone_on_with(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    async def test(one: Pulling) -> None:
        await one.pull.pull()
        other = GraphPull(one.server.source(), one._take, clock, one.folder, tenant="other.example")
        assert other.state.until == NOW - timedelta(hours=24)

    run(context, clock, tmp_path, test)
