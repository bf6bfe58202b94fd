"""The loop of sign-ins: it goes on after failures, less and less often, and is there where a tenant is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.edge.graph import SECRET, graph_server, sign_in
from tests.worlds import NOW, TestClock, world

from mailrisk.config.intake import Graph
from mailrisk.listen.graph_loop import LONGEST_S, graph_loop
from mailrisk.model.errors import ConfigError
from mailrisk.service.context import Context
from mailrisk.service.graph_pull import GraphPull
from mailrisk.service.watch import Watch
from mailrisk.wiring.graph import graph_source


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with world(tmp_path, TestClock()) as opened:
        yield opened


def test_after_failures_it_asks_less_often_and_recovers(context: Context, tmp_path: Path) -> None:
    slept: list[float] = []

    async def run() -> None:
        async with graph_server() as server:
            server.records, server.body = [sign_in(1, NOW - timedelta(minutes=5))], b"<html>"
            watch = Watch(context, tmp_path / "events")
            source = server.source()
            pull = GraphPull(
                source, watch.take, context.clock, tmp_path / "events", tenant="t", first=timedelta(hours=1)
            )

            async def sleep(seconds: float) -> None:
                slept.append(seconds)
                if len(slept) == 6:
                    server.body = None
                if len(slept) == 7:
                    raise asyncio.CancelledError

            with pytest.raises(asyncio.CancelledError):
                await graph_loop(pull, 60.0, sleep)
            assert pull.state.events == 1
            watch.close()

    asyncio.run(run())
    assert slept[:4] == [120.0, 240.0, 480.0, LONGEST_S] and slept[6] == 60.0


def test_without_a_tenant_there_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILRISK_GRAPH_SECRET", raising=False)
    assert graph_source(Graph()) is None
    with pytest.raises(ConfigError, match="MAILRISK_GRAPH_SECRET"):
        graph_source(Graph(tenant="example.org", client_id="app"))
    monkeypatch.setenv("MAILRISK_GRAPH_SECRET", SECRET)
    source = graph_source(Graph(tenant="example.org", client_id="app"))
    assert source is not None and source.access.secret == SECRET
