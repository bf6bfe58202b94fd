"""Neighbours of a name server that are up to no good: silent connections, forged datagrams, connections that are gone."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rcode
import pytest
from tests.listen.dns.places import RPZ, place, with_lists, with_policy_zone

SILENT = 220


async def many_silent(port: int, stack: ExitStack) -> None:
    """Connections of another address, each with half a length."""
    for _ in range(SILENT):
        one = stack.enter_context(socket.socket())
        one.bind(("127.0.0.2", 0))
        one.setblocking(False)
        await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
        one.send(b"\0")
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("zone", [False, True], ids=["lists", "policy zone"])
def test_silent_connections_of_one_address_keep_nobody_else_out(tmp_path: Path, *, zone: bool) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            with ExitStack() as stack:
                await many_silent(port, stack)
                name, rrtype = (RPZ, "SOA") if zone else ("2.0.0.127.ip.bl.example", "A")
                query = dns.message.make_query(name, rrtype)
                answer = await dns.asyncquery.tcp(query, "127.0.0.1", 3, port)
                assert answer.rcode() == dns.rcode.NOERROR and answer.answer

        counts = with_policy_zone(at, test).counts if zone else with_lists(at, test).counts
        assert counts["turned away"] > SILENT / 2


def test_forged_datagrams_do_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with place(tmp_path) as at, caplog.at_level(logging.WARNING):

        async def test(port: int) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                for _ in range(200):
                    one.sendto(dns.message.make_query("other.example", "ANY").to_wire(), ("127.0.0.1", port))
                    await asyncio.sleep(0)
            await asyncio.sleep(0.2)

        assert with_policy_zone(at, test).counts["refused"] > 100
    assert len([one for one in caplog.records if "is refused" in one.message]) <= 20


def test_connections_that_are_gone_before_they_are_looked_at_are_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            for _ in range(50):
                with socket.socket() as one:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.connect(("127.0.0.1", port))
            await asyncio.sleep(0.2)

        with_policy_zone(at, test)
        with_lists(at, test)
    assert "Unhandled" not in caplog.text
