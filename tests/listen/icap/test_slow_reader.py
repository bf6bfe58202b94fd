"""A proxy that asks and never reads: its connection ends, so that it does not count for ever."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from mailrisk.listen.icap import server
from mailrisk.listen.icap.server import IcapServer


class Gate:
    """Knows nothing."""

    def position(self) -> tuple[str, int]:
        return "", 0


class Writer:
    """The other end never reads."""

    closed = False

    def write(self, _: bytes) -> None:
        pass

    async def drain(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None:
        self.closed = True


def test_who_never_reads_his_answers_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PART_S", 0.05)

    async def ask() -> bool:
        reader, writer = asyncio.StreamReader(), Writer()
        reader.feed_data(b"OPTIONS icap://gate.example/visits ICAP/1.0\r\nHost: x\r\n\r\n")
        gate: Any = Gate()
        served = IcapServer(gate, tenant=0, on_failure="block", max_connections=5)
        async with asyncio.timeout(10):
            await served.connected(reader, cast(asyncio.StreamWriter, writer))
        return writer.closed

    assert asyncio.run(ask())
